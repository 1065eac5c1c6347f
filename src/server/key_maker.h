#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"
#include "crypto/keys.h"

namespace durward::server {

// RSA keys made ahead of need on threads of their own: one takes about 100 ms of a processor, with luck 20
// and without 400, so two threads race for the first. Thread-safe.
class KeyMaker {
 public:
  explicit KeyMaker(size_t threads_max = 2) : threads_max_(threads_max) {}
  ~KeyMaker();  // waits for keys being made

  void want(size_t count);            // in addition to what is wanted already
  Result<crypto::PrivateKey> take();  // waits; makes one itself when none was wanted

 private:
  void work();
  const size_t threads_max_;
  std::mutex mutex_;
  std::condition_variable made_;
  size_t wanted_ = 0;    // not yet begun
  size_t working_ = 0;   // threads that still look for work
  size_t promised_ = 0;  // begun or wanted, not yet taken
  std::deque<Result<crypto::PrivateKey>> keys_;
  std::vector<std::thread> threads_;
};

}  // namespace durward::server
