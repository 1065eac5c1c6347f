#include "server/limiter.h"

namespace durward::server {
namespace {

constexpr int64_t second_us = 1'000'000;
constexpr size_t keys_before_cleaning = 4096;

}  // namespace

int64_t Limiter::rate_of(endpoint::RateClass rate) const {
  switch (rate) {
    case endpoint::RateClass::login:
      return rates_.login;
    case endpoint::RateClass::token:
      return rates_.token;
    case endpoint::RateClass::management_read:
    case endpoint::RateClass::management_write:
      return rates_.management;
    default:
      return 0;
  }
}

Limiter::Verdict Limiter::take(domain::TenantId tenant, endpoint::RateClass rate, TimePoint now) {
  const int64_t per_second = rate_of(rate);
  if (per_second == 0) return {};
  const int64_t now_us = to_unix_ms(now) * 1000, cost = std::max<int64_t>(second_us / per_second, 1);
  const int64_t kind = rate == endpoint::RateClass::login ? 0 : rate == endpoint::RateClass::token ? 1 : 2;
  std::lock_guard lock(mutex_);
  if (paid_at_.size() > keys_before_cleaning) forget_idle(now_us);
  int64_t& paid_at = paid_at_[tenant.value * 3 + kind];
  const int64_t from = std::max(paid_at, now_us);
  const bool allowed = from + cost <= now_us + second_us;
  if (allowed) paid_at = from + cost;
  return {allowed, per_second, std::max<int64_t>((now_us + second_us - std::max(paid_at, now_us)) / cost, 0),
          (std::max(paid_at, now_us) + second_us - 1) / second_us};
}

void Limiter::forget_idle(int64_t now_us) {
  std::erase_if(paid_at_, [&](const auto& entry) { return entry.second <= now_us; });
}

Limiter::Slot Limiter::enter_management() {
  if (in_flight_.fetch_add(1) < rates_.management_in_flight) return Slot(this);
  in_flight_.fetch_sub(1);
  return Slot(nullptr);
}

}  // namespace durward::server
