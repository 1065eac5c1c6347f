#pragma once
#include "adapters/memory/fallback_limiter.h"
#include "adapters/redis/link.h"
#include "ports/limiter.h"
#include "ports/locks.h"
#include "ports/short_cache.h"

// The shared counters, short values and locks of a fleet on Redis 7. Every operation is one round trip; keys
// begin with "durward:" and end by themselves. Errors: unavailable / redis_unavailable. Thread-safe.
namespace durward::adapters::redis {

class RedisLimiter : public SharedLimiter {
 public:
  explicit RedisLimiter(Link& link) : link_(link) {}
  Async<ports::Allowance> take(std::string key, ports::Rate rate, TimePoint now, int64_t units = 1) override;
  Async<> forget(std::string key) override;
  Async<ports::Allowance> exchange(std::string key, ports::Rate rate, TimePoint now, int64_t units,
                                   Untold untold) override;
  int64_t epoch() const override { return link_.connections(); }

 private:
  Link& link_;
};

class RedisCache : public ports::ShortCache {
 public:
  explicit RedisCache(Link& link) : link_(link) {}
  Async<std::optional<std::string>> get(std::string key) override;
  Async<> put(std::string key, std::string value, Milliseconds life) override;
  Async<bool> put_if_absent(std::string key, std::string value, Milliseconds life) override;
  Async<> remove(std::string key) override;

 private:
  Link& link_;
};

class RedisLocks : public ports::Locks {
 public:
  explicit RedisLocks(Link& link) : link_(link) {}
  Async<std::optional<ports::Lock>> acquire(std::string name, std::string owner, Milliseconds life) override;
  Async<bool> extend(ports::Lock lock, Milliseconds life) override;
  Async<> release(ports::Lock lock) override;

 private:
  Link& link_;
};

}  // namespace durward::adapters::redis
