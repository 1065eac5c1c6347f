#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/executor.h"
#include "base/metrics.h"
#include "crypto/bcrypt/lanes.h"

namespace durward::adapters {

// Threads that compute bcrypt hashes, each several side by side. While a thread is idle a hash gets a core
// for itself (lowest latency); when all are busy, hashes join those that run, up to the lanes of the engine
// (highest rate), and more wait in the queue. Thread-safe.
class LanePool {
 public:
  // Beyond `queue_max` waiting hashes more are refused.
  LanePool(size_t threads, size_t queue_max, metrics::Registry& registry);
  ~LanePool();  // computes what waits, then joins

  // Wipes the password. unavailable when the queue is full.
  Async<crypto::bcrypt::Digest> run(std::string password, crypto::bcrypt::Setting setting);

 private:
  using Clock = std::chrono::steady_clock;
  struct Job {
    std::string password;
    crypto::bcrypt::Setting setting;
    std::function<void()> resume;
    Clock::time_point since;  // queued, then begun
    crypto::bcrypt::Digest digest;
    bool is_refused;
  };
  bool submit(Job& job);
  void work();
  Job* next(size_t busy, size_t lanes);
  void begin(crypto::bcrypt::Lanes& lanes, Job& job);
  void end(const crypto::bcrypt::Lanes::Done& done);

  const size_t queue_max_;
  metrics::Histogram &waited_, &seconds_;
  metrics::Gauge& lanes_busy_;
  std::mutex mutex_;
  std::condition_variable wanted_;
  std::deque<Job*> queue_;  // owned by the coroutines that wait for them
  std::atomic<size_t> waiting_{0};
  size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace durward::adapters
