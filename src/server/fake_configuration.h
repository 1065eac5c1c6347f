#pragma once
#include <memory>
#include <string>
#include <vector>

#include "ports/testing/small_doors.h"

// For tests: tenants by name and one client, nothing else.
namespace durward::server {

using TenantPtr = std::shared_ptr<const domain::Tenant>;

class FakeConfiguration : public testing::UnchangedConfiguration {
 public:
  std::vector<TenantPtr> tenants;
  std::shared_ptr<const domain::Client> one_client;
  bool is_away = false;  // names of tenants cannot be looked up
  void add(std::string name) {
    tenants.push_back(
        std::make_shared<domain::Tenant>(domain::Tenant{{int64_t(tenants.size() + 1)}, std::move(name), {}}));
  }
  Async<TenantPtr> tenant_by_name(std::string name) override {
    if (is_away) co_return fail(ErrorKind::unavailable, "store_unavailable");
    for (const auto& tenant : tenants)
      if (tenant->name == name) co_return tenant;
    co_return nullptr;
  }
  Async<TenantPtr> only_tenant() override { co_return tenants.size() == 1 ? tenants[0] : nullptr; }
  Async<Ptr<domain::TenantSettings>> settings(domain::TenantId) override { co_return nullptr; }
  Async<Ptr<domain::Branding>> branding(domain::TenantId) override { co_return nullptr; }
  Async<Ptr<domain::Client>> client(domain::TenantId, std::string id) override {
    co_return one_client && one_client->client_id == id ? one_client : nullptr;
  }
  Async<Ptr<domain::ResourceServer>> resource_server(domain::TenantId, std::string) override {
    co_return nullptr;
  }
  Async<Ptr<domain::ClientGrant>> client_grant(domain::TenantId, std::string, std::string,
                                               std::string) override {
    co_return nullptr;
  }
  Async<Ptr<domain::Connection>> connection_by_name(domain::TenantId, std::string) override {
    co_return nullptr;
  }
  Async<Ptr<std::vector<domain::Connection>>> connections_of(domain::TenantId, std::string) override {
    co_return nullptr;
  }
  Async<Ptr<domain::KeySet>> keys(domain::TenantId) override { co_return nullptr; }
  std::vector<int64_t> caught_up;
  Async<> catch_up(domain::TenantId tenant) override {
    caught_up.push_back(tenant.value);
    co_return Result<>();
  }
};

}  // namespace durward::server
