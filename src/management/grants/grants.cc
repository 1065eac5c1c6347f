#include "management/grants/grants.h"

#include "management/support/audit.h"
#include "management/support/replies.h"

namespace durward::management::grants {

namespace {

using endpoint::Field;
using endpoint::RateClass;
using endpoint::Type;

constexpr Field grant_fields[] = {
    {.path = "id"},
    {.path = "clientID"},
    {.path = "user_id"},
    {.path = "audience"},
    {.path = "scope", .type = Type::array},
};
const endpoint::Schema& grant_schema() {
  static const endpoint::Schema schema("Grant", grant_fields);
  return schema;
}

json::Object render(const domain::Grant& grant) {
  return {{"id", grant.id},
          {"clientID", grant.client_id},
          {"user_id", grant.user_id},
          {"audience", grant.audience},
          {"scope", json::array_of(grant.scope)}};
}

Async<Reply> list(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query, {.checkpoint = false}));
  ports::GrantQuery query{.user_id = call.query.get_or("user_id"),
                          .client_id = call.query.get_or("client_id"),
                          .audience = call.query.get("audience"),
                          .offset = paging.offset(),
                          .limit = paging.limit(),
                          .want_total = paging.shape == endpoint::ListShape::totals};
  CO_TRY(auto page, co_await services.grants.list(call.tenant(), std::move(query)));
  json::Array out;
  for (const auto& grant : page.grants) out.push_back(render(grant));
  co_return ok(endpoint::render_list(paging, "grants", std::move(out), page.total, {}));
}

// Without consent there is nothing left that a refresh token could stand on.
Async<Reply> remove(const ports::Services& services, Call call) {
  const std::string id = call.parameter("id");
  ports::GrantPage found;
  if (!id.empty()) {
    CO_TRY(found, co_await services.grants.list(call.tenant(), {.id = id, .limit = 1}));
  }
  ports::Writes writes;
  writes.push_back(ports::RemoveGrant{id});
  for (const auto& grant : found.grants)
    writes.push_back(ports::RevokeRefreshTokensOf{grant.user_id, grant.client_id, grant.audience});
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return no_content();
}

Async<Reply> remove_of_user(const ports::Services& services, Call call) {
  const std::string user_id = call.query.get_or("user_id");
  ports::Writes writes;
  writes.push_back(ports::RemoveGrantsOf{user_id});
  writes.push_back(ports::RevokeRefreshTokensOf{user_id, {}, {}});
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return no_content();
}

}  // namespace

std::vector<endpoint::Endpoint> rows(const ports::Services& services) {
  using http::Method;
  return {
      {.id = "list_grants",
       .method = Method::get,
       .path = "/api/v2/grants",
       .tag = "grants",
       .summary = "List consent grants of users",
       .scopes = {"read:grants"},
       .rate = RateClass::management_read,
       .query = {{.name = "user_id"}, {.name = "client_id"}, {.name = "audience"}},
       .reply = &grant_schema(),
       .handler = handler<list>(services)},
      {.id = "delete_grants_of_user",
       .method = Method::delete_,
       .path = "/api/v2/grants",
       .tag = "grants",
       .summary = "Delete all consent grants of a user",
       .scopes = {"delete:grants"},
       .rate = RateClass::management_write,
       .success = 204,
       .query = {{.name = "user_id", .flags = endpoint::required, .min = 1, .max = 300}},
       .handler = handler<remove_of_user>(services)},
      {.id = "delete_grant",
       .method = Method::delete_,
       .path = "/api/v2/grants/{id}",
       .tag = "grants",
       .summary = "Delete a consent grant",
       .scopes = {"delete:grants"},
       .rate = RateClass::management_write,
       .success = 204,
       .handler = handler<remove>(services)},
  };
}

}  // namespace durward::management::grants
