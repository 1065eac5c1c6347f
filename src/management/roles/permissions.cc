#include <map>
#include <set>

#include "management/resource_servers/document.h"
#include "management/roles/roles.h"

namespace durward::management::roles {
namespace {

using endpoint::required;
using endpoint::Type;

constexpr endpoint::Field fields[] = {
    {.path = "permissions", .type = Type::array, .flags = required, .min = 1, .max = 1000},
    {.path = "permissions[].resource_server_identifier", .flags = required, .min = 1, .max = 600},
    {.path = "permissions[].permission_name", .flags = required, .min = 1, .max = 280},
};

using Scopes = std::map<std::string, std::string>;  // value -> description

Scopes scopes_of(const json::Object& api) {
  Scopes out;
  if (const auto* scopes = json::array(api, "scopes"))
    for (const auto& item : *scopes)
      if (const auto* scope = item.if_object())
        out[json::string_or(*scope, "value")] = json::string_or(*scope, "description");
  return out;
}

// One read of each API that is named, however many of its permissions are.
struct Api {
  std::string name;
  Scopes scopes;
};

Async<std::map<std::string, Api>> read_apis(const ports::Services& services, domain::TenantId tenant,
                                            std::vector<ports::Permission> permissions) {
  std::map<std::string, Api> out;
  for (const auto& permission : permissions) {
    const auto& identifier = permission.resource_server_identifier;
    if (out.contains(identifier)) continue;
    CO_TRY(auto found, co_await services.documents.find_by(tenant, resource_servers::resource.collection,
                                                           "identifier", identifier));
    if (!found) continue;
    const auto api = resource_servers::with_scopes(std::move(found->body));
    out[identifier] = {json::string_or(api, "name"), scopes_of(api)};
  }
  co_return out;
}

}  // namespace

const endpoint::Schema& permissions_schema() {
  static const endpoint::Schema made("Permissions", fields);
  return made;
}

std::vector<ports::Permission> permissions_of(const json::Object& body) {
  std::vector<ports::Permission> out;
  for (const auto& item : body.at("permissions").as_array()) {
    const auto& row = item.as_object();
    out.push_back(
        {json::string_or(row, "resource_server_identifier"), json::string_or(row, "permission_name")});
  }
  return out;
}

Async<> check_permissions(const ports::Services& services, endpoint::RequestContext context,
                          std::vector<ports::Permission> permissions) {
  CO_TRY(const auto apis, co_await read_apis(services, context.tenant->id, permissions));
  for (const auto& permission : permissions) {
    const auto api = apis.find(permission.resource_server_identifier);
    if (api == apis.end()) co_return std::unexpected(resource_servers::resource.missing);
    if (!api->second.scopes.contains(permission.permission_name))
      co_return invalid_body("The permission " + permission.permission_name + " does not exist in the API " +
                             permission.resource_server_identifier + ".");
  }
  co_return Result<>{};
}

Async<json::Array> render_permissions(const ports::Services& services, domain::TenantId tenant,
                                      std::vector<ports::Permission> permissions) {
  CO_TRY(const auto apis, co_await read_apis(services, tenant, permissions));
  json::Array out;
  for (const auto& permission : permissions) {
    const auto api = apis.find(permission.resource_server_identifier);
    if (api == apis.end()) continue;  // the API is gone, and its permissions with it
    const auto scope = api->second.scopes.find(permission.permission_name);
    if (scope == api->second.scopes.end()) continue;
    json::Object row;
    row["permission_name"] = permission.permission_name;
    row["description"] = scope->second;
    row["resource_server_name"] = api->second.name;
    row["resource_server_identifier"] = permission.resource_server_identifier;
    out.push_back(std::move(row));
  }
  co_return out;
}

}  // namespace durward::management::roles
