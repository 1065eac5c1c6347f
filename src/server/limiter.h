#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "base/clock.h"
#include "domain/tenant.h"
#include "endpoint/endpoint.h"

namespace durward::server {

// Requests per second of one tenant and rate class, with bursts of one second, and a bound on management
// requests under way, so that logins always find a free processor. Local to the process. Thread-safe; memory
// is bounded by the number of tenants active within the last second.
class Limiter {
 public:
  struct Rates {  // per second; 0: no limit
    int64_t login = 0, token = 0, management = 0;
    int64_t management_in_flight = 64;
  };
  explicit Limiter(Rates rates) : rates_(rates) {}

  struct Verdict {
    bool allowed = true;
    int64_t limit = 0;  // 0: the class has no limit, and the rest means nothing
    int64_t remaining = 0;
    int64_t reset = 0;  // Unix seconds at which a whole burst is free again
  };
  Verdict take(domain::TenantId tenant, endpoint::RateClass rate, TimePoint now);

  // One management request under way; false when too many are.
  class Slot {
   public:
    explicit Slot(Limiter* owner) : owner_(owner) {}
    Slot(Slot&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    ~Slot() {
      if (owner_) owner_->in_flight_.fetch_sub(1);
    }
    explicit operator bool() const { return owner_; }

   private:
    Limiter* owner_;
  };
  Slot enter_management();

 private:
  int64_t rate_of(endpoint::RateClass rate) const;
  void forget_idle(int64_t now_us);
  Rates rates_;
  std::atomic<int64_t> in_flight_{0};
  std::mutex mutex_;
  // Generic cell rate algorithm: the time at which everything taken so far is paid off, in microseconds.
  std::unordered_map<int64_t, int64_t> paid_at_;
};

}  // namespace durward::server
