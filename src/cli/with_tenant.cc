#include "cli/with_tenant.h"

#include "base/executor.h"

namespace durward::cli {
namespace {

Result<std::string> only_tenant(ports::Services& services) {
  TRY(const auto tenants, run_sync(services.tenants.list("", 2)));
  if (tenants.size() == 1) return tenants[0].name;
  if (tenants.empty())
    return fail(ErrorKind::not_found, "inexistent_tenant",
                "There is no tenant; durward tenant create makes one.");
  return fail(ErrorKind::invalid, usage_code, "There are several tenants; name one with --tenant.");
}

}  // namespace

std::string host_of(const Invocation& invocation, std::string_view tenant) {
  if (invocation.has("host")) return invocation.value("host");
  const auto listen = server::listeners(invocation.settings);
  return server::tenant_host(invocation.settings, tenant,
                             listen && listen->front().port ? listen->front().port : 443);
}

Result<json::Value> TenantScene::call(http::Method method, std::string path, json::Value body) const {
  return run_sync(installation->api.call(place, method, std::move(path), std::move(body)));
}

Result<TenantScene> open_tenant(const Invocation& invocation, std::optional<std::string> name) {
  TenantScene scene;
  TRY(scene.installation, server::Installation::open(invocation.settings));
  if (!name && invocation.has("tenant")) name = invocation.value("tenant");
  if (!name) {
    TRY(name, only_tenant(scene.services()));
  }
  TRY(scene.place, run_sync(scene.installation->provisioner.find(*name, host_of(invocation, *name))));
  return scene;
}

}  // namespace durward::cli
