#include "server/limiter.h"

#include <mutex>
#include <string>
#include <unordered_map>

#include "adapters/memory/memory_limiter.h"
#include "base/executor.h"

namespace durward::server {
namespace {

constexpr int64_t second_us = 1'000'000;
constexpr size_t keys_before_cleaning = 4096;

// Rows of one budget.
std::string_view budget_of(endpoint::RateClass rate) {
  return rate == endpoint::RateClass::login   ? "login"
         : rate == endpoint::RateClass::token ? "token"
                                              : "management";
}

Limiter::Verdict verdict_of(const ports::Allowance& allowance, int64_t per_second) {
  return {allowance.allowed, per_second, allowance.remaining,
          (allowance.full_at_us + second_us - 1) / second_us};
}

}  // namespace

struct Limiter::Counters {
  adapters::MemoryLimiter local;
  std::mutex mutex;
  std::unordered_map<std::string, ports::Allowance>
      exhausted;  // what the fleet has used up, until full_at_us

  void learn(const std::string& key, const ports::Allowance& fleet, TimePoint now) {
    std::lock_guard lock(mutex);
    if (fleet.allowed) {
      exhausted.erase(key);
      return;
    }
    if (exhausted.size() >= keys_before_cleaning)
      std::erase_if(exhausted,
                    [&](const auto& entry) { return entry.second.full_at_us <= to_unix_ms(now) * 1000; });
    exhausted[key] = fleet;
  }
  // The fleet's refusal that still holds: until one more unit is free there.
  std::optional<ports::Allowance> refusal(const std::string& key, const ports::Rate& rate, TimePoint now) {
    std::lock_guard lock(mutex);
    const auto found = exhausted.find(key);
    if (found == exhausted.end()) return {};
    const int64_t free_at_us = found->second.full_at_us - ports::burst_us(rate) + ports::unit_us(rate);
    if (free_at_us > to_unix_ms(now) * 1000) return found->second;
    exhausted.erase(found);
    return {};
  }
  static Detached ask(std::shared_ptr<Counters> self, ports::Limiter& shared, std::string key,
                      ports::Rate rate, TimePoint now) {
    const auto fleet = co_await shared.take(key, rate, now);
    if (fleet) self->learn(key, *fleet, now);
  }
};

Limiter::Limiter(Rates rates) : rates_(rates), counters_(std::make_shared<Counters>()) {}
Limiter::~Limiter() = default;

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
  const std::string key = "rate:" + std::to_string(tenant.value) + ":" + std::string(budget_of(rate));
  const auto budget = ports::Rate::per_second(per_second);
  if (rates_.shared)
    if (const auto refused = counters_->refusal(key, budget, now)) return verdict_of(*refused, per_second);
  const auto here = counters_->local.take_now(key, budget, now);
  if (rates_.shared && here.allowed) {
    Executor::Scope nowhere(nullptr);  // the answer is learnt where it arrives; no request waits for it
    Counters::ask(counters_, *rates_.shared, key, budget, now);
  }
  return verdict_of(here, per_second);
}

Limiter::Slot Limiter::enter_management() {
  if (in_flight_.fetch_add(1) < rates_.management_in_flight) return Slot(this);
  in_flight_.fetch_sub(1);
  return Slot(nullptr);
}

}  // namespace durward::server
