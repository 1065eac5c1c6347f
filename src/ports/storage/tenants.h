#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "domain/tenant.h"

namespace durward::ports {

// The only port that reaches across tenants: it is how a host becomes a tenant, and what operators' commands
// use.
class Tenants {
 public:
  virtual ~Tenants() = default;
  // `sealed_key` is the tenant's data key under the master key. conflict/"tenant_exists".
  virtual Async<domain::Tenant> create(std::string name, std::string sealed_key, TimePoint at) = 0;
  virtual Async<std::optional<domain::Tenant>> find_by_name(std::string name) = 0;
  virtual Async<std::optional<domain::Tenant>> find(domain::TenantId) = 0;
  virtual Async<std::vector<domain::Tenant>> list(std::string after_name, int64_t limit) = 0;
  virtual Async<int64_t> count() = 0;
  virtual Async<std::string> sealed_key(domain::TenantId) = 0;
  // Grows with every change of a configuration document of the tenant: what caches compare (docs/
  // architecture.md).
  virtual Async<int64_t> configuration_version(domain::TenantId) = 0;
  // Removes the tenant with everything it owns. not_found.
  virtual Async<> remove(domain::TenantId) = 0;
};

}  // namespace durward::ports
