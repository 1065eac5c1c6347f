#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "domain/tenant.h"
#include "endpoint/endpoint.h"

namespace durward::operators {

struct NewTenant {
  std::string name;           // a label of a host name; the table of fields says which
  std::string friendly_name;  // what people read
  std::string domain;  // authority it is reached at; empty: NAME.<base domain>, as this server knows it
};

struct TenantView {
  domain::Tenant tenant;
  std::string domain, friendly_name;
};

// Its management client: client credentials on API v2 with every scope.
struct MadeTenant {
  TenantView view;
  std::string client_id, client_secret;
};

// What the installation can do with tenants. `asked` is for the records of who did what. Thread-safe.
class Tenants {
 public:
  virtual ~Tenants() = default;
  virtual Async<MadeTenant> create(NewTenant wanted, endpoint::Call asked) = 0;  // conflict/"tenant_exists"
  virtual Async<std::vector<domain::Tenant>> list(std::string after_name, int64_t limit) = 0;
  // What follows fails with not_found/"inexistent_tenant".
  virtual Async<TenantView> find(std::string name) = 0;
  virtual Async<TenantView> rename(std::string name, std::string friendly_name, endpoint::Call asked) = 0;
  // With everything it owns; its sessions and tokens count nowhere from then on.
  virtual Async<> remove(std::string name, endpoint::Call asked) = 0;
};

// /operator/v1/tenants. `tenants` outlives the rows. Scopes: read:tenants, create:tenants, update:tenants,
// delete:tenants.
std::vector<endpoint::Endpoint> tenant_rows(Tenants& tenants);

}  // namespace durward::operators
