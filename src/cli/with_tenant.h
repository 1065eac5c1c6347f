#pragma once
#include <memory>

#include "cli/command.h"
#include "server/serve.h"

// What commands on one tenant begin with: the store, and the tenant of --tenant, of the argument, or the only
// one.
namespace durward::cli {

struct TenantScene {
  std::unique_ptr<server::Installation> installation;
  server::InternalApi::Place place;

  ports::Services& services() const { return installation->core->services(); }
  // One management request, awaited.
  Result<json::Value> call(http::Method method, std::string path, json::Value body = nullptr) const;
};

Result<TenantScene> open_tenant(const Invocation& invocation, std::optional<std::string> name);
// --host, else NAME.<base domain> with the port of the first listener.
std::string host_of(const Invocation& invocation, std::string_view tenant);

}  // namespace durward::cli
