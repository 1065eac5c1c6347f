#include "adapters/hashing/lane_pool.h"

#include <pthread.h>

#include "adapters/hashing/stand_back.h"
#include "crypto/hash.h"

namespace durward::adapters {

using crypto::bcrypt::Lanes;

namespace {

constexpr uint64_t steps_of_a_measurement = 64;  // four milliseconds
constexpr double weight_of_the_past =
    0.97;  // at each measurement: what is older than a quarter of a second fades

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Milliseconds milliseconds(double seconds) { return Milliseconds(int64_t(seconds * 1e3)); }

// Expansions, all of which take the same time: with the salt, and twice 2^cost.
uint64_t work_of(const crypto::bcrypt::Setting& setting) { return (uint64_t(2) << setting.cost) + 1; }

std::string reason_label(Shed reason) { return "reason=\"" + std::string(name_of(reason)) + "\""; }

}  // namespace

struct LanePool::Job : FairQueue::Waiter {
  std::string password;
  crypto::bcrypt::Setting setting;
  std::function<void()> resume;
  Clock::time_point since;  // queued, then begun
  crypto::bcrypt::Digest digest{};
  std::optional<Shed> refused;
  int retry_after = 1;
};

// Of one thread: how long steps take while all its lanes are busy.
class LanePool::Meter {
 public:
  explicit Meter(LanePool& pool) : pool_(pool) {}
  void before_step(bool all_busy) {
    if (!all_busy) {
      steps_ = 0;
      return;
    }
    if (steps_ == steps_of_a_measurement) {
      pool_.measured(seconds_since(since_), steps_);
      steps_ = 0;
    }
    if (steps_++ == 0) since_ = Clock::now();
  }

 private:
  LanePool& pool_;
  uint64_t steps_ = 0;
  Clock::time_point since_;
};

LanePool::LanePool(LanePoolOptions options, metrics::Registry& registry)
    : options_(options),
      lanes_each_(
          std::min(crypto::bcrypt::best_engine().lanes, options.lanes_max ? options.lanes_max : SIZE_MAX)),
      waited_(registry.histogram("durward_hash_queue_seconds", "Time that a password waited to be hashed.")),
      seconds_(registry.histogram("durward_hash_seconds", "Time of one password hash, without waiting.")),
      lanes_busy_(registry.gauge("durward_hash_lanes_busy", "Password hashes under way.")),
      waiting_gauge_(registry.gauge("durward_hash_waiting", "Passwords that wait to be hashed.")),
      backlog_gauge_(
          registry.gauge("durward_hash_backlog_milliseconds", "Time until what waits now is hashed.")),
      queue_(options.queue_max) {
  for (const Shed reason : shed_reasons)
    shed_[size_t(reason)] = &registry.counter(
        "durward_hash_shed_total", "Passwords that were not hashed, by reason.", reason_label(reason));
  for (size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this, i] { work(i == 0); });
    pthread_setname_np(threads_.back().native_handle(), "hasher");
  }
}

LanePool::~LanePool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wanted_.notify_all();
  for (auto& thread : threads_) thread.join();
  while (auto* job = static_cast<Job*>(queue_.pop())) {  // only when there are no threads
    refuse(*job, Shed::queue_full);
    go_on(*job);
  }
}

Async<crypto::bcrypt::Digest> LanePool::run(std::string password, crypto::bcrypt::Setting setting,
                                            Turn turn) {
  const auto now = Clock::now();
  Job job{{turn.tenant, work_of(setting), now + turn.within}, std::move(password), setting, {}, now};
  co_await Suspend{[&](std::function<void()> resume) {
    job.resume = resume;
    if (!submit(job)) resume();
  }};
  crypto::wipe(job.password);
  if (job.refused)
    co_return std::unexpected(Error{ErrorKind::unavailable, "temporarily_unavailable",
                                    "The server is overloaded.",
                                    "hashing: " + std::string(name_of(*job.refused)), job.retry_after});
  co_return job.digest;
}

Milliseconds LanePool::expected_wait() const {
  std::lock_guard lock(mutex_);
  return milliseconds(adapters::expected_wait(load(), queue_.work()));
}

LaneLoad LanePool::load() const {
  return {.lanes = options_.threads * lanes_each_,
          .busy = running_,
          .work = work_running_,
          .pace = pace_steps_ > 0 ? pace_seconds_ / pace_steps_ : 0};
}

// What busy threads and an operator see of the queue.
void LanePool::tell() {
  waiting_.store(queue_.size(), std::memory_order_relaxed);
  waiting_gauge_.set(int64_t(queue_.size()));
  backlog_gauge_.set(milliseconds(load().seconds_for(queue_.work())).count());
}

void LanePool::refuse(Job& job, Shed reason) {
  const uint64_t before = reason == Shed::queue_full ? queue_.work() : queue_.work_before(job.tenant);
  job.refused = reason;
  job.retry_after = adapters::retry_after(adapters::expected_wait(load(), before));
  shed_[size_t(reason)]->add();
}

bool LanePool::submit(Job& job) {
  std::vector<Job*> expired;
  std::optional<Shed> reason;
  {
    std::lock_guard lock(mutex_);
    if (queue_.is_full()) drop_expired(expired);
    reason = refusal(queue_, job, load(), Clock::now());
    if (reason)
      refuse(job, *reason);
    else
      queue_.push(job);  // from the end of this block on it may be gone
    tell();
  }
  if (!reason) wanted_.notify_one();
  for (Job* late : expired) go_on(*late);
  return !reason;
}

void LanePool::drop_expired(std::vector<Job*>& expired) {
  const auto now = Clock::now();
  // Nobody is refused for time that only an idle pool could measure.
  const double pace = running_ > 0 ? load().pace : 0;
  while (auto* job = static_cast<Job*>(queue_.pop_expired(now, pace))) {
    refuse(*job, Shed::expired);
    expired.push_back(job);
  }
}

void LanePool::work(bool is_first) {
  StandingBack behind(options_.nice);
  if (is_first) measure_once();
  Lanes lanes;
  Meter meter(*this);
  for (uint64_t apart = 0;; apart -= apart > 0) {
    const bool idle = lanes.busy() == 0;
    const Taken taken = apart > 0 && !idle ? Taken() : take(lanes.busy());
    if (idle) behind.had_nothing_to_do();
    for (Job* job : taken.expired) go_on(*job);
    if (taken.is_end) return;
    if (taken.begun) {
      apart = steps_apart(taken.begun->work, waiting_.load(std::memory_order_relaxed) >= lanes_each_);
      begin(lanes, *taken.begun);
    }
    meter.before_step(lanes.busy() == lanes_each_);
    for (const auto& done : lanes.step()) end(done);
    behind.after_step();
  }
}

// So that the first flood meets a measured time. Two milliseconds.
void LanePool::measure_once() {
  constexpr crypto::bcrypt::Setting quick{.cost = 4};
  Lanes lanes;
  for (size_t i = 0; i < lanes_each_; ++i) lanes.start(i, "", quick);
  const auto start = Clock::now();
  uint64_t steps = 0;
  for (; lanes.busy() > 0; ++steps) lanes.step();
  measured(seconds_since(start), steps);
}

void LanePool::measured(double seconds, uint64_t steps) {
  std::lock_guard lock(mutex_);
  pace_seconds_ = pace_seconds_ * weight_of_the_past + seconds;
  pace_steps_ = pace_steps_ * weight_of_the_past + double(steps);
}

// Who has nothing to do waits. Who is busy asks between two steps, which must cost nothing.
LanePool::Taken LanePool::take(size_t busy) {
  Taken taken;
  if (busy == lanes_each_ || (busy > 0 && waiting_.load(std::memory_order_relaxed) == 0)) return taken;
  std::unique_lock lock(mutex_);
  if (busy == 0) wanted_.wait(lock, [this] { return stopping_ || queue_.size() > 0; });
  drop_expired(taken.expired);
  if (queue_.size() > 0 && busy < lanes_open(running_ + queue_.size(), options_.threads, lanes_each_))
    give(taken);
  taken.is_end = busy == 0 && stopping_ && !taken.begun && queue_.size() == 0;
  tell();
  return taken;
}

void LanePool::give(Taken& taken) {
  taken.begun = static_cast<Job*>(queue_.pop());
  ++running_;
  work_running_ += taken.begun->work;
}

void LanePool::begin(Lanes& lanes, Job& job) {
  waited_.observe(seconds_since(std::exchange(job.since, Clock::now())));
  lanes_busy_.add(1);
  lanes.start(reinterpret_cast<uintptr_t>(&job), job.password, job.setting);
}

void LanePool::end(const Lanes::Done& done) {
  Job& job = *reinterpret_cast<Job*>(uintptr_t(done.ticket));
  job.digest = done.digest;
  seconds_.observe(seconds_since(job.since));
  lanes_busy_.add(-1);
  {
    std::lock_guard lock(mutex_);
    --running_;
    work_running_ -= job.work;
  }
  go_on(job);
}

// The job is gone once its owner goes on.
void LanePool::go_on(Job& job) {
  const auto resume = std::move(job.resume);
  resume();
}

}  // namespace durward::adapters
