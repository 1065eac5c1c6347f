#include "adapters/events/rounds.h"

#include <pthread.h>

#include <bit>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/executor.h"
#include "base/log.h"

namespace durward::adapters {

struct Rounds::State {
  State(Options options_, Round round_) : options(std::move(options_)), round(std::move(round_)) {}

  void work() {
    while (!is_stopping()) {
      const auto more = run_one();
      failures = more ? 0 : failures + 1;
      if (!more) tell(more.error());
      if (!more || !*more) wait();
    }
    std::lock_guard lock(mutex);
    ended = true;
    ready.notify_all();
  }

  bool has_ended(Milliseconds within) {
    std::unique_lock lock(mutex);
    return ready.wait_for(lock, within, [this] { return ended; });
  }

  Result<bool> run_one() {
    try {
      return loop.run(round());
    } catch (const std::exception& e) {
      return fail(ErrorKind::internal, "exception", {}, e.what());
    }
  }

  // The first failure and then ever fewer: a broker that is away for an hour is no news each second.
  void tell(const Error& error) const {
    if (!std::has_single_bit(failures)) return;
    log::warning("a round of the worker failed", {{"worker", options.name},
                                                  {"times", int64_t(failures)},
                                                  {"error", error.code},
                                                  {"debug", error.debug}});
  }

  // After a failure a wake-up is no reason to try again at once.
  void wait() {
    std::unique_lock lock(mutex);
    const auto pause = std::min(options.pause * (int64_t(1) << std::min(failures, 10u)),
                                std::max(options.longest_pause, options.pause));
    ready.wait_for(lock, pause, [&] { return stopping || (woken && failures == 0); });
    woken = false;
  }

  bool is_stopping() {
    std::lock_guard lock(mutex);
    return stopping;
  }
  void wake() {
    std::lock_guard lock(mutex);
    woken = true;
    ready.notify_all();
  }

  const Options options;
  const Round round;
  Loop loop;
  std::mutex mutex;
  std::condition_variable ready;
  unsigned failures = 0;  // in a row
  bool woken = false, stopping = false, ended = false;
  std::thread thread;
};

Rounds::Rounds(Options options, Round round)
    : state_(std::make_shared<State>(std::move(options), std::move(round))) {}
Rounds::~Rounds() { stop(); }

void Rounds::start() {
  state_->thread = std::thread([state = state_.get()] { state->work(); });
  pthread_setname_np(state_->thread.native_handle(), state_->options.name.c_str());
}

void Rounds::stop(const std::function<void()>& hurry) {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->ready.notify_all();
  }
  if (!state_->thread.joinable()) return;
  while (!state_->has_ended(Milliseconds(5))) hurry();
  state_->thread.join();
}

bool Rounds::is_stopping() const { return state_->is_stopping(); }

std::function<void()> Rounds::waker() {
  return [weak = std::weak_ptr(state_)] {
    if (const auto state = weak.lock()) state->wake();
  };
}

}  // namespace durward::adapters
