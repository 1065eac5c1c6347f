#include "adapters/hashing/lane_pool.h"

#include <pthread.h>

#include "crypto/hash.h"

namespace durward::adapters {

namespace {
double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}
}  // namespace

LanePool::LanePool(size_t threads, size_t queue_max, metrics::Registry& registry)
    : queue_max_(queue_max),
      waited_(registry.histogram("durward_hash_queue_seconds", "Time that a password waited to be hashed.")),
      seconds_(registry.histogram("durward_hash_seconds", "Time of one password hash, without waiting.")),
      lanes_busy_(registry.gauge("durward_hash_lanes_busy", "Password hashes under way.")) {
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { work(); });
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
  for (Job* job : std::exchange(queue_, {})) {  // only when there are no threads
    job->is_refused = true;
    job->resume();
  }
}

Async<crypto::bcrypt::Digest> LanePool::run(std::string password, crypto::bcrypt::Setting setting) {
  Job job{.password = std::move(password),
          .setting = setting,
          .resume = {},
          .since = Clock::now(),
          .digest = {},
          .is_refused = false};
  co_await Suspend{[&](std::function<void()> resume) {
    job.resume = resume;
    if (submit(job)) return;
    job.is_refused = true;
    resume();
  }};
  crypto::wipe(job.password);
  if (job.is_refused)
    co_return fail(ErrorKind::unavailable, "temporarily_unavailable", "The server is overloaded.");
  co_return job.digest;
}

bool LanePool::submit(Job& job) {
  {
    std::lock_guard lock(mutex_);
    if (queue_.size() >= queue_max_) return false;
    queue_.push_back(&job);
    waiting_.store(queue_.size(), std::memory_order_relaxed);
  }
  wanted_.notify_one();
  return true;
}

void LanePool::work() {
  crypto::bcrypt::Lanes lanes;
  for (;;) {
    if (Job* job = next(lanes.busy(), lanes.size())) begin(lanes, *job);
    if (lanes.busy() == 0) return;
    for (const auto& done : lanes.step()) end(done);
  }
}

// Who has nothing to do waits; null then means the end. Who is busy asks between two steps, which must cost
// nothing, and leaves a hash to a thread that is idle.
LanePool::Job* LanePool::next(size_t busy, size_t lanes) {
  if (busy == lanes || (busy > 0 && waiting_.load(std::memory_order_relaxed) == 0)) return nullptr;
  std::unique_lock lock(mutex_);
  if (busy == 0) {
    ++idle_;
    wanted_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    --idle_;
  } else if (idle_ > 0) {
    return nullptr;
  }
  if (queue_.empty()) return nullptr;
  Job* job = queue_.front();
  queue_.pop_front();
  waiting_.store(queue_.size(), std::memory_order_relaxed);
  return job;
}

void LanePool::begin(crypto::bcrypt::Lanes& lanes, Job& job) {
  waited_.observe(seconds_since(std::exchange(job.since, Clock::now())));
  lanes_busy_.add(1);
  lanes.start(reinterpret_cast<uintptr_t>(&job), job.password, job.setting);
}

void LanePool::end(const crypto::bcrypt::Lanes::Done& done) {
  Job& job = *reinterpret_cast<Job*>(uintptr_t(done.ticket));
  job.digest = done.digest;
  seconds_.observe(seconds_since(job.since));
  lanes_busy_.add(-1);
  // The job is gone once its owner goes on.
  const auto resume = std::move(job.resume);
  resume();
}

}  // namespace durward::adapters
