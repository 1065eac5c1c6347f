#include "adapters/memory/fallback_limiter.h"

namespace durward::adapters {

FallbackLimiter::FallbackLimiter(ports::Limiter& shared, metrics::Registry& metrics)
    : shared_(shared),
      fallbacks_(metrics.counter("durward_limiter_fallbacks_total",
                                 "Decisions of local counters because the shared ones were away.")) {}

Async<ports::Allowance> FallbackLimiter::take(std::string key, ports::Rate rate, TimePoint now,
                                              int64_t units) {
  if (auto taken = co_await shared_.take(key, rate, now, units)) co_return taken;
  fallbacks_.add();
  co_return local_.take_now(key, rate, now, units);
}

}  // namespace durward::adapters
