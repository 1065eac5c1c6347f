#include "management/sessions/sessions.h"

#include "base/encoding.h"
#include "crypto/hash.h"
#include "management/support/audit.h"
#include "management/support/replies.h"

namespace durward::management::sessions {

namespace {

using endpoint::Field;
using endpoint::RateClass;
using endpoint::Type;

constexpr size_t public_part_bytes = 16;

constexpr Field update_fields[] = {
    {.path = "session_metadata", .type = Type::map, .flags = endpoint::nullable, .max = 25},
    {.path = "session_metadata.*", .type = Type::any},
};
constexpr Field session_fields[] = {
    {.path = "id"},
    {.path = "user_id"},
    {.path = "created_at", .format = "date-time"},
    {.path = "updated_at", .format = "date-time"},
    {.path = "authenticated_at", .format = "date-time"},
    {.path = "idle_expires_at", .format = "date-time"},
    {.path = "expires_at", .format = "date-time"},
    {.path = "last_interacted_at", .format = "date-time"},
    {.path = "device", .type = Type::map},
    {.path = "clients", .type = Type::array},
    {.path = "clients[].client_id"},
    {.path = "authentication", .type = Type::map},
    {.path = "cookie", .type = Type::object},
    {.path = "cookie.mode", .values = "persistent non-persistent"},
    {.path = "session_metadata", .type = Type::map, .flags = endpoint::nullable},
};
const endpoint::Schema& update_schema() {
  static const endpoint::Schema schema("SessionUpdate", update_fields);
  return schema;
}
const endpoint::Schema& session_schema() {
  static const endpoint::Schema schema("Session", session_fields, true);
  return schema;
}

json::Object device_of(const domain::Device& device) {
  return {{"initial_user_agent", device.initial_user_agent},
          {"initial_ip", device.initial_ip},
          {"last_user_agent", device.last_user_agent},
          {"last_ip", device.last_ip}};
}

json::Array clients_of(const domain::Session& session) {
  json::Array out;
  for (const auto& client_id : session.clients) out.push_back(json::Object{{"client_id", client_id}});
  return out;
}

json::Object authentication_of(const domain::Session& session) {
  json::Array methods;
  for (const auto& name : session.amr)
    methods.push_back(
        json::Object{{"name", name}, {"timestamp", to_iso8601(session.authenticated_at)}, {"type", name}});
  return {{"methods", std::move(methods)}};
}

Async<Reply> get(const ports::Services& services, Call call) {
  CO_TRY(const auto session, co_await load(services, call.tenant(), call.parameter("id")));
  co_return ok(render(session));
}

Async<Reply> update(const ports::Services& services, Call call) {
  CO_TRY(auto session, co_await load(services, call.tenant(), call.parameter("id")));
  if (const auto* value = call.object().if_contains("session_metadata"))
    session.metadata = value->is_null() ? json::Object() : value->get_object();
  session.updated_at = call.context.now;
  ports::Writes writes;
  writes.push_back(ports::ReplaceSession{session});
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return ok(render(session));
}

Async<Reply> end(const ports::Services& services, Call call, bool preserve_refresh_tokens) {
  auto session = co_await load(services, call.tenant(), call.parameter("id"));
  if (!session && session.error().kind != ErrorKind::not_found)
    co_return std::unexpected(std::move(session).error());
  ports::Writes writes;
  if (session) {
    CO_TRY(writes, co_await ending(services, call.tenant(), std::move(*session), preserve_refresh_tokens));
  }
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return ok(json::Object());
}

// Deleting a session leaves the refresh tokens that were issued during it alone; revoking it does not.
Async<Reply> remove(const ports::Services& services, Call call) {
  co_return co_await end(services, std::move(call), true);
}
Async<Reply> revoke(const ports::Services& services, Call call) {
  co_return co_await end(services, std::move(call), false);
}

}  // namespace

json::Object render(const domain::Session& session) {
  json::Object out{{"id", session.sid()},
                   {"user_id", session.user_id},
                   {"created_at", to_iso8601(session.created_at)},
                   {"updated_at", to_iso8601(session.updated_at)},
                   {"authenticated_at", to_iso8601(session.authenticated_at)},
                   {"idle_expires_at", to_iso8601(session.idle_expires_at)},
                   {"expires_at", to_iso8601(session.expires_at)},
                   {"last_interacted_at", to_iso8601(session.updated_at)},
                   {"device", device_of(session.device)},
                   {"clients", clients_of(session)},
                   {"authentication", authentication_of(session)},
                   {"cookie", json::Object{{"mode", session.persistent ? "persistent" : "non-persistent"}}}};
  if (!session.metadata.empty()) out["session_metadata"] = session.metadata;
  return out;
}

Async<domain::Session> load(const ports::Services& services, domain::TenantId tenant, std::string sid) {
  const auto missing = [] {
    return fail(ErrorKind::not_found, "inexistent_session", "The session does not exist.");
  };
  const auto handle = domain::Handle::parse(sid, public_part_bytes);
  if (!handle) co_return missing();
  CO_TRY(auto session, co_await services.sessions.find(tenant, handle->id));
  if (!session || !crypto::equal_constant_time(session->public_part, handle->secret)) co_return missing();
  co_return std::move(*session);
}

Async<ports::Writes> ending(const ports::Services& services, domain::TenantId tenant, domain::Session session,
                            bool preserve_refresh_tokens) {
  constexpr int64_t page_size = 200;
  ports::Writes writes;
  writes.push_back(ports::RemoveSession{session.id});
  if (preserve_refresh_tokens) co_return writes;
  std::optional<std::string> after;
  do {
    CO_TRY(auto page,
           co_await services.refresh_tokens.list_of_user(tenant, session.user_id, after, page_size));
    for (const auto& token : page.items)
      if (token.authorization.sid == session.sid()) writes.push_back(ports::RevokeFamily{token.family});
    after = page.next;
  } while (after);
  co_return writes;
}

std::vector<endpoint::Endpoint> rows(const ports::Services& services) {
  using enum http::Method;
  const std::string one = "/api/v2/sessions/{id}";
  return {
      {.id = "get_session",
       .method = http::Method::get,
       .path = one,
       .tag = "sessions",
       .summary = "Get a session",
       .scopes = {"read:sessions"},
       .rate = RateClass::management_read,
       .reply = &session_schema(),
       .handler = handler<sessions::get>(services)},
      {.id = "update_session",
       .method = patch,
       .path = one,
       .tag = "sessions",
       .summary = "Update a session",
       .scopes = {"update:sessions"},
       .rate = RateClass::management_write,
       .body = &update_schema(),
       .reply = &session_schema(),
       .handler = handler<update>(services)},
      {.id = "delete_session",
       .method = delete_,
       .path = one,
       .tag = "sessions",
       .summary = "Delete a session",
       .scopes = {"delete:sessions"},
       .rate = RateClass::management_write,
       .success = 202,
       .handler = handler<remove>(services)},
      {.id = "revoke_session",
       .method = post,
       .path = one + "/revoke",
       .tag = "sessions",
       .summary = "Revoke a session with its refresh tokens",
       .scopes = {"delete:sessions", "delete:refresh_tokens"},
       .rate = RateClass::management_write,
       .success = 202,
       .handler = handler<revoke>(services)},
  };
}

}  // namespace durward::management::sessions
