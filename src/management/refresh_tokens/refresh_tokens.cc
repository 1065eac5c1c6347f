#include "management/refresh_tokens/refresh_tokens.h"

#include "crypto/hash.h"
#include "management/support/audit.h"
#include "management/support/replies.h"

namespace durward::management::refresh_tokens {

namespace {

using endpoint::Field;
using endpoint::RateClass;
using endpoint::Type;

constexpr Field revoke_fields[] = {
    {.path = "ids", .type = Type::array, .min = 1, .max = 100},
    {.path = "ids[]", .min = 1, .max = 30},
    {.path = "user_id", .min = 1, .max = 300},
    {.path = "client_id", .min = 1, .max = 64},
    {.path = "audience", .min = 1, .max = 600},
};
constexpr std::string_view metadata_member =
    "refresh_token_metadata";  // also its place in Authorization::extra

constexpr Field update_fields[] = {
    {.path = "refresh_token_metadata", .type = Type::map, .flags = endpoint::nullable, .max = 25},
    {.path = "refresh_token_metadata.*", .type = Type::any},
};
constexpr Field token_fields[] = {
    {.path = "id"},
    {.path = "user_id"},
    {.path = "created_at", .format = "date-time"},
    {.path = "idle_expires_at", .flags = endpoint::nullable, .format = "date-time"},
    {.path = "expires_at", .flags = endpoint::nullable, .format = "date-time"},
    {.path = "device", .type = Type::map},
    {.path = "client_id"},
    {.path = "session_id", .flags = endpoint::nullable},
    {.path = "rotating", .type = Type::boolean},
    {.path = "resource_servers", .type = Type::array},
    {.path = "resource_servers[].audience"},
    {.path = "resource_servers[].scopes"},
    {.path = "refresh_token_metadata", .type = Type::map, .flags = endpoint::nullable},
    {.path = "last_exchanged_at", .flags = endpoint::nullable, .format = "date-time"},
};
const endpoint::Schema& update_schema() {
  static const endpoint::Schema schema("RefreshTokenUpdate", update_fields);
  return schema;
}
const endpoint::Schema& revoke_schema() {
  static const endpoint::Schema schema("RefreshTokenRevocation", revoke_fields);
  return schema;
}
const endpoint::Schema& token_schema() {
  static const endpoint::Schema schema("RefreshToken", token_fields, true);
  return schema;
}

json::Value time_or_null(const std::optional<TimePoint>& at) {
  return at ? json::Value(to_iso8601(*at)) : json::Value();
}

std::unexpected<Error> missing() {
  return fail(ErrorKind::not_found, "inexistent_refresh_token", "The refresh token does not exist.");
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

json::Array resource_servers_of(const domain::Authorization& authorization) {
  return {json::Object{{"audience", authorization.audience}, {"scopes", joined(authorization.scope)}}};
}

Async<Reply> list(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query, {.pages = false}));
  const std::string client_id = call.query.get_or("client_id");
  CO_TRY(auto page, co_await services.refresh_tokens.list_of_user(call.tenant(), call.query.get_or("user_id"),
                                                                  paging.from, paging.take));
  json::Array out;
  for (const auto& token : page.items)
    if (client_id.empty() || token.authorization.client_id == client_id)
      out.push_back(select_fields(call.query, render(token)));
  co_return ok(endpoint::render_list(paging, "refresh_tokens", std::move(out), {}, page.next));
}

Async<Reply> get(const ports::Services& services, Call call) {
  CO_TRY(const auto token, co_await load(services, call.tenant(), call.parameter("id")));
  co_return ok(render(token));
}

// The token is written anew with its metadata, which its rotations inherit. Marking the stored one as rotated
// first makes the list fail when somebody exchanged or revoked it meanwhile, so that no spent token comes
// back to life.
Async<Reply> update(const ports::Services& services, Call call) {
  CO_TRY(auto token, co_await load(services, call.tenant(), call.parameter("id")));
  if (const auto* value = call.object().if_contains(metadata_member)) {
    token.authorization.extra.erase(metadata_member);
    if (value->is_object() && !value->get_object().empty())
      token.authorization.extra[metadata_member] = *value;
  }
  ports::Writes writes;
  writes.push_back(ports::RotateRefreshToken{token.id, call.context.now});
  writes.push_back(ports::RevokeRefreshToken{token.id});
  writes.push_back(ports::InsertRefreshToken{token});
  writes.push_back(api_record(services, call));
  auto done = co_await services.committer.commit(call.tenant(), std::move(writes));
  if (!done && (done.error().code == "token_rotated" || done.error().kind == ErrorKind::not_found))
    co_return missing();
  if (!done) co_return std::unexpected(std::move(done).error());
  co_return ok(render(token));
}

// A token is revoked with all of its rotations: an earlier one within its leeway must not live on.
Async<Reply> remove(const ports::Services& services, Call call) {
  auto token = co_await load(services, call.tenant(), call.parameter("id"));
  if (!token && token.error().kind != ErrorKind::not_found)
    co_return std::unexpected(std::move(token).error());
  ports::Writes writes;
  if (token) writes.push_back(ports::RevokeFamily{token->family});
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return no_content();
}

Async<ports::Writes> revocations(const ports::Services& services, const Call& call) {
  const json::Object& body = call.object();
  ports::Writes writes;
  if (body.contains("ids")) {
    if (body.size() > 1) co_return invalid_body("Payload validation error: 'ids stands alone'.");
    for (const auto& id : json::strings(body, "ids")) {
      auto token = co_await load(services, call.tenant(), id);
      if (token)
        writes.push_back(ports::RevokeFamily{token->family});
      else if (token.error().kind != ErrorKind::not_found)
        co_return std::unexpected(std::move(token).error());
    }
    co_return writes;
  }
  const auto user_id = json::string(body, "user_id");
  if (!user_id)
    co_return invalid_body("Payload validation error: 'Missing required property: ids or user_id'.");
  writes.push_back(ports::RevokeRefreshTokensOf{*user_id, json::string_or(body, "client_id"),
                                                json::string(body, "audience")});
  co_return writes;
}

Async<Reply> revoke(const ports::Services& services, Call call) {
  CO_TRY(auto writes, co_await revocations(services, call));
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return ok(json::Object());
}

}  // namespace

json::Object render(const domain::RefreshToken& token) {
  const auto& authorization = token.authorization;
  json::Object out{{"id", token.public_id()},
                   {"user_id", authorization.user_id},
                   {"created_at", to_iso8601(token.created_at)},
                   {"idle_expires_at", time_or_null(token.idle_expires_at)},
                   {"expires_at", time_or_null(token.expires_at)},
                   {"device", json::Object{{"initial_ip", token.device.initial_ip},
                                           {"initial_user_agent", token.device.initial_user_agent},
                                           {"last_ip", token.device.last_ip},
                                           {"last_user_agent", token.device.last_user_agent}}},
                   {"client_id", authorization.client_id},
                   {"session_id", authorization.sid.empty() ? json::Value() : json::Value(authorization.sid)},
                   {"rotating", token.rotating},
                   {"resource_servers", resource_servers_of(authorization)},
                   {"last_exchanged_at", time_or_null(token.last_used_at)}};
  if (const auto* metadata = authorization.extra.if_contains(metadata_member))
    out[metadata_member] = *metadata;
  return out;
}

Async<domain::RefreshToken> load(const ports::Services& services, domain::TenantId tenant, std::string id) {
  const auto handle = domain::Handle::parse(id, domain::public_token_id_bytes);
  if (!handle) co_return missing();
  CO_TRY(auto token, co_await services.refresh_tokens.find(tenant, handle->id));
  if (!token || token->rotated_at || !crypto::equal_constant_time(token->public_id(), id))
    co_return missing();
  co_return std::move(*token);
}

std::vector<endpoint::Endpoint> rows(const ports::Services& services) {
  using http::Method;
  return {
      {.id = "list_refresh_tokens",
       .method = Method::get,
       .path = "/api/v2/refresh-tokens",
       .tag = "refresh-tokens",
       .summary = "List refresh tokens of a user",
       .scopes = {"read:refresh_tokens"},
       .rate = RateClass::management_read,
       .query = fields_query({{.name = "user_id", .flags = endpoint::required, .min = 1, .max = 300},
                              {.name = "client_id", .max = 64},
                              {.name = "from"},
                              {.name = "take", .type = Type::integer, .min = 1, .max = 100}}),
       .reply = &token_schema(),
       .handler = handler<list>(services)},
      {.id = "revoke_refresh_tokens",
       .method = Method::post,
       .path = "/api/v2/refresh-tokens/revoke",
       .tag = "refresh-tokens",
       .summary = "Revoke refresh tokens",
       .scopes = {"delete:refresh_tokens"},
       .rate = RateClass::management_write,
       .success = 202,
       .body = &revoke_schema(),
       .handler = handler<revoke>(services)},
      {.id = "get_refresh_token",
       .method = Method::get,
       .path = "/api/v2/refresh-tokens/{id}",
       .tag = "refresh-tokens",
       .summary = "Get a refresh token",
       .scopes = {"read:refresh_tokens"},
       .rate = RateClass::management_read,
       .reply = &token_schema(),
       .handler = handler<get>(services)},
      {.id = "update_refresh_token",
       .method = Method::patch,
       .path = "/api/v2/refresh-tokens/{id}",
       .tag = "refresh-tokens",
       .summary = "Update the metadata of a refresh token",
       .scopes = {"update:refresh_tokens"},
       .rate = RateClass::management_write,
       .body = &update_schema(),
       .reply = &token_schema(),
       .handler = handler<update>(services)},
      {.id = "delete_refresh_token",
       .method = Method::delete_,
       .path = "/api/v2/refresh-tokens/{id}",
       .tag = "refresh-tokens",
       .summary = "Delete a refresh token",
       .scopes = {"delete:refresh_tokens"},
       .rate = RateClass::management_write,
       .success = 204,
       .handler = handler<remove>(services)},
  };
}

}  // namespace durward::management::refresh_tokens
