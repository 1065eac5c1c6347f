#include "adapters/memory/memory_limiter.h"

namespace durward::adapters {

Async<ports::Allowance> MemoryLimiter::take(std::string key, ports::Rate rate, TimePoint now, int64_t units) {
  co_return take_now(key, rate, now, units);
}

ports::Allowance MemoryLimiter::take_now(const std::string& key, ports::Rate rate, TimePoint now,
                                         int64_t units) {
  const int64_t now_us = to_unix_ms(now) * 1000;
  std::lock_guard lock(mutex_);
  if (paid_at_.size() >= clean_at_) {  // what is paid off is as good as never used
    std::erase_if(paid_at_, [&](const auto& entry) { return entry.second <= now_us; });
    clean_at_ = std::max<size_t>(4096, 2 * paid_at_.size());
  }
  int64_t& paid_at = paid_at_[key];
  const int64_t after = std::max(std::max(paid_at, now_us) + units * ports::unit_us(rate), now_us);
  const bool allowed = after <= now_us + ports::burst_us(rate);
  if (allowed) paid_at = after;
  return ports::allowance(rate, allowed, paid_at, now_us, units);
}

Async<> MemoryLimiter::forget(std::string key) {
  std::lock_guard lock(mutex_);
  paid_at_.erase(key);
  co_return Result<>();
}

size_t MemoryLimiter::size() const {
  std::lock_guard lock(mutex_);
  return paid_at_.size();
}

}  // namespace durward::adapters
