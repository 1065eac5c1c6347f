#pragma once
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "adapters/hashing/admission.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "crypto/bcrypt/lanes.h"

namespace durward::adapters {

struct LanePoolOptions {
  size_t threads = 2;
  size_t queue_max = 64;  // hashes that wait for a lane
  size_t lanes_max = 0;   // of one thread; 0: as many as the engine has
  int nice = 0;           // how far the threads stand back behind the rest of the process (setpriority)
};

// Whose hash it is, and how long its answer is worth something.
struct Turn {
  domain::TenantId tenant;
  Milliseconds within{5'000};
};

// Threads that compute bcrypt hashes, each several side by side. A hash that finds a free lane begins at
// once, where the fewest run. Otherwise it waits for its tenant's turn (FairQueue), unless it would be done
// too late or the queue has no place for it: then it is refused at once, with the time after which the
// backlog of now is gone. Who waited too long is refused without being hashed. docs/adr/0018-hashing.md.
// Thread-safe.
class LanePool {
 public:
  LanePool(LanePoolOptions options, metrics::Registry& registry);
  ~LanePool();  // computes what waits, then joins

  // Wipes the password. unavailable / temporarily_unavailable with retry_after when it is refused.
  Async<crypto::bcrypt::Digest> run(std::string password, crypto::bcrypt::Setting setting, Turn turn = {});
  // Until what waits now is begun; nothing while a lane is free.
  Milliseconds expected_wait() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Job;
  struct Taken {
    Job* begun = nullptr;
    std::vector<Job*> expired;
    bool is_end = false;  // of the pool
  };
  class Meter;

  bool submit(Job& job);
  void refuse(Job& job, Shed reason);
  static void go_on(Job& job);
  void drop_expired(std::vector<Job*>& expired);
  void work(bool is_first);
  Taken take(size_t busy);
  void give(Taken& taken);
  void begin(crypto::bcrypt::Lanes& lanes, Job& job);
  void end(const crypto::bcrypt::Lanes::Done& done);
  void measure_once();
  void measured(double seconds, uint64_t steps);
  LaneLoad load() const;
  void tell();

  const LanePoolOptions options_;
  const size_t lanes_each_;
  metrics::Histogram &waited_, &seconds_;
  metrics::Gauge &lanes_busy_, &waiting_gauge_, &backlog_gauge_;
  std::array<metrics::Counter*, std::size(shed_reasons)> shed_;

  mutable std::mutex mutex_;
  std::condition_variable wanted_;
  FairQueue queue_;
  std::atomic<size_t> waiting_{0};  // queue_.size(), for threads that are busy
  size_t running_ = 0;
  uint64_t work_running_ = 0;
  double pace_seconds_ = 0, pace_steps_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace durward::adapters
