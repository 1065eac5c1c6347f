#include "management/support/audit.h"

#include <algorithm>

#include "base/encoding.h"

namespace durward::management {
namespace {

constexpr std::string_view hidden = "[redacted]";
constexpr size_t items_max = 20, text_max = 256, body_max = 8192;

// Members whose text is an identifier, a name or a choice, wherever they stand. Everything else is hidden: a
// member that is added later is not in the log by accident.
constexpr std::string_view harmless[] = {
    "id",
    "name",
    "display_name",
    "description",
    "strategy",
    "connection",
    "connections",
    "connection_id",
    "client_id",
    "client_ids",
    "identifier",
    "audience",
    "user_id",
    "users",
    "members",
    "roles",
    "email",
    "username",
    "phone_number",
    "given_name",
    "family_name",
    "nickname",
    "app_type",
    "scope",
    "scopes",
    "grant_types",
    "enabled_clients",
    "realms",
    "status",
    "type",
    "provider",
    "kid",
    "alg",
    "signing_alg",
    "auth0",
    "scim",
    "friendly_name",
    "permission_name",
    "resource_server_identifier",
    "resource_server_name",
    "resource_server_id",
    "user_id_attribute",
    "token_endpoint_auth_method",
    "organization_usage",
    "subject_type",
    "token_dialect",
    "default_directory",
    "default_audience",
    "created_at",
    "updated_at",
    "credential_type",
};

// Members that hold whatever their owner wants.
constexpr std::string_view free_members[] = {"user_metadata", "app_metadata",  "client_metadata", "metadata",
                                             "options",       "configuration", "customScripts",   "addons",
                                             "authParams",    "secrets",       "credentials"};

// What an answer says about which object it was.
constexpr std::string_view identifying[] = {"id",       "client_id", "user_id",    "connection_id", "kid",
                                            "name",     "strategy",  "identifier", "description",   "email",
                                            "username", "audience",  "created_at", "updated_at"};

bool is_in(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// Walks a body with the path of the field table ("scopes[].value").
struct Redactor {
  std::vector<std::string> secrets;

  json::Value text(std::string_view name, std::string_view value, bool free) const {
    if (free || !is_in(harmless, name) || value.size() > text_max) return json::Value(hidden);
    return json::Value(value);
  }

  json::Value list(std::string_view name, const std::string& path, const json::Array& items,
                   bool free) const {
    json::Array out;
    for (const auto& item : items) {
      if (out.size() == items_max) break;
      out.push_back(value(name, path + "[]", item, free));
    }
    return out;
  }

  json::Value object(const std::string& path, const json::Object& members, bool free) const {
    json::Object out;
    for (const auto& member : members) {
      const std::string_view name = member.key();
      const std::string below = path.empty() ? std::string(name) : path + "." + std::string(name);
      out[name] = value(name, below, member.value(), free || is_in(free_members, name));
    }
    return out;
  }

  json::Value value(std::string_view name, const std::string& path, const json::Value& v, bool free) const {
    if (std::ranges::find(secrets, path) != secrets.end()) return json::Value(hidden);
    if (v.is_object()) return object(path, v.get_object(), free);
    if (v.is_array()) return list(name, path, v.get_array(), free);
    if (v.is_string()) return text(name, json::view(v.get_string()), free);
    if (v.is_bool() || v.is_null()) return v;
    return free ? json::Value(hidden) : v;
  }
};

std::string path_of(const endpoint::Call& call) {
  std::string path = call.row->path;
  for (const auto& [name, value] : call.path) {
    const std::string placeholder = "{" + name + "}";
    if (const size_t at = path.find(placeholder); at != std::string::npos)
      path.replace(at, placeholder.size(), percent_encode(value));
  }
  return path;
}

json::Object owner_of(const endpoint::Call& call) {
  json::Object credentials, auth, user;
  credentials["scopes"] = json::array_of(call.principal.scopes);
  if (!call.principal.subject.ends_with("@clients")) user["user_id"] = call.principal.subject;
  auth["strategy"] = "jwt";
  auth["credentials"] = std::move(credentials);
  auth["user"] = std::move(user);
  return auth;
}

json::Object query_of(const endpoint::Call& call) {
  const Redactor redactor;
  json::Object out;
  for (const auto& [name, value] : call.query) {
    if (out.size() == items_max) break;
    if (name.size() <= text_max) out[name] = redactor.text(name, value, false);
  }
  return out;
}

json::Object request_of(const endpoint::Call& call) {
  json::Object request;
  request["method"] = to_lower(http::to_string(call.row->method));
  request["path"] = path_of(call);
  request["query"] = query_of(call);
  request["body"] = loggable(call.body, call.row->body);
  request["ip"] = call.context.ip;
  request["userAgent"] = call.context.user_agent;
  request["channel"] = "api";
  request["auth"] = owner_of(call);
  return request;
}

json::Object response_of(const endpoint::Call& call, const json::Object& answer) {
  json::Object response, body;
  for (const auto name : identifying)
    if (const auto* value = answer.if_contains(name); value && value->is_string()) body[name] = *value;
  response["statusCode"] = call.row->success;
  response["body"] = std::move(body);
  return response;
}

}  // namespace

json::Value loggable(const json::Value& body, const endpoint::Schema* schema) {
  if (body.is_null()) return json::Object();
  Redactor redactor;
  if (schema) redactor.secrets = schema->secret_paths();
  auto out = redactor.value("", "", body, false);
  if (json::serialize(out).size() > body_max) return nullptr;
  return out;
}

ports::Write api_record(const ports::Services& services, const endpoint::Call& call,
                        const json::Object& answer) {
  domain::LogRecord record;
  record.id = services.sequence.next();
  record.date = services.clock.now();
  record.type = "sapi";
  record.description = call.row->summary;
  record.client_id = call.principal.client_id;
  if (!call.principal.subject.ends_with("@clients")) record.user_id = call.principal.subject;
  record.ip = call.context.ip;
  record.user_agent = call.context.user_agent;
  record.hostname = call.context.host;
  record.details["request"] = request_of(call);
  record.details["response"] = response_of(call, answer);
  return ports::AppendLog{std::move(record)};
}

}  // namespace durward::management
