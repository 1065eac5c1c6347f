#include "management/users/users.h"

#include "management/users/fields.h"
#include "management/users/handlers.h"
#include "management/users/tables.h"

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
