#include "adapters/hashing/slow_hashes.h"

#include "adapters/hashing/stand_back.h"
#include "crypto/hash.h"

namespace durward::adapters {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void stand_back_once(int nice) {
  static thread_local bool stands_back = false;
  if (!std::exchange(stands_back, true)) stand_back(nice);
}

}  // namespace

SlowHashes::SlowHashes(size_t threads, size_t queue_max, int nice, metrics::Registry& registry)
    : nice_(nice),
      waited_(registry.histogram("durward_hash_slow_queue_seconds",
                                 "Time that a password waited to be hashed by another scheme than bcrypt.")),
      seconds_(registry.histogram("durward_hash_slow_seconds",
                                  "Time of one password hash that is not bcrypt, without waiting.")),
      expired_(registry.counter("durward_hash_slow_expired_total",
                                "Passwords whose turn came too late on the threads beside the lanes.")),
      pool_("slow hasher", threads, queue_max) {}

template <class T>
Async<T> SlowHashes::run(std::function<T()> work, Milliseconds within) {
  co_return co_await pool_.run([this, work = std::move(work), within, since = Clock::now()]() -> Result<T> {
    stand_back_once(nice_);
    waited_.observe(seconds_since(since));
    if (Clock::now() - since > within) {
      expired_.add();
      return fail(ErrorKind::unavailable, "temporarily_unavailable", "The server is overloaded.",
                  "hashing: expired");
    }
    const auto begin = Clock::now();
    T out = work();
    seconds_.observe(seconds_since(begin));
    return out;
  });
}

Async<std::string> SlowHashes::argon2id(std::string password, crypto::passwords::Argon2Cost cost,
                                        std::string salt, Milliseconds within) {
  auto hash =
      co_await run<std::string>([&] { return crypto::passwords::argon2id(password, cost, salt); }, within);
  crypto::wipe(password);
  co_return hash;
}

Async<bool> SlowHashes::verify(std::string password, crypto::passwords::StoredHash stored,
                               Milliseconds within) {
  auto is_right = co_await run<bool>([&] { return crypto::passwords::verify(stored, password); }, within);
  crypto::wipe(password);
  co_return is_right;
}

}  // namespace durward::adapters
