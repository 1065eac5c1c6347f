#pragma once
#include "adapters/memory/memory_limiter.h"
#include "base/metrics.h"

namespace durward::adapters {

// Shared counters, and those of this process while the shared ones are away: each process then allows the
// whole rate by itself, which is more than configured and less than without a limit. Never fails.
class FallbackLimiter : public ports::Limiter {
 public:
  // `shared` and `metrics` outlive this object.
  FallbackLimiter(ports::Limiter& shared, metrics::Registry& metrics);
  Async<ports::Allowance> take(std::string key, ports::Rate rate, TimePoint now, int64_t units = 1) override;

 private:
  ports::Limiter& shared_;
  MemoryLimiter local_;
  metrics::Counter& fallbacks_;
};

}  // namespace durward::adapters
