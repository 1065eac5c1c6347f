#pragma once
#include "operator/entitlements.h"
#include "operator/tenants.h"
#include "server/provision.h"

namespace durward::server {

// The operator's API on this installation: who did what is in the process log, and for what remains in the
// log of the tenant too. Thread-safe; what it is given outlives it.
class TenantOffice : public operators::Tenants, public operators::TenantEntitlements {
 public:
  // `domain_of` is the authority that a tenant is reached at unless its creation named one.
  TenantOffice(ports::Services& services, const InternalApi& api, Provisioner& provisioner,
               std::function<std::string(std::string_view name)> domain_of)
      : services_(services), api_(api), provisioner_(provisioner), domain_of_(std::move(domain_of)) {}

  Async<operators::MadeTenant> create(operators::NewTenant wanted, endpoint::Call asked) override;
  Async<std::vector<domain::Tenant>> list(std::string after_name, int64_t limit) override;
  Async<operators::TenantView> find(std::string name) override;
  Async<operators::TenantView> rename(std::string name, std::string friendly_name,
                                      endpoint::Call asked) override;
  Async<> remove(std::string name, endpoint::Call asked) override;
  Async<json::Object> entitlements(std::string name) override;
  Async<json::Object> entitle(std::string name, json::Object patch, endpoint::Call asked) override;

 private:
  Async<domain::Tenant> tenant(std::string name) const;
  ports::Services& services_;
  const InternalApi& api_;
  Provisioner& provisioner_;
  const std::function<std::string(std::string_view)> domain_of_;
};

}  // namespace durward::server
