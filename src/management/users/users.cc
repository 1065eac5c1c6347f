#include "management/users/users.h"

#include "management/users/fields.h"
#include "management/users/handlers.h"

namespace durward::management::users {

namespace {

using endpoint::Endpoint;
using endpoint::QueryField;
using endpoint::RateClass;
using endpoint::Type;
using http::Method;

template <auto Function>
endpoint::ManagementHandler with_options(const ports::Services& services, Options options) {
  return [&services, options = std::move(options)](Call call) {
    return Function(services, options, std::move(call));
  };
}

const std::string base = "/api/v2/users", one = "/api/v2/users/{id}";

std::vector<QueryField> search_query() {
  return fields_query({{.name = "q", .max = 4096},
                       {.name = "search_engine"},
                       {.name = "sort", .max = 100},
                       {.name = "connection"},
                       {.name = "primary_order", .type = Type::boolean}});
}

void add_crud(std::vector<Endpoint>& rows, const ports::Services& services, const Options& options) {
  rows.push_back({.id = "list_users",
                  .method = Method::get,
                  .path = base,
                  .tag = "users",
                  .summary = "List or search users",
                  .scopes = {"read:users", "read:user_idp_tokens"},
                  .rate = RateClass::management_read,
                  .query = search_query(),
                  .reply = &user_schema(),
                  .handler = handler<list>(services)});
  rows.push_back(
      {.id = "list_users_by_email",
       .method = Method::get,
       .path = "/api/v2/users-by-email",
       .tag = "users-by-email",
       .summary = "Find users by email address",
       .scopes = {"read:users"},
       .rate = RateClass::management_read,
       .query = fields_query({{.name = "email", .flags = endpoint::required, .min = 1, .max = 254}}),
       .reply = &user_schema(),
       .handler = handler<by_email>(services)});
  rows.push_back({.id = "create_user",
                  .method = Method::post,
                  .path = base,
                  .tag = "users",
                  .summary = "Create a User",
                  .scopes = {"create:users"},
                  .rate = RateClass::management_write,
                  .success = 201,
                  .body = &create_schema(),
                  .reply = &user_schema(),
                  .handler = with_options<create>(services, options)});
  rows.push_back({.id = "get_user",
                  .method = Method::get,
                  .path = one,
                  .tag = "users",
                  .summary = "Get a User",
                  .scopes = {"read:users", "read:current_user", "read:user_idp_tokens"},
                  .rate = RateClass::management_read,
                  .query = fields_query(),
                  .reply = &user_schema(),
                  .handler = handler<get>(services)});
  rows.push_back({.id = "update_user",
                  .method = Method::patch,
                  .path = one,
                  .tag = "users",
                  .summary = "Update a User",
                  .scopes = {"update:users", "update:users_app_metadata", "update:current_user_metadata"},
                  .rate = RateClass::management_write,
                  .body = &update_schema(),
                  .reply = &user_schema(),
                  .handler = with_options<update>(services, options)});
  rows.push_back({.id = "delete_user",
                  .method = Method::delete_,
                  .path = one,
                  .tag = "users",
                  .summary = "Delete a User",
                  .scopes = {"delete:users", "delete:current_user"},
                  .rate = RateClass::management_write,
                  .success = 204,
                  .handler = handler<remove>(services)});
}

void add_identities(std::vector<Endpoint>& rows, const ports::Services& services, const Options& options) {
  rows.push_back({.id = "link_identity",
                  .method = Method::post,
                  .path = one + "/identities",
                  .tag = "users",
                  .summary = "Link a User Account",
                  .scopes = {"update:users", "update:current_user_identities"},
                  .rate = RateClass::management_write,
                  .success = 201,
                  .body = &link_schema(),
                  .handler = handler<link>(services)});
  rows.push_back({.id = "unlink_identity",
                  .method = Method::delete_,
                  .path = one + "/identities/{provider}/{user_id}",
                  .tag = "users",
                  .summary = "Unlink a User Identity",
                  .scopes = {"update:users", "update:current_user_identities"},
                  .rate = RateClass::management_write,
                  .handler = with_options<unlink>(services, options)});
}

// Rows that differ in a few words only.
struct Short {
  const char *id, *path;
  Method method;
  const char* summary;
  std::vector<std::string> scopes;
  int success;
  Async<Reply> (*function)(const ports::Services&, Call);
  const endpoint::Schema* body = nullptr;
  std::vector<QueryField> query = {};
};

std::vector<Short> role_rows() {
  const QueryField api{
      .name = "resource_server_identifier", .flags = endpoint::required, .min = 1, .max = 600};
  const QueryField permission{.name = "permission_name", .flags = endpoint::required, .min = 1, .max = 280};
  return {
      {"list_user_roles",
       "/roles",
       Method::get,
       "Get a user's roles",
       {"read:users", "read:roles", "read:role_members"},
       200,
       list_roles},
      {"add_user_roles",
       "/roles",
       Method::post,
       "Assign roles to a user",
       {"update:users", "create:role_members"},
       204,
       add_roles,
       &roles_schema()},
      {"remove_user_roles",
       "/roles",
       Method::delete_,
       "Remove roles from a user",
       {"update:users", "delete:role_members"},
       204,
       remove_roles,
       &roles_schema()},
      {"list_user_permissions",
       "/permissions",
       Method::get,
       "Get a user's permissions",
       {"read:users"},
       200,
       list_permissions},
      {"add_user_permissions",
       "/permissions",
       Method::post,
       "Assign permissions to a user",
       {"update:users"},
       201,
       add_permissions,
       &permissions_schema()},
      {"remove_user_permissions",
       "/permissions",
       Method::delete_,
       "Remove permissions from a user",
       {"update:users"},
       204,
       remove_permissions,
       &permissions_schema()},
      {"list_user_effective_roles",
       "/effective-roles",
       Method::get,
       "List effective roles of a user",
       {"read:user_effective_roles"},
       200,
       effective_roles},
      {"list_user_effective_permissions",
       "/effective-permissions",
       Method::get,
       "List effective permissions of a user",
       {"read:user_effective_permissions"},
       200,
       effective_permissions,
       nullptr,
       {api}},
      {"list_user_permission_roles",
       "/effective-permissions/sources/effective-roles",
       Method::get,
       "List roles that give a user a permission",
       {"read:user_permission_source_roles"},
       200,
       permission_roles,
       nullptr,
       {api, permission}},
      {"list_user_role_groups",
       "/effective-roles/sources/groups",
       Method::get,
       "List groups that give a user a role",
       {"read:user_role_source_groups"},
       200,
       empty_groups,
       nullptr,
       {{.name = "role_id", .flags = endpoint::required, .min = 1, .max = 64}}},
  };
}

std::vector<Short> access_rows() {
  return {
      {"list_user_logs",
       "/logs",
       Method::get,
       "Get user's log events",
       {"read:logs", "read:logs_users"},
       200,
       list_logs,
       nullptr,
       {{.name = "sort"}}},
      {"revoke_user_access",
       "/revoke-access",
       Method::post,
       "Revoke selected resources from a user",
       {"delete:sessions", "delete:refresh_tokens"},
       202,
       revoke_access},
  };
}

// Where the reference names the parameter {user_id}.
std::vector<Short> user_id_rows() {
  return {
      {"list_user_sessions",
       "/sessions",
       Method::get,
       "Get user's sessions",
       {"read:sessions"},
       200,
       list_sessions},
      {"delete_user_sessions",
       "/sessions",
       Method::delete_,
       "Delete user's sessions",
       {"delete:sessions"},
       202,
       remove_sessions},
      {"list_user_refresh_tokens",
       "/refresh-tokens",
       Method::get,
       "Get user's refresh tokens",
       {"read:refresh_tokens"},
       200,
       list_refresh_tokens},
      {"delete_user_refresh_tokens",
       "/refresh-tokens",
       Method::delete_,
       "Delete user's refresh tokens",
       {"delete:refresh_tokens"},
       202,
       remove_refresh_tokens},
  };
}

std::vector<Short> empty_rows() {
  return {
      {"list_user_enrollments",
       "/enrollments",
       Method::get,
       "Get the user's confirmed MFA enrollments",
       {"read:users", "read:current_user"},
       200,
       empty_array},
      {"list_user_authentication_methods",
       "/authentication-methods",
       Method::get,
       "Get a list of authentication methods",
       {"read:authentication_methods"},
       200,
       empty_authentication_methods},
      {"delete_user_authentication_methods",
       "/authentication-methods",
       Method::delete_,
       "Delete all authentication methods of a user",
       {"delete:authentication_methods"},
       204,
       nothing_to_remove},
      {"delete_user_authenticators",
       "/authenticators",
       Method::delete_,
       "Delete all authenticators of a user",
       {"delete:guardian_enrollments"},
       204,
       nothing_to_remove},
      {"delete_user_multifactor",
       "/multifactor/{provider}",
       Method::delete_,
       "Delete a user's multi-factor provider",
       {"update:users"},
       204,
       nothing_to_remove},
      {"invalidate_user_remembered_browsers",
       "/multifactor/actions/invalidate-remember-browser",
       Method::post,
       "Forget all remembered MFA browsers of a user",
       {"update:users"},
       204,
       nothing_to_remove},
      {"clear_user_risk_assessors",
       "/risk-assessments/clear",
       Method::post,
       "Clear risk assessors of a user",
       {"update:users"},
       204,
       nothing_to_remove,
       &assessors_schema()},
      {"list_user_organizations",
       "/organizations",
       Method::get,
       "List a user's organizations",
       {"read:organizations"},
       200,
       empty_organizations},
      {"list_user_groups",
       "/groups",
       Method::get,
       "List a user's groups",
       {"read:groups"},
       200,
       empty_groups},
      {"list_user_connected_accounts",
       "/connected-accounts",
       Method::get,
       "List a user's connected accounts",
       {"read:users"},
       200,
       empty_connected_accounts},
      {"list_user_token_sets",
       "/federated-connections-tokensets",
       Method::get,
       "List a user's federated token sets",
       {"read:federated_connections_tokens"},
       200,
       empty_array},
      {"delete_user_token_set",
       "/federated-connections-tokensets/{tokenset_id}",
       Method::delete_,
       "Delete a federated token set of a user",
       {"delete:federated_connections_tokens"},
       204,
       nothing_to_remove},
  };
}

std::vector<Short> block_rows() {
  const QueryField identifier{.name = "identifier", .flags = endpoint::required, .min = 1, .max = 300};
  return {
      {"list_blocks_of_identifier",
       "",
       Method::get,
       "Get blocks by identifier",
       {"read:users"},
       200,
       empty_blocks_of_identifier,
       nullptr,
       {identifier}},
      {"delete_blocks_of_identifier",
       "",
       Method::delete_,
       "Unblock by identifier",
       {"update:users"},
       204,
       no_blocks_of_identifier,
       nullptr,
       {identifier}},
      {"list_blocks_of_user", "/{id}", Method::get, "Get a user's blocks", {"read:users"}, 200, empty_blocks},
      {"delete_blocks_of_user",
       "/{id}",
       Method::delete_,
       "Unblock a user",
       {"update:users"},
       204,
       nothing_to_remove},
  };
}

void add_short(std::vector<Endpoint>& rows, const ports::Services& services, std::vector<Short> table,
               const std::string& prefix, const char* tag = "users") {
  for (auto& row : table)
    rows.push_back(
        {.id = row.id,
         .method = row.method,
         .path = prefix + row.path,
         .tag = tag,
         .summary = row.summary,
         .scopes = std::move(row.scopes),
         .rate = row.method == Method::get ? RateClass::management_read : RateClass::management_write,
         .success = row.success,
         .body = row.body,
         .query = std::move(row.query),
         .handler = [&services, function = row.function](Call call) {
           return function(services, std::move(call));
         }});
}

}  // namespace

std::vector<Endpoint> rows(const ports::Services& services) { return rows(services, Options()); }

std::vector<Endpoint> rows(const ports::Services& services, Options options) {
  std::vector<Endpoint> out;
  add_crud(out, services, options);
  add_identities(out, services, options);
  add_short(out, services, role_rows(), one);
  add_short(out, services, access_rows(), one);
  add_short(out, services, empty_rows(), one);
  add_short(out, services, user_id_rows(), base + "/{user_id}");
  add_short(out, services, block_rows(), "/api/v2/user-blocks", "user-blocks");
  return out;
}

}  // namespace durward::management::users
