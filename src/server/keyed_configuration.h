#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "ports/services.h"
#include "server/key_maker.h"

namespace durward::server {

// A configuration in which no tenant is without an RSA key: the first one is made when it is first needed, so
// that tenants are created in milliseconds and cost nothing until somebody signs in
// (docs/adr/0007-first-signing-key.md). Everything else is answered by the configuration below. Thread-safe;
// what it is given outlives it.
class KeyedConfiguration : public ports::Configuration {
 public:
  KeyedConfiguration(ports::Configuration& inner, KeyMaker& maker) : inner_(inner), maker_(maker) {}
  // The services that it is part of, and stores keys through; before the first call of keys().
  void store_through(const ports::Services& services) { services_ = &services; }

  Async<Ptr<domain::Tenant>> tenant_by_name(std::string name) override {
    return inner_.tenant_by_name(std::move(name));
  }
  Async<Ptr<domain::Tenant>> only_tenant() override { return inner_.only_tenant(); }
  Async<Ptr<domain::TenantSettings>> settings(domain::TenantId tenant) override {
    return inner_.settings(tenant);
  }
  Async<Ptr<domain::Branding>> branding(domain::TenantId tenant) override { return inner_.branding(tenant); }
  Async<Ptr<domain::Client>> client(domain::TenantId tenant, std::string client_id) override {
    return inner_.client(tenant, std::move(client_id));
  }
  Async<Ptr<domain::ResourceServer>> resource_server(domain::TenantId tenant,
                                                     std::string identifier) override {
    return inner_.resource_server(tenant, std::move(identifier));
  }
  Async<Ptr<domain::ClientGrant>> client_grant(domain::TenantId tenant, std::string client_id,
                                               std::string audience, std::string subject_type) override {
    return inner_.client_grant(tenant, std::move(client_id), std::move(audience), std::move(subject_type));
  }
  Async<Ptr<domain::Connection>> connection_by_name(domain::TenantId tenant, std::string name) override {
    return inner_.connection_by_name(tenant, std::move(name));
  }
  Async<Ptr<std::vector<domain::Connection>>> connections_of(domain::TenantId tenant,
                                                             std::string client_id) override {
    return inner_.connections_of(tenant, std::move(client_id));
  }
  Async<Ptr<domain::AttackProtection>> attack_protection(domain::TenantId tenant) override {
    return inner_.attack_protection(tenant);
  }
  Async<Ptr<domain::Entitlements>> entitlements(domain::TenantId tenant) override {
    return inner_.entitlements(tenant);
  }
  Async<Ptr<domain::FlagRules>> flags(domain::TenantId tenant) override { return inner_.flags(tenant); }
  Async<Ptr<domain::TenantScripts>> scripts(domain::TenantId tenant) override {
    return inner_.scripts(tenant);
  }
  Async<Ptr<domain::NotificationProviders>> notification_providers(domain::TenantId tenant) override {
    return inner_.notification_providers(tenant);
  }
  Async<Ptr<std::vector<domain::EventStream>>> event_streams(domain::TenantId tenant) override {
    return inner_.event_streams(tenant);
  }
  Async<> catch_up(domain::TenantId tenant) override { return inner_.catch_up(tenant); }
  // unavailable when a missing key could not be made or stored.
  Async<Ptr<domain::KeySet>> keys(domain::TenantId tenant) override;

 private:
  class Flight;
  Async<> first_key(domain::TenantId tenant);
  bool begin(domain::TenantId tenant);
  bool join(domain::TenantId tenant, std::function<void()> resume);
  void end(domain::TenantId tenant);

  ports::Configuration& inner_;
  KeyMaker& maker_;
  const ports::Services* services_ = nullptr;
  std::mutex mutex_;
  // Tenants whose first key is being made, and who waits for it.
  std::map<int64_t, std::vector<std::function<void()>>> flights_;
};

}  // namespace durward::server
