#pragma once
#include <memory>

#include "base/clock.h"
#include "base/metrics.h"
#include "ports/configuration.h"
#include "ports/storage/documents.h"
#include "ports/storage/tenants.h"
#include "ports/vault.h"

namespace durward::adapters {

struct ConfigurationOptions {
  size_t entries_max = 30'000;        // least recently used ones go first
  Milliseconds check_interval{1000};  // how long a change by another process may stay unseen
  // And while the store cannot be asked: values that were not compared for so long are not used any more.
  Milliseconds stale_max{3'600'000};
};

// ports::Configuration over documents: bounded, immutable values, misses cached too, one load for any number
// of concurrent misses of a key. Thread-safe; a hit takes one sharded mutex and reads nothing, except that
// one request per tenant and interval compares the tenant's configuration version.
class CachedConfiguration : public ports::Configuration {
 public:
  CachedConfiguration(ports::Tenants& tenants, ports::Documents& documents, ports::Vault& vault,
                      const Clock& clock, ConfigurationOptions options = {},
                      metrics::Registry* registry = nullptr);
  ~CachedConfiguration() override;

  // Forgets a tenant's values at once, TenantId{0}: which tenants there are. Connect it to
  // Store::on_configuration_change. Thread-safe, does not block.
  void invalidate(domain::TenantId tenant);

  Async<Ptr<domain::Tenant>> tenant_by_name(std::string name) override;
  Async<Ptr<domain::Tenant>> only_tenant() override;
  Async<Ptr<domain::TenantSettings>> settings(domain::TenantId tenant) override;
  Async<Ptr<domain::Branding>> branding(domain::TenantId tenant) override;
  Async<Ptr<domain::Client>> client(domain::TenantId tenant, std::string client_id) override;
  Async<Ptr<domain::ResourceServer>> resource_server(domain::TenantId tenant,
                                                     std::string identifier) override;
  Async<Ptr<domain::ClientGrant>> client_grant(domain::TenantId tenant, std::string client_id,
                                               std::string audience, std::string subject_type) override;
  Async<Ptr<domain::Connection>> connection_by_name(domain::TenantId tenant, std::string name) override;
  Async<Ptr<std::vector<domain::Connection>>> connections_of(domain::TenantId tenant,
                                                             std::string client_id) override;
  Async<Ptr<domain::KeySet>> keys(domain::TenantId tenant) override;
  Async<Ptr<domain::AttackProtection>> attack_protection(domain::TenantId tenant) override;
  Async<Ptr<domain::Entitlements>> entitlements(domain::TenantId tenant) override;
  Async<Ptr<domain::FlagRules>> flags(domain::TenantId tenant) override;
  Async<Ptr<domain::TenantScripts>> scripts(domain::TenantId tenant) override;
  Async<Ptr<domain::NotificationProviders>> notification_providers(domain::TenantId tenant) override;
  Async<Ptr<std::vector<domain::EventStream>>> event_streams(domain::TenantId tenant) override;
  // Compares the tenant's version now; callers at the same time share one comparison.
  Async<> catch_up(domain::TenantId tenant) override;

  struct Impl;

 private:
  std::unique_ptr<metrics::Registry> own_registry_;  // when none was given
  std::unique_ptr<Impl> impl_;
};

}  // namespace durward::adapters
