#pragma once
#include <memory>
#include <span>

#include "adapters/memory/fallback_limiter.h"
#include "adapters/redis/shared.h"
#include "ports/storage/jobs.h"
#include "server/options.h"

namespace durward::server {

// What happens to a use of Redis while Redis is away. Nothing acknowledged is kept there alone, so each has
// an answer that needs nobody.
enum class OnUnavailable {
  local,  // this process decides by what it knows itself
  anyway  // the work is done without it: done twice is harmless
};
struct SharedUse {
  std::string_view name;  // the first part of its keys
  OnUnavailable on_unavailable;
  std::string_view what;
};
inline constexpr SharedUse shared_uses[] = {
    {"rate", OnUnavailable::local, "buckets of rate limits and of attack protection"},
    {"nonce", OnUnavailable::local, "signatures of internal calls that were seen, by any process"},
    {"attempts", OnUnavailable::local, "failed sign-ins of accounts and addresses, sign-ups, password mails"},
    {"bot", OnUnavailable::anyway, "what is counted of attempts, and which challenges were answered"},
    {"leak", OnUnavailable::local, "when the last mail about a leaked password was sent"},
    {"sweep", OnUnavailable::anyway, "the worker that deletes expired rows this minute"},
};

// The counters, short values and locks that the processes of a fleet share, when --redis names a server.
class SharedState {
 public:
  // Never waits for Redis. Errors: those of the options. All arguments outlive the object.
  static Result<std::unique_ptr<SharedState>> open(const Settings& settings, Random& random,
                                                   metrics::Registry& metrics);

  // Exact; of this process without --redis and while Redis is away.
  ports::Limiter& limiter() { return *limiter_; }
  // Null without --redis: then every process is alone.
  adapters::SharedLimiter* shared_limiter() { return shared_limiter_.get(); }
  ports::ShortCache* cache() { return cache_.get(); }
  ports::Locks* locks() { return locks_.get(); }
  bool is_connected() const { return link_ && link_->is_connected(); }

 private:
  SharedState() = default;
  std::unique_ptr<adapters::redis::RedisLimiter> shared_limiter_;
  std::unique_ptr<adapters::FallbackLimiter> limiter_;
  std::unique_ptr<adapters::redis::RedisCache> cache_;
  std::unique_ptr<adapters::redis::RedisLocks> locks_;
  std::unique_ptr<adapters::redis::Link> link_;  // last: it ends first, and with it every command under way
};

// Jobs whose sweep is left to one process of the fleet at a time. Both outlive it; `locks` may be null.
class ExclusiveSweep : public ports::Jobs {
 public:
  ExclusiveSweep(ports::Jobs& jobs, ports::Locks* locks, std::string owner)
      : jobs_(jobs), locks_(locks), owner_(std::move(owner)) {}
  Async<std::optional<ports::Job>> claim(int64_t id, TimePoint now, Seconds lease) override {
    return jobs_.claim(id, now, lease);
  }
  Async<> complete(int64_t id) override { return jobs_.complete(id); }
  Async<> retry(int64_t id, TimePoint not_before) override { return jobs_.retry(id, not_before); }
  Async<> release(int64_t id, TimePoint not_before) override { return jobs_.release(id, not_before); }
  Async<int64_t> sweep(TimePoint now, int64_t limit) override;

 private:
  ports::Jobs& jobs_;
  ports::Locks* locks_;
  const std::string owner_;
};

}  // namespace durward::server
