#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/task.h"
#include "domain/client.h"
#include "domain/connection.h"
#include "domain/signing_key.h"
#include "domain/tenant.h"

namespace durward::domain {
struct AttackProtection;
struct Entitlements;
struct EventStream;
struct FlagRules;
struct NotificationProviders;
struct TenantScripts;
}  // namespace durward::domain

namespace durward::ports {

// Configuration as immutable values from a bounded per-process cache (docs/architecture.md): a hit reads
// nothing. A change made by this process is seen at once, a change made by another within a second, or from
// now on after catch_up. A null pointer means that there is none; that is cached too. Thread-safe.
class Configuration {
 public:
  virtual ~Configuration() = default;
  template <class T>
  using Ptr = std::shared_ptr<const T>;

  virtual Async<Ptr<domain::Tenant>> tenant_by_name(std::string name) = 0;
  virtual Async<Ptr<domain::Tenant>> only_tenant() = 0;  // when the installation has exactly one
  virtual Async<Ptr<domain::TenantSettings>> settings(domain::TenantId) = 0;
  virtual Async<Ptr<domain::Branding>> branding(domain::TenantId) = 0;
  virtual Async<Ptr<domain::Client>> client(domain::TenantId, std::string client_id) = 0;
  virtual Async<Ptr<domain::ResourceServer>> resource_server(domain::TenantId, std::string identifier) = 0;
  virtual Async<Ptr<domain::ClientGrant>> client_grant(domain::TenantId, std::string client_id,
                                                       std::string audience, std::string subject_type) = 0;
  virtual Async<Ptr<domain::Connection>> connection_by_name(domain::TenantId, std::string name) = 0;
  // All connections of a tenant that are enabled for the client (or for all: is_domain_connection on third
  // parties).
  virtual Async<Ptr<std::vector<domain::Connection>>> connections_of(domain::TenantId,
                                                                     std::string client_id) = 0;
  virtual Async<Ptr<domain::KeySet>> keys(domain::TenantId) = 0;
  // Never null: what was never set has its default.
  virtual Async<Ptr<domain::AttackProtection>> attack_protection(domain::TenantId) = 0;
  virtual Async<Ptr<domain::Entitlements>> entitlements(domain::TenantId) = 0;
  // What is set for a tenant; TenantId{0}: for the whole installation.
  virtual Async<Ptr<domain::FlagRules>> flags(domain::TenantId) = 0;
  // Never null: a tenant without code has none in it.
  virtual Async<Ptr<domain::TenantScripts>> scripts(domain::TenantId) = 0;
  // Never null: who delivers mails and phone messages, with their secrets.
  virtual Async<Ptr<domain::NotificationProviders>> notification_providers(domain::TenantId) = 0;
  // Also disabled ones. Never null.
  virtual Async<Ptr<std::vector<domain::EventStream>>> event_streams(domain::TenantId) = 0;
  // Afterwards every change of the tenant's values that was committed before the call is seen. One that
  // remembers nothing has nothing to do. A store that is away leaves what is known.
  virtual Async<> catch_up(domain::TenantId) { co_return Result<>(); }
};

}  // namespace durward::ports
