#pragma once
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/task.h"
#include "crypto/keys.h"

namespace durward::server {

// RSA keys made on threads of their own, ahead of need or on demand: one takes a tenth of a second of a
// processor, with luck half and without luck three times as much, so two threads race for the first.
// Thread-safe.
class KeyMaker {
 public:
  using Generate = std::function<Result<crypto::PrivateKey>()>;  // called on several threads at once
  explicit KeyMaker(size_t threads_max = 2, size_t waiting_max = 1024,
                    Generate generate = crypto::PrivateKey::generate_rsa)
      : threads_max_(threads_max), waiting_max_(waiting_max), generate_(std::move(generate)) {}
  ~KeyMaker();  // waits for keys being made; who still waits for one is told `unavailable`

  void want(size_t count);                         // in addition to what is wanted already
  std::optional<crypto::PrivateKey> take_ready();  // one that is made already
  // Waits for the next one, which is made for the caller when none is on its way. unavailable when too many
  // wait.
  Async<crypto::PrivateKey> take();

 private:
  struct Waiter {
    Result<crypto::PrivateKey>& slot;
    std::function<void()> resume;
  };
  void work();
  bool begin_one();
  void start(size_t count);
  bool enqueue(Waiter waiter);
  void deliver(Result<crypto::PrivateKey> key);

  const size_t threads_max_, waiting_max_;
  const Generate generate_;
  std::mutex mutex_;
  size_t wanted_ = 0;   // not yet begun
  size_t working_ = 0;  // threads that still look for work
  size_t coming_ = 0;   // wanted or begun
  std::deque<crypto::PrivateKey> keys_;
  std::deque<Waiter> waiters_;
  std::vector<std::thread> threads_;
};

}  // namespace durward::server
