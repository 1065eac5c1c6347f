#pragma once
#include <memory>

#include "base/executor.h"
#include "base/metrics.h"
#include "base/random.h"
#include "crypto/passwords/schemes.h"
#include "ports/hasher.h"

namespace durward::adapters {

struct HasherOptions {
  int cost = 10;                    // bcrypt
  size_t threads = 2;               // each computes several hashes at once (LanePool)
  size_t queue_max = 64;            // passwords waiting beyond it fail with unavailable
  Milliseconds within_max{60'000};  // no answer is waited for longer
  int nice = 0;                     // of the threads, added to the process's own
  // One SHA-256 instead of bcrypt, hashes marked "$durward-bench$": only to measure the rest of a login.
  // Hashes with that mark never verify while this is off.
  bool insecure_fast_hash_for_benchmarks = false;
  crypto::passwords::Argon2Cost argon2 = {};  // of tenants whose scheme is argon2id
};

// Password hashes of every scheme, in this process: bcrypt in lanes, all else (argon2id, what imports
// brought) on half as many threads of their own (SlowHashes). hash(): invalid/"invalid_password" or
// "invalid_cost". Thread-safe.
class LocalHasher : public ports::Hasher {
 public:
  LocalHasher(HasherOptions options, Random& random, metrics::Registry* registry = nullptr);
  ~LocalHasher() override;

  Async<std::string> hash(ports::HashOwner owner, std::string password) override;
  Async<bool> verify(ports::HashOwner owner, std::string password, std::string hash) override;
  Milliseconds expected_wait() const override;
  // Of the configured cost; the same for the life of the process. verify(), in another process too, knows it
  // and gives it the cost of the owner's scheme.
  std::string dummy_hash() const override;
  bool needs_rehash(domain::PasswordScheme scheme, std::string_view hash) const override;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace durward::adapters
