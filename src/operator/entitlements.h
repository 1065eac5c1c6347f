#pragma once
#include <string>
#include <vector>

#include "base/task.h"
#include "endpoint/endpoint.h"

namespace durward::operators {

// What the installation grants a tenant. `asked` is for the records of who did what. Thread-safe.
class TenantEntitlements {
 public:
  virtual ~TenantEntitlements() = default;
  // {} when nothing was ever granted. Both fail with not_found/"inexistent_tenant".
  virtual Async<json::Object> entitlements(std::string name) = 0;
  // A checked merge patch; answers the whole.
  virtual Async<json::Object> entitle(std::string name, json::Object patch, endpoint::Call asked) = 0;
};

// {"rate_profile","rate_limits","password_scheme"}: unknown members, limits that the table of
// domain/rate_limits.h does not have, and the same one twice are invalid/"invalid_body".
Result<> check_entitlements(json::Object& patch);

// GET and PATCH /operator/v1/tenants/{name}/entitlements. `entitlements` outlives the rows. Scopes:
// read:tenants, update:tenants.
std::vector<endpoint::Endpoint> entitlement_rows(TenantEntitlements& entitlements);

}  // namespace durward::operators
