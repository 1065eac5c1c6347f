#pragma once
#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "crypto/passwords/schemes.h"

namespace durward::adapters {

// Threads for hashes that are not bcrypt: argon2id, and what imports brought until it is replaced. They may
// take a second and much memory, so there are few, and they hold up no lane of bcrypt. Thread-safe.
class SlowHashes {
 public:
  // `nice`: how far the threads stand back behind the rest of the process.
  SlowHashes(size_t threads, size_t queue_max, int nice, metrics::Registry& registry);

  // Both wipe the password. unavailable / temporarily_unavailable when the queue is full, or when the turn
  // comes later than `within`.
  Async<std::string> argon2id(std::string password, crypto::passwords::Argon2Cost cost, std::string salt,
                              Milliseconds within);
  Async<bool> verify(std::string password, crypto::passwords::StoredHash stored, Milliseconds within);

 private:
  template <class T>
  Async<T> run(std::function<T()> work, Milliseconds within);

  const int nice_;
  metrics::Histogram &waited_, &seconds_;
  metrics::Counter& expired_;
  ThreadPool pool_;
};

}  // namespace durward::adapters
