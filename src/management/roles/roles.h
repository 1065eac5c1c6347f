#pragma once
#include "management/support/documents.h"

// Roles with their permissions and users (Auth0 Management API).
namespace durward::management::roles {

extern const Resource resource;

std::vector<Endpoint> rows(const ports::Services& services);

// {"permissions":[{"resource_server_identifier","permission_name"}]}, of a body that permissions_schema()
// accepted.
const endpoint::Schema& permissions_schema();
std::vector<ports::Permission> permissions_of(const json::Object& body);
// Refuses permissions that no API of the tenant has: invalid/"invalid_body" or 404.
Async<> check_permissions(const ports::Services& services, endpoint::RequestContext context,
                          std::vector<ports::Permission> permissions);
// permission_name, description, resource_server_name, resource_server_identifier.
Async<json::Array> render_permissions(const ports::Services& services, domain::TenantId tenant,
                                      std::vector<ports::Permission> permissions);

}  // namespace durward::management::roles
