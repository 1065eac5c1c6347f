#include "extensions/events.h"

#include <algorithm>

namespace durward::extensions {
namespace {

json::Object object_or_empty(const json::Object& from, std::string_view name) {
  const auto* found = json::object(from, name);
  return found ? *found : json::Object();
}

// What forms of this server and of OAuth carry that no script is shown: these, and every password and secret,
// whatever the form calls it ("password-reset", "client_secret").
constexpr std::string_view hidden[] = {"refresh_token", "code",  "code_verifier", "client_assertion",
                                       "assertion",     "otp",   "binding_code",  "subject_token",
                                       "actor_token",   "state", "ticket",        "reset_pass"};

bool is_hidden(std::string_view name) {
  return std::ranges::find(hidden, name) != std::end(hidden) || name.contains("password") ||
         name.contains("secret");
}

json::Object shown(const http::Parameters& parameters) {
  json::Object out;
  for (const auto& [name, value] : parameters)
    if (!is_hidden(name)) out.emplace(name, value);
  return out;
}

// RFC 8176 names a password as Auth0 does.
json::Object method_event(std::string_view name, TimePoint at) {
  return {{"name", name}, {"timestamp", to_iso8601(at)}};
}

constexpr std::string_view private_members[] = {"blocked", "logins_count", "last_login", "last_ip"};

}  // namespace

json::Object tenant_event(const domain::Tenant& tenant) { return {{"id", tenant.name}}; }

json::Object client_event(const domain::Client& client) {
  return {{"client_id", client.client_id},
          {"name", client.name},
          {"metadata", object_or_empty(client.document, "client_metadata")}};
}

json::Object connection_event(const domain::Connection& connection) {
  json::Object out{{"id", connection.id}, {"name", connection.name}, {"strategy", connection.strategy}};
  if (const auto* metadata = json::object(connection.document, "metadata")) out["metadata"] = *metadata;
  return out;
}

json::Object user_event(const domain::User& user) {
  json::Object out = user.to_json();
  for (const auto name : private_members) out.erase(name);
  for (const auto name : {"user_metadata", "app_metadata"}) out.emplace(name, json::Object());
  out.emplace("email_verified", false);
  // No factor can be enrolled here yet.
  out["enrolledFactors"] = json::Array();
  out["multifactor"] = json::Array();
  return out;
}

json::Object session_event(const domain::Session& session) {
  json::Array clients;
  for (const auto& id : session.clients) clients.push_back(json::Object{{"client_id", id}});
  return {{"id", session.sid()},
          {"user_id", session.user_id},
          {"created_at", to_iso8601(session.created_at)},
          {"updated_at", to_iso8601(session.updated_at)},
          {"authenticated_at", to_iso8601(session.authenticated_at)},
          {"idle_expires_at", to_iso8601(session.idle_expires_at)},
          {"expires_at", to_iso8601(session.expires_at)},
          {"last_interacted_at", to_iso8601(session.updated_at)},
          {"cookie", json::Object{{"mode", session.persistent ? "persistent" : "non-persistent"}}},
          {"clients", std::move(clients)},
          {"device", json::Object{{"initial_ip", session.device.initial_ip},
                                  {"initial_user_agent", session.device.initial_user_agent},
                                  {"last_ip", session.device.last_ip},
                                  {"last_user_agent", session.device.last_user_agent}}},
          {"metadata", session.metadata}};
}

json::Object refresh_token_event(const domain::RefreshToken& token) {
  json::Array apis;
  if (!token.authorization.audience.empty())
    apis.push_back(json::Object{{"audience", token.authorization.audience},
                                {"scopes", json::array_of(token.authorization.scope)}});
  json::Object out{{"id", token.public_id()},
                   {"user_id", token.authorization.user_id},
                   {"client_id", token.authorization.client_id},
                   {"created_at", to_iso8601(token.created_at)},
                   {"rotating", token.rotating},
                   {"resource_servers", std::move(apis)},
                   {"device", json::Object{{"initial_ip", token.device.initial_ip},
                                           {"initial_user_agent", token.device.initial_user_agent},
                                           {"last_ip", token.device.last_ip},
                                           {"last_user_agent", token.device.last_user_agent}}}};
  if (!token.authorization.sid.empty()) out["session_id"] = token.authorization.sid;
  if (token.expires_at) out["expires_at"] = to_iso8601(*token.expires_at);
  if (token.idle_expires_at) out["idle_expires_at"] = to_iso8601(*token.idle_expires_at);
  if (const auto* metadata = json::object(token.authorization.extra, "metadata")) out["metadata"] = *metadata;
  if (token.last_used_at) out["last_exchanged_at"] = to_iso8601(*token.last_used_at);
  return out;
}

RequestFacts facts_of(const http::Request& request) {
  RequestFacts out{.method = std::string(http::to_string(request.method)),
                   .language = std::string(request.headers.get("Accept-Language"))};
  if (const auto query = http::parse_form(request.query)) out.query = shown(*query);
  if (request.headers.get("Content-Type").starts_with("application/x-www-form-urlencoded"))
    if (const auto body = http::parse_form(request.body)) out.body = shown(*body);
  return out;
}

json::Object body_event(const json::Object& members) {
  json::Object out;
  for (const auto& member : members)
    if (!is_hidden(member.key())) out.emplace(member.key(), member.value());
  return out;
}

json::Object request_event(const endpoint::RequestContext& context, const RequestFacts& facts) {
  return {{"ip", context.ip},       {"user_agent", context.user_agent}, {"hostname", context.host},
          {"method", facts.method}, {"language", facts.language},       {"query", facts.query},
          {"body", facts.body},     {"geoip", json::Object()}};
}

json::Object authentication_event(const domain::Session& session) {
  json::Array methods;
  for (const auto& name : session.amr) methods.push_back(method_event(name, session.authenticated_at));
  if (methods.empty()) methods.push_back(method_event("pwd", session.authenticated_at));
  return {{"methods", std::move(methods)}};
}

json::Object authentication_event(std::string_view method, TimePoint at) {
  json::Array methods;
  if (!method.empty()) methods.push_back(method_event(method, at));
  return {{"methods", std::move(methods)}};
}

Async<json::Array> roles_of_user(const ports::Services& services, domain::TenantId tenant,
                                 std::string user_id) {
  CO_TRY(const auto ids, co_await services.assignments.roles_of(tenant, std::move(user_id)));
  json::Array out;
  for (const auto& id : ids) {
    CO_TRY(const auto found, co_await services.documents.find(tenant, ports::Collection::roles, id));
    if (!found) continue;
    out.push_back(json::Object{{"id", id},
                               {"name", json::string_or(found->body, "name")},
                               {"description", json::string_or(found->body, "description")}});
  }
  co_return out;
}

json::Array names_of(const json::Array& roles) {
  json::Array out;
  for (const auto& role : roles) out.push_back(role.as_object().at("name"));
  return out;
}

}  // namespace durward::extensions
