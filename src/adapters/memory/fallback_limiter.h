#pragma once
#include <memory>

#include "adapters/memory/memory_limiter.h"
#include "base/metrics.h"

namespace durward::adapters {

// Counters that the processes of a fleet share.
class SharedLimiter : public ports::Limiter {
 public:
  // Adds what one process decided alone, then takes, in one round trip. Error: unavailable.
  virtual Async<ports::Allowance> exchange(std::string key, ports::Rate rate, TimePoint now, int64_t units,
                                           Untold untold) = 0;
  // Grows whenever the counters may have been lost: with each new connection.
  virtual int64_t epoch() const = 0;
};

struct FallbackOptions {
  Milliseconds deadline{100};  // how long a question may wait for the fleet
  size_t keys_max = 200'000;
};

// The fleet's counters while they answer, this process's own otherwise; it never fails and never waits longer
// than the deadline. What the fleet answers is mirrored here, and what was decided here alone is told the
// fleet with the next question about the key, also when the shared counters were lost meanwhile. So a bucket
// that this process knows to be empty stays empty through an outage, while N processes that are alone allow
// up to N buckets. An answer that comes after the deadline may have taken a second unit. Thread-safe.
class FallbackLimiter : public ports::Limiter {
 public:
  // `shared` may be null: then this process counts alone. Both outlive every question.
  FallbackLimiter(SharedLimiter* shared, metrics::Registry& metrics, FallbackOptions options = {});
  ~FallbackLimiter();

  // Exact: the fleet's answer, waited for.
  Async<ports::Allowance> take(std::string key, ports::Rate rate, TimePoint now, int64_t units = 1) override;
  Async<> forget(std::string key) override;
  // At once, by what this process knows; the fleet is told afterwards. Beyond the rate a fleet allows for a
  // moment what its processes receive within one round trip; later refusals pay it back.
  ports::Allowance take_now(const std::string& key, ports::Rate rate, TimePoint now, int64_t units = 1);
  size_t size() const;

 private:
  struct State;
  const std::shared_ptr<State> state_;  // shared with questions whose answer is still to come
};

}  // namespace durward::adapters
