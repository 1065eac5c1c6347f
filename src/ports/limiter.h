#pragma once
#include <algorithm>
#include <string>

#include "base/clock.h"
#include "base/task.h"

namespace durward::ports {

// A bucket of `burst` units into which one more falls every `interval`, while it is not full. Both above 0.
struct Rate {
  std::chrono::microseconds interval{1'000'000};
  int64_t burst = 1;
  // So many a second, and as many at once; at least 1.
  static constexpr Rate per_second(int64_t units) {
    return {std::chrono::microseconds(std::max<int64_t>(1'000'000 / units, 1)), units};
  }
};

struct Allowance {
  bool allowed = true;
  int64_t remaining = 0;     // units that would be allowed right now
  int64_t full_at_us = 0;    // Unix microseconds at which a whole burst is free again
  Milliseconds retry_in{0};  // when the same request would be allowed; 0 when it was
};

// Counts use against rates (generic cell rate algorithm: one number a key, the time at which everything taken
// is paid off). In this process, or shared by the fleet; what happens when the shared counters are away is
// declared where they are chosen (server/shared_state.h). Nothing that was acknowledged depends on it. Keys
// are "use:tenant:what" and hold no secret. Thread-safe.
class Limiter {
 public:
  virtual ~Limiter() = default;
  // Takes `units` when they are allowed, otherwise nothing. 0 only looks; less than 0 gives back what was
  // taken (up to a full bucket). Error: unavailable, of shared counters only.
  virtual Async<Allowance> take(std::string key, Rate rate, TimePoint now, int64_t units = 1) = 0;
  // The bucket is full again. Error: as take.
  virtual Async<> forget(std::string key) = 0;
};

// Both implementations answer by these.
inline int64_t unit_us(const Rate& rate) { return rate.interval.count(); }
inline int64_t burst_us(const Rate& rate) { return rate.burst * unit_us(rate); }

// `paid_at` (microseconds) is the state after the decision.
inline Allowance allowance(const Rate& rate, bool allowed, int64_t paid_at, int64_t now_us, int64_t units) {
  const int64_t from = std::max(paid_at, now_us), room = now_us + burst_us(rate) - from;
  const int64_t lacking = units * unit_us(rate) - room;
  return {allowed, std::max<int64_t>(room / unit_us(rate), 0), from,
          allowed ? Milliseconds(0) : Milliseconds((lacking + 999) / 1000)};
}

}  // namespace durward::ports
