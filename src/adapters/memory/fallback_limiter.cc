#include "adapters/memory/fallback_limiter.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <thread>

#include "base/executor.h"

namespace durward::adapters {
namespace {

using Steady = std::chrono::steady_clock;
using Outcome = Result<ports::Allowance>;

// The answer to one question: the fleet's or the clock's, whichever comes first.
class Answer {
 public:
  // False when it was settled before.
  bool settle(Outcome outcome) {
    std::function<void()> resume;
    {
      std::lock_guard lock(mutex_);
      if (outcome_) return false;
      outcome_ = std::move(outcome);
      resume.swap(resume_);
    }
    if (resume) resume();
    return true;
  }
  // Calls `resume` once it is settled, which may be now.
  void then(std::function<void()> resume) {
    {
      std::lock_guard lock(mutex_);
      if (!outcome_) {
        resume_.swap(resume);
        return;
      }
    }
    resume();
  }
  bool is_settled() const {
    std::lock_guard lock(mutex_);
    return outcome_.has_value();
  }
  const Outcome& outcome() const { return *outcome_; }  // once settled

 private:
  mutable std::mutex mutex_;
  std::optional<Outcome> outcome_;
  std::function<void()> resume_;
};

// Settles answers whose time is over. All wait equally long, so the first in line is the first due.
class Deadlines {
 public:
  Deadlines(Milliseconds wait, metrics::Counter& late)
      : wait_(wait), late_(late), thread_([this] { work(); }) {
    pthread_setname_np(thread_.native_handle(), "limits");
  }
  ~Deadlines() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  void add(std::shared_ptr<Answer> answer) {
    std::lock_guard lock(mutex_);
    line_.emplace_back(Steady::now() + wait_, std::move(answer));
    if (line_.size() == 1) changed_.notify_one();
  }

 private:
  using Line = std::deque<std::pair<Steady::time_point, std::shared_ptr<Answer>>>;

  void work() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      if (line_.empty())
        changed_.wait(lock);
      else if (line_.front().first > Steady::now())
        changed_.wait_until(lock, line_.front().first + Milliseconds(5));  // several at once
      Line due;
      for (const auto now = Steady::now(); !line_.empty() && (line_.front().first <= now || stopping_);
           line_.pop_front())
        due.push_back(std::move(line_.front()));
      lock.unlock();
      for (auto& [at, answer] : due)
        if (answer->settle(fail(ErrorKind::unavailable, "too_late"))) late_.add();
      lock.lock();
    }
  }

  const Milliseconds wait_;
  metrics::Counter& late_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Line line_;
  bool stopping_ = false;
  std::thread thread_;
};

constexpr std::string_view decisions = "durward_limit_decisions_total";
constexpr std::string_view decisions_help = "Limits that were waited for, by whose counters decided.";

}  // namespace

struct FallbackLimiter::State {
  SharedLimiter* const shared;
  MemoryLimiter local;
  metrics::Counter &by_fleet, &by_process, &late;

  State(SharedLimiter* s, metrics::Registry& m, const FallbackOptions& options)
      : shared(s),
        local(options.keys_max),
        by_fleet(m.counter(decisions, decisions_help, "by=\"fleet\"")),
        by_process(m.counter(decisions, decisions_help, "by=\"process\"")),
        late(m.counter("durward_limit_late_total", "Limits that the fleet did not answer in time.")),
        wait(options.deadline) {}

  static Detached ask(std::shared_ptr<State> self, std::shared_ptr<Answer> answer, std::string key,
                      ports::Rate rate, TimePoint now, int64_t units);
  static Detached ask_to_forget(std::shared_ptr<State> self, std::shared_ptr<Answer> answer, std::string key);
  static Detached tell(std::shared_ptr<State> self, std::string key, ports::Rate rate);

  Deadlines& deadlines() {
    std::call_once(started, [this] { line.emplace(wait, late); });
    return *line;
  }
  const Milliseconds wait;
  std::once_flag started;
  std::optional<Deadlines> line;  // last: its thread ends before the rest
};

Detached FallbackLimiter::State::ask(std::shared_ptr<State> self, std::shared_ptr<Answer> answer,
                                     std::string key, ports::Rate rate, TimePoint now, int64_t units) {
  const int64_t epoch = self->shared->epoch();
  const Untold untold = self->local.lend(key, epoch).value_or(Untold{});
  auto fleet = co_await self->shared->exchange(key, rate, now, units, untold);
  if (fleet)
    self->local.learn(key, fleet->full_at_us, to_unix_ms(now) * 1000, epoch);
  else
    self->local.take_back(key, untold);
  answer->settle(std::move(fleet));
}

Detached FallbackLimiter::State::ask_to_forget(std::shared_ptr<State> self, std::shared_ptr<Answer> answer,
                                               std::string key) {
  const auto forgotten = co_await self->shared->forget(std::move(key));
  answer->settle(forgotten ? Outcome(ports::Allowance{}) : std::unexpected(forgotten.error()));
}

// One teller a key: what is decided while it waits for an answer goes with its next question.
Detached FallbackLimiter::State::tell(std::shared_ptr<State> self, std::string key, ports::Rate rate) {
  int64_t epoch = self->shared->epoch();
  for (auto untold = self->local.begin_telling(key, epoch); untold;) {
    const TimePoint now = from_unix_ms(untold->now_us / 1000);
    const auto fleet = co_await self->shared->exchange(key, rate, now, 0, *untold);
    if (!fleet) {
      self->local.take_back(key, *untold);
      self->local.end_telling(key);
      co_return;
    }
    self->local.learn(key, fleet->full_at_us, untold->now_us, epoch);
    untold = self->local.go_on_telling(key, epoch = self->shared->epoch());
  }
}

FallbackLimiter::FallbackLimiter(SharedLimiter* shared, metrics::Registry& metrics, FallbackOptions options)
    : state_(std::make_shared<State>(shared, metrics, options)) {}
FallbackLimiter::~FallbackLimiter() { state_->line.reset(); }

Async<ports::Allowance> FallbackLimiter::take(std::string key, ports::Rate rate, TimePoint now,
                                              int64_t units) {
  if (!state_->shared) co_return state_->local.take_now(key, rate, now, units);
  auto answer = std::make_shared<Answer>();
  {
    Executor::Scope nowhere(nullptr);  // the answer arrives where it is read, not where it is waited for
    State::ask(state_, answer, key, rate, now, units);
  }
  if (!answer->is_settled()) {
    state_->deadlines().add(answer);
    co_await Suspend{[&answer](std::function<void()> resume) { answer->then(std::move(resume)); }};
  }
  const bool is_known = answer->outcome().has_value();
  (is_known ? state_->by_fleet : state_->by_process).add();
  co_return is_known ? *answer->outcome() : state_->local.take_now(key, rate, now, units);
}

Async<> FallbackLimiter::forget(std::string key) {
  state_->local.forget_now(key);
  if (!state_->shared) co_return Result<>();
  auto answer = std::make_shared<Answer>();
  {
    Executor::Scope nowhere(nullptr);
    State::ask_to_forget(state_, answer, key);
  }
  if (!answer->is_settled()) {
    state_->deadlines().add(answer);
    co_await Suspend{[&answer](std::function<void()> resume) { answer->then(std::move(resume)); }};
  }
  state_->local.forget_now(key);  // a question that was under way may have brought it back
  co_return Result<>();
}

ports::Allowance FallbackLimiter::take_now(const std::string& key, ports::Rate rate, TimePoint now,
                                           int64_t units) {
  const auto out = state_->local.take_now(key, rate, now, units);
  if (state_->shared && out.allowed && units > 0) {
    Executor::Scope nowhere(nullptr);
    State::tell(state_, key, rate);
  }
  return out;
}

size_t FallbackLimiter::size() const { return state_->local.size(); }

}  // namespace durward::adapters
