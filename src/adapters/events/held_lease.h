#pragma once
#include "base/clock.h"
#include "ports/storage/outbox.h"

namespace durward::adapters {

// A lease that is taken when it is needed and renewed after half its time, so that an idle process commits
// nothing. One thread at a time.
class HeldLease {
 public:
  HeldLease(ports::Leases& leases, const Clock& clock, ports::Lease lease, Seconds time)
      : leases_(leases), clock_(clock), lease_(std::move(lease)), time_(time) {}

  // True when it is ours for at least half its time from now on.
  Async<bool> hold() {
    const TimePoint now = clock_.now();
    if (until_ && *until_ - now > time_ / 2) co_return true;
    CO_TRY(const bool got, co_await leases_.acquire(lease_, now, time_));
    until_ = got ? std::optional(now + time_) : std::nullopt;
    co_return got;
  }
  Async<> release() {
    if (!std::exchange(until_, std::nullopt)) co_return Result<>();
    co_return co_await leases_.release(lease_);
  }
  void lost() { until_.reset(); }
  bool is_held() const { return until_ && clock_.now() < *until_; }
  const ports::Lease& lease() const { return lease_; }

 private:
  ports::Leases& leases_;
  const Clock& clock_;
  const ports::Lease lease_;
  const Seconds time_;
  std::optional<TimePoint> until_;
};

}  // namespace durward::adapters
