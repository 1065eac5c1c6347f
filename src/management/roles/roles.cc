#include "management/roles/roles.h"

#include <algorithm>

#include "base/encoding.h"

namespace durward::management::roles {
namespace {

using endpoint::required;
using endpoint::Type;

constexpr endpoint::Field role_fields[] = {
    {.path = "id", .flags = endpoint::read_only},
    {.path = "name", .flags = required, .min = 1, .max = 50, .doc = "Name of the role"},
    {.path = "description", .max = 1000},
    {.path = "type", .flags = endpoint::create_only, .values = "tenant organization"},
    {.path = "owner_id", .flags = endpoint::create_only},
};
constexpr endpoint::Field users_fields[] = {
    {.path = "users", .type = Type::array, .flags = required, .min = 1, .max = 1000},
    {.path = "users[]", .min = 1, .max = 255},
};

const endpoint::Schema& role_schema() {
  static const endpoint::Schema made("Role", role_fields);
  return made;
}
const endpoint::Schema& users_schema() {
  static const endpoint::Schema made("RoleUsers", users_fields);
  return made;
}

std::vector<ports::DocumentKey> document_keys(const json::Object& body) {
  return {{"name", to_lower(json::string_or(body, "name")), true}};
}

json::Value nothing() { return json::Object(); }

// ---- roles

Async<Reply> list_filtered(const ports::Services& services, Call call, endpoint::Paging paging) {
  const std::string wanted = to_lower(call.query.get_or("name_filter"));
  CO_TRY(const auto documents, co_await all(services, resource, call.tenant()));
  json::Array items;
  for (const auto& document : documents)
    if (to_lower(json::string_or(document.body, "name")).find(wanted) != std::string::npos)
      items.push_back(document.body);
  co_return sliced_reply(std::move(items), paging, resource.plural);
}

Async<Reply> list(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query));
  if (!call.query.get_or("name_filter").empty())
    co_return co_await list_filtered(services, std::move(call), paging);
  CO_TRY(auto found, co_await page(services, resource, call.tenant(), {}, paging));
  co_return ok_page(resource, paging, std::move(found));
}

Async<Reply> read(const ports::Services& services, Call call) {
  CO_TRY(auto document, co_await load(services, resource, call.tenant(), call.parameter("id")));
  co_return ok(std::move(document.body));
}

Async<Reply> create(const ports::Services& services, Call call) {
  json::Object body;
  body["id"] = "rol_" + services.random.base62(16);
  for (const auto& member : call.object()) body[member.key()] = member.value();
  if (!body.contains("description")) body["description"] = "";
  CO_ENSURE(co_await insert(services, resource, call.tenant(), body, {api_record(services, call)}));
  co_return ok(std::move(body));
}

Async<Reply> change(const ports::Services& services, Call call) {
  CO_TRY(auto body, co_await update(services, resource, call.tenant(), call.parameter("id"),
                                    merging(call.object()), {api_record(services, call)}));
  co_return ok(std::move(body));
}

// Unlike most, a role that is not there is 404 here (as recorded from Auth0).
Async<Reply> destroy(const ports::Services& services, Call call) {
  const std::string id = call.parameter("id");
  ports::Writes more = {ports::RemoveRoleAssignments{id}, api_record(services, call)};
  CO_TRY(const bool removed, co_await remove(services, resource, call.tenant(), id, std::move(more)));
  if (!removed) co_return std::unexpected(resource.missing);
  co_return ok(nothing());
}

// ---- permissions

Async<Reply> list_permissions(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query));
  const std::string id = call.parameter("id");
  CO_ENSURE(co_await load(services, resource, call.tenant(), id));
  CO_TRY(auto permissions, co_await services.assignments.permissions_of_role(call.tenant(), id));
  CO_TRY(auto items, co_await render_permissions(services, call.tenant(), std::move(permissions)));
  co_return sliced_reply(std::move(items), paging, "permissions");
}

Async<Reply> add_permissions(const ports::Services& services, Call call) {
  const std::string id = call.parameter("id");
  CO_ENSURE(co_await load(services, resource, call.tenant(), id));
  const auto permissions = permissions_of(call.object());
  CO_ENSURE(co_await check_permissions(services, call.context, permissions));
  ports::Writes writes;
  for (const auto& permission : permissions) writes.push_back(ports::AddRolePermission{id, permission});
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return ok(nothing());
}

Async<Reply> remove_permissions(const ports::Services& services, Call call) {
  const std::string id = call.parameter("id");
  CO_ENSURE(co_await load(services, resource, call.tenant(), id));
  ports::Writes writes;
  for (const auto& permission : permissions_of(call.object()))
    writes.push_back(ports::RemoveRolePermission{id, permission});
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return no_content();
}

// ---- users

json::Object render_user(const domain::User& user) {
  json::Object out;
  out["user_id"] = user.user_id;
  for (const char* name : {"email", "picture", "name"}) out[name] = json::string_or(user.profile, name);
  return out;
}

Async<Reply> list_users(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query, {.records_max = 1000}));
  const std::string id = call.parameter("id");
  CO_ENSURE(co_await load(services, resource, call.tenant(), id));
  ports::UserQuery query{.offset = paging.offset(), .limit = paging.limit()};
  query.want_total = paging.shape == endpoint::ListShape::totals;
  query.may_be_stale = true;
  if (paging.shape == endpoint::ListShape::checkpoint) {
    query.offset = 0;
    query.after = paging.from;
  }
  CO_TRY(const auto found, co_await services.assignments.users_of_role(call.tenant(), id, std::move(query)));
  json::Array items;
  for (const auto& user : found.users) items.push_back(render_user(user));
  co_return ok(endpoint::render_list(paging, "users", std::move(items), found.total, found.next));
}

Async<Reply> add_users(const ports::Services& services, Call call) {
  const std::string id = call.parameter("id");
  CO_ENSURE(co_await load(services, resource, call.tenant(), id));
  ports::Writes writes;
  for (const auto& user : json::strings(call.object(), "users")) {
    CO_TRY(const auto found, co_await services.users.find(call.tenant(), user));
    if (!found) co_return fail(ErrorKind::not_found, "inexistent_user", "The user does not exist.");
    writes.push_back(ports::AddUserRole{user, id});
  }
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return ok(nothing());
}

std::vector<Endpoint> sub_rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string one = "/api/v2/roles/{id}";
  return {
      {.id = "list_role_permissions",
       .method = get,
       .path = one + "/permissions",
       .tag = "roles",
       .summary = "Get permissions granted by role",
       .scopes = {"read:roles"},
       .rate = management_read,
       .handler = handler<list_permissions>(services)},
      {.id = "add_role_permissions",
       .method = post,
       .path = one + "/permissions",
       .tag = "roles",
       .summary = "Associate permissions with a role",
       .scopes = {"update:roles"},
       .rate = management_write,
       .success = 201,
       .body = &permissions_schema(),
       .handler = handler<add_permissions>(services)},
      {.id = "remove_role_permissions",
       .method = delete_,
       .path = one + "/permissions",
       .tag = "roles",
       .summary = "Remove permissions from a role",
       .scopes = {"update:roles"},
       .rate = management_write,
       .success = 204,
       .body = &permissions_schema(),
       .handler = handler<remove_permissions>(services)},
      {.id = "list_role_users",
       .method = get,
       .path = one + "/users",
       .tag = "roles",
       .summary = "Get a role's users",
       .scopes = {"read:users", "read:roles", "read:role_members"},
       .rate = management_read,
       .handler = handler<list_users>(services)},
      {.id = "add_role_users",
       .method = post,
       .path = one + "/users",
       .tag = "roles",
       .summary = "Assign users to a role",
       .scopes = {"update:roles", "create:role_members"},
       .rate = management_write,
       .body = &users_schema(),
       .handler = handler<add_users>(services)},
  };
}

}  // namespace

const Resource resource = {
    .collection = ports::Collection::roles,
    .id_member = "id",
    .plural = "roles",
    .missing = {ErrorKind::not_found, "", "The role does not exist."},
    .taken = {ErrorKind::conflict, "role_conflict", "A role with the same name already exists."},
    .keys = document_keys,
};

std::vector<Endpoint> rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string base = "/api/v2/roles", one = base + "/{id}";
  const auto* schema = &role_schema();
  std::vector<Endpoint> out = {
      {.id = "list_roles",
       .method = get,
       .path = base,
       .tag = "roles",
       .summary = "Get roles",
       .scopes = {"read:roles"},
       .rate = management_read,
       .query = {{.name = "name_filter", .max = 200}},
       .reply = schema,
       .handler = handler<list>(services)},
      {.id = "create_role",
       .method = post,
       .path = base,
       .tag = "roles",
       .summary = "Create a role",
       .scopes = {"create:roles"},
       .rate = management_write,
       .body = schema,
       .reply = schema,
       .handler = handler<create>(services)},
      {.id = "get_role",
       .method = get,
       .path = one,
       .tag = "roles",
       .summary = "Get a role",
       .scopes = {"read:roles"},
       .rate = management_read,
       .reply = schema,
       .handler = handler<read>(services)},
      {.id = "update_role",
       .method = patch,
       .path = one,
       .tag = "roles",
       .summary = "Update a role",
       .scopes = {"update:roles"},
       .rate = management_write,
       .body = schema,
       .reply = schema,
       .handler = handler<change>(services)},
      {.id = "delete_role",
       .method = delete_,
       .path = one,
       .tag = "roles",
       .summary = "Delete a role",
       .scopes = {"delete:roles"},
       .rate = management_write,
       .handler = handler<destroy>(services)},
  };
  std::ranges::move(sub_rows(services), std::back_inserter(out));
  return out;
}

}  // namespace durward::management::roles
