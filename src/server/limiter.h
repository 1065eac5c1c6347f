#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "domain/tenant.h"
#include "endpoint/endpoint.h"
#include "ports/limiter.h"

namespace durward::server {

// Requests per second of one tenant and rate class, with bursts of one second, and a bound on management
// requests under way, so that logins always find a free processor. Decides by the counters of this process
// at once. With shared counters it also takes there, without waiting: their answer counts from the moment it
// arrives, so a fleet allows beyond the rate what reaches it within a round trip to them. While they are away
// each process counts alone (OnUnavailable::local). Thread-safe; memory is bounded by the number of tenants
// active within the last second.
class Limiter {
 public:
  struct Rates {  // per second; 0: no limit
    int64_t login = 0, token = 0, management = 0;
    int64_t management_in_flight = 64;
    ports::Limiter* shared = nullptr;  // of the fleet; outlives every call it was asked for
  };
  explicit Limiter(Rates rates);
  ~Limiter();

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
  struct Counters;
  int64_t rate_of(endpoint::RateClass rate) const;
  Rates rates_;
  std::atomic<int64_t> in_flight_{0};
  std::shared_ptr<Counters> counters_;  // shared with questions whose answer is still to come
};

}  // namespace durward::server
