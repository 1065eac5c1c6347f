#include "server/keyed_configuration.h"

#include "base/executor.h"
#include "management/keys/keys.h"

namespace durward::server {

// Ends also when making the key throws: nobody waits for ever.
class KeyedConfiguration::Flight {
 public:
  Flight(KeyedConfiguration& owner, domain::TenantId tenant) : owner_(owner), tenant_(tenant) {}
  ~Flight() { owner_.end(tenant_); }
  Flight(const Flight&) = delete;

 private:
  KeyedConfiguration& owner_;
  const domain::TenantId tenant_;
};

bool KeyedConfiguration::begin(domain::TenantId tenant) {
  std::lock_guard lock(mutex_);
  return flights_.try_emplace(tenant.value).second;
}

bool KeyedConfiguration::join(domain::TenantId tenant, std::function<void()> resume) {
  std::lock_guard lock(mutex_);
  const auto flight = flights_.find(tenant.value);
  if (flight == flights_.end()) return false;
  flight->second.push_back(std::move(resume));
  return true;
}

void KeyedConfiguration::end(domain::TenantId tenant) {
  std::unique_lock lock(mutex_);
  const auto flight = flights_.extract(tenant.value);
  lock.unlock();
  for (const auto& resume : flight.mapped()) resume();
}

Async<> KeyedConfiguration::first_key(domain::TenantId tenant) {
  if (!begin(tenant)) {
    co_await Suspend{[this, tenant](std::function<void()> resume) {
      if (!join(tenant, resume)) resume();
    }};
    co_return Result<>();
  }
  const Flight flight(*this, tenant);
  CO_TRY(auto key, co_await maker_.take());
  co_return co_await management::keys::add_first_key(*services_, tenant, std::move(key));
}

Async<KeyedConfiguration::Ptr<domain::KeySet>> KeyedConfiguration::keys(domain::TenantId tenant) {
  CO_TRY(auto set, co_await inner_.keys(tenant));
  if (set && set->current("RSA")) co_return set;
  CO_ENSURE(co_await first_key(tenant));
  CO_TRY(set, co_await inner_.keys(tenant));
  if (set && set->current("RSA")) co_return set;
  co_return fail(ErrorKind::unavailable, "temporarily_unavailable", "The server is overloaded.",
                 "no current RSA key");
}

}  // namespace durward::server
