// Roles and permissions of a user.
#include <algorithm>

#include "management/support/audit.h"
#include "management/users/handlers.h"

namespace durward::management::users {

namespace {

Async<json::Object> role_of(const ports::Services& services, domain::TenantId tenant, std::string role_id) {
  CO_TRY(auto role, co_await services.documents.find(tenant, ports::Collection::roles, role_id));
  if (!role) co_return fail(ErrorKind::not_found, "", "The role does not exist.");
  co_return json::Object{{"id", role->id},
                         {"name", json::string_or(role->body, "name")},
                         {"description", json::string_or(role->body, "description")}};
}

// A role that is gone since it was read is left out.
Async<json::Array> roles_of(const ports::Services& services, domain::TenantId tenant,
                            std::vector<std::string> ids) {
  json::Array out;
  for (const auto& id : ids) {
    auto role = co_await role_of(services, tenant, id);
    if (role)
      out.push_back(std::move(*role));
    else if (role.error().kind != ErrorKind::not_found)
      co_return std::unexpected(std::move(role).error());
  }
  co_return out;
}

Async<> check_user(const ports::Services& services, const Call& call) {
  CO_ENSURE(co_await load_user(services, call.tenant(), call.parameter("id")));
  co_return Result<>();
}

std::vector<ports::Permission> permissions_in(const Call& call) {
  std::vector<ports::Permission> out;
  for (const auto& item : *json::array(call.object(), "permissions"))
    out.push_back({json::string_or(item.get_object(), "resource_server_identifier"),
                   json::string_or(item.get_object(), "permission_name")});
  return out;
}

// What the API says about a permission.
Async<json::Object> described(const ports::Services& services, domain::TenantId tenant,
                              ports::Permission permission) {
  CO_TRY(auto api,
         co_await services.configuration.resource_server(tenant, permission.resource_server_identifier));
  std::string description;
  if (api)
    for (const auto& scope : api->scopes())
      if (scope.value == permission.permission_name) description = scope.description;
  co_return json::Object{{"permission_name", permission.permission_name},
                         {"description", description},
                         {"resource_server_name", api ? api->name : ""},
                         {"resource_server_identifier", permission.resource_server_identifier}};
}

Async<json::Array> sources_of(const ports::Services& services, domain::TenantId tenant,
                              ports::SourcedPermission permission) {
  json::Array out;
  if (permission.direct)
    out.push_back(json::Object{{"source_id", ""}, {"source_name", ""}, {"source_type", "DIRECT"}});
  CO_TRY(auto roles, co_await roles_of(services, tenant, permission.role_ids));
  for (const auto& role : roles)
    out.push_back(json::Object{
        {"source_id", role.at("id")}, {"source_name", role.at("name")}, {"source_type", "ROLE"}});
  co_return out;
}

Async<> check_permission(const ports::Services& services, domain::TenantId tenant,
                         ports::Permission permission) {
  CO_TRY(auto api,
         co_await services.configuration.resource_server(tenant, permission.resource_server_identifier));
  if (!api)
    co_return fail(ErrorKind::not_found, "inexistent_resource_server", "The resource server does not exist.");
  if (!api->has_scope(permission.permission_name))
    co_return fail(ErrorKind::invalid, "inexistent_permission",
                   "The resource server has no permission " + permission.permission_name + ".");
  co_return Result<>();
}

const endpoint::PagingRules checkpoint_only{.pages = false};

std::vector<std::string> sources_word(bool direct, bool roles) {
  std::vector<std::string> out;
  if (direct) out.push_back("direct");
  if (roles) out.push_back("roles");
  return out;
}

}  // namespace

Async<Reply> list_roles(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query, {.checkpoint = false}));
  CO_ENSURE(co_await check_user(services, call));
  CO_TRY(auto ids, co_await services.assignments.roles_of(call.tenant(), call.parameter("id")));
  CO_TRY(auto roles, co_await roles_of(services, call.tenant(), std::move(ids)));
  co_return sliced_reply(std::move(roles), paging, "roles");
}

Async<Reply> add_roles(const ports::Services& services, Call call) {
  CO_ENSURE(co_await check_user(services, call));
  ports::Writes writes;
  for (const auto& role_id : json::strings(call.object(), "roles")) {
    CO_ENSURE(co_await role_of(services, call.tenant(), role_id));
    writes.push_back(ports::AddUserRole{call.parameter("id"), role_id});
  }
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return no_content();
}

Async<Reply> remove_roles(const ports::Services& services, Call call) {
  CO_ENSURE(co_await check_user(services, call));
  ports::Writes writes;
  for (const auto& role_id : json::strings(call.object(), "roles"))
    writes.push_back(ports::RemoveUserRole{call.parameter("id"), role_id});
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return no_content();
}

Async<Reply> list_permissions(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query, {.checkpoint = false}));
  CO_ENSURE(co_await check_user(services, call));
  CO_TRY(auto permissions,
         co_await services.assignments.permissions_of(call.tenant(), call.parameter("id"), {}));
  json::Array out;
  for (const auto& permission : permissions) {
    CO_TRY(auto item, co_await described(services, call.tenant(), permission.permission));
    CO_TRY(auto sources, co_await sources_of(services, call.tenant(), permission));
    item["sources"] = std::move(sources);
    out.push_back(std::move(item));
  }
  co_return sliced_reply(std::move(out), paging, "permissions");
}

Async<Reply> add_permissions(const ports::Services& services, Call call) {
  CO_ENSURE(co_await check_user(services, call));
  ports::Writes writes;
  for (const auto& permission : permissions_in(call)) {
    CO_ENSURE(co_await check_permission(services, call.tenant(), permission));
    writes.push_back(ports::AddUserPermission{call.parameter("id"), permission});
  }
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return ok(json::Object());
}

Async<Reply> remove_permissions(const ports::Services& services, Call call) {
  CO_ENSURE(co_await check_user(services, call));
  ports::Writes writes;
  for (const auto& permission : permissions_in(call))
    writes.push_back(ports::RemoveUserPermission{call.parameter("id"), permission});
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return no_content();
}

Async<Reply> effective_roles(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query, checkpoint_only));
  CO_ENSURE(co_await check_user(services, call));
  CO_TRY(auto ids, co_await services.assignments.roles_of(call.tenant(), call.parameter("id")));
  CO_TRY(auto roles, co_await roles_of(services, call.tenant(), std::move(ids)));
  for (auto& role : roles) role.get_object()["sources"] = json::Array{"direct"};
  co_return sliced_reply(std::move(roles), paging, "roles");
}

Async<Reply> effective_permissions(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query, checkpoint_only));
  CO_ENSURE(co_await check_user(services, call));
  CO_TRY(auto permissions,
         co_await services.assignments.permissions_of(call.tenant(), call.parameter("id"),
                                                      call.query.get_or("resource_server_identifier")));
  json::Array out;
  for (const auto& permission : permissions) {
    CO_TRY(auto item, co_await described(services, call.tenant(), permission.permission));
    item["sources"] = json::array_of(sources_word(permission.direct, !permission.role_ids.empty()));
    out.push_back(std::move(item));
  }
  co_return sliced_reply(std::move(out), paging, "permissions");
}

Async<Reply> permission_roles(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query, checkpoint_only));
  CO_ENSURE(co_await check_user(services, call));
  CO_TRY(auto permissions,
         co_await services.assignments.permissions_of(call.tenant(), call.parameter("id"),
                                                      call.query.get_or("resource_server_identifier")));
  std::vector<std::string> ids;
  for (const auto& permission : permissions)
    if (permission.permission.permission_name == call.query.get_or("permission_name"))
      ids = permission.role_ids;
  CO_TRY(auto roles, co_await roles_of(services, call.tenant(), std::move(ids)));
  for (auto& role : roles) role.get_object()["sources"] = json::Array{"direct"};
  co_return sliced_reply(std::move(roles), paging, "roles");
}

}  // namespace durward::management::users
