// PATCH /users/{id} (Auth0 Management API, rules for updates).
#include <algorithm>

#include "base/encoding.h"
#include "management/support/audit.h"
#include "management/users/fields.h"
#include "management/users/handlers.h"

namespace durward::management::users {

namespace {

using connections::database::Database;

constexpr int attempts_max = 3;
// Patches merge, so a body's own limit does not bound what they add up to.
constexpr size_t profile_bytes_max = 1 << 20;
constexpr std::string_view root_attributes[] = {"name", "nickname", "given_name", "family_name", "picture"};
constexpr std::string_view credentials[] = {"email", "username", "password", "phone_number"};

std::unexpected<Error> refuse(std::string what) {
  return invalid_body("Payload validation error: '" + std::move(what) + "'.");
}

std::vector<std::string_view> credentials_in(const json::Object& body) {
  std::vector<std::string_view> out;
  for (std::string_view name : credentials)
    if (body.contains(name)) out.push_back(name);
  return out;
}

Result<> check_combinations(const json::Object& body) {
  const auto changed = credentials_in(body);
  if (changed.size() > 1)
    return refuse("Cannot change " + std::string(changed[0]) + " and " + std::string(changed[1]) +
                  " in the same request");
  for (std::string_view name : {"password", "username"})
    if (body.contains(name) && body.contains("email_verified"))
      return refuse("Cannot change " + std::string(name) + " and email_verified in the same request");
  if (const auto* password = body.if_contains("password"); password && password->is_null())
    return refuse("A password cannot be removed");
  return {};
}

// Scopes narrower than update:users change metadata only.
Result<> check_scope(const Call& call, const json::Object& body) {
  if (call.principal.has("update:users")) return {};
  const bool app = call.principal.has("update:users_app_metadata");
  const bool own =
      call.principal.has("update:current_user_metadata") && call.principal.subject == call.parameter("id");
  const bool allowed = std::ranges::all_of(body, [&](const auto& member) {
    return (app && (member.key() == "app_metadata" || member.key() == "user_metadata")) ||
           (own && member.key() == "user_metadata");
  });
  if (allowed && (app || own)) return {};
  return fail(ErrorKind::forbidden, "insufficient_scope",
              "Insufficient scope, expected any of: update:users" +
                  std::string(app ? "" : ",update:users_app_metadata"));
}

// The identity whose connection the request is about: the primary one.
Result<domain::Identity> target(const domain::User& user, const json::Object& body) {
  if (user.identities.empty()) return refuse("The user has no identity");
  const std::string wanted = json::string_or(body, "connection");
  if (wanted.empty() || user.identities.front().connection == wanted) return user.identities.front();
  if (user.identity_in(wanted)) return refuse("The connection is not the one of the primary identity");
  return refuse("The user does not belong to connection " + wanted);
}

Result<> check_connection(const domain::Connection& connection, const json::Object& body) {
  const auto changed = credentials_in(body);
  const bool passwordless = connection.strategy == "email" || connection.strategy == "sms";
  if (!changed.empty() && !connection.is_database() && (!passwordless || changed[0] == "password"))
    return refuse("Cannot change " + std::string(changed[0]) + " of users of connection " + connection.name +
                  ": it is not a database connection");
  const bool local = connection.is_database() || passwordless;
  if (!local &&
      json::string_or(connection.options, "set_user_root_attributes", "on_each_login") == "on_each_login")
    for (std::string_view name : root_attributes)
      if (body.contains(name))
        return refuse("The attribute " + std::string(name) + " is set by the connection on each login");
  return {};
}

// --- the new profile

void set_or_remove(json::Object& profile, std::string_view name, const json::Value& value) {
  if (value.is_null())
    profile.erase(name);
  else
    profile[name] = value;
}

// Merges at the first level, null removes a key, {} removes all.
void merge_metadata(json::Object& profile, std::string_view name, const json::Object& patch) {
  json::Object merged;
  if (const auto* stored = json::object(profile, name)) merged = *stored;
  if (patch.empty()) merged.clear();
  for (const auto& member : patch) set_or_remove(merged, member.key(), member.value());
  if (merged.empty())
    profile.erase(name);
  else
    profile[name] = std::move(merged);
}

Result<> change_email(json::Object& profile, const json::Object& body) {
  const auto* value = body.if_contains("email");
  if (!value) return {};
  if (value->is_null()) {
    profile.erase("email");
    profile.erase("email_verified");
    return {};
  }
  const std::string email = to_lower(trim(json::view(value->get_string())));
  ENSURE(connections::database::check_email(email));
  if (email != json::string_or(profile, "email")) profile["email_verified"] = false;
  profile["email"] = email;
  return {};
}

Result<> change_username(json::Object& profile, const domain::Connection& connection,
                         const json::Object& body) {
  const auto* value = body.if_contains("username");
  if (!value) return {};
  if (value->is_null()) {
    if (connection.requires_username()) return refuse("The connection requires a username");
    profile.erase("username");
    return {};
  }
  const std::string username = to_lower(trim(json::view(value->get_string())));
  ENSURE(connections::database::check_username(connection, username));
  profile["username"] = username;
  return {};
}

Result<json::Object> changed_profile(json::Object profile, const domain::Connection& connection,
                                     const json::Object& body) {
  ENSURE(change_email(profile, body));
  ENSURE(change_username(profile, connection, body));
  for (std::string_view name : root_attributes)
    if (const auto* value = body.if_contains(name)) set_or_remove(profile, name, *value);
  for (std::string_view name : {"phone_number", "phone_verified", "email_verified", "blocked"})
    if (const auto* value = body.if_contains(name)) set_or_remove(profile, name, *value);
  for (std::string_view name : {"user_metadata", "app_metadata"})
    if (const auto* patch = json::object(body, name)) merge_metadata(profile, name, *patch);
  for (std::string_view name : {"email", "username", "phone_number"})
    if (!json::string_or(profile, name).empty()) return profile;
  // A user whose connection never gave an identifier has none to lose.
  if (!credentials_in(body).empty()) return refuse("A user needs an e-mail, a username or a phone number");
  return profile;
}

Async<> add_verification(const ports::Services& services, const Database& database, const Call& call,
                         domain::Connection connection, domain::User user, ports::Writes& writes) {
  const json::Object& body = call.object();
  const bool wanted =
      json::boolean_or(body, "verify_email", false) && !user.email().empty() && !user.email_verified();
  if (!wanted) co_return Result<>();
  CO_TRY(auto settings, co_await services.configuration.settings(call.tenant()));
  const domain::TenantSettings none;
  const std::string client_id = json::string_or(body, "client_id");
  for (auto& write : database.send_verification(scene_of(call, client_id), settings ? *settings : none,
                                                connection, user, {.client_id = client_id, .result_url = {}}))
    writes.push_back(std::move(write));
  co_return Result<>();
}

// One attempt on the user as it is now; `call` outlives it.
Async<domain::User> attempt(const ports::Services& services, Options options, const Call& call) {
  const json::Object& body = call.object();
  Database database(services, std::move(options));
  CO_TRY(auto user, co_await load_user(services, call.tenant(), call.parameter("id")));
  CO_TRY(auto identity, target(user, body));
  CO_TRY(const auto connection, co_await connection_of(services, call.tenant(), std::move(identity)));
  CO_ENSURE(check_connection(connection, body));
  const domain::User before = user;
  CO_TRY(user.profile, changed_profile(std::move(user.profile), connection, body));
  if (json::serialize(user.profile).size() > profile_bytes_max)
    co_return fail(ErrorKind::too_large, "invalid_body", "The profile of a user has at most 1 MiB.");
  user.updated_at = call.context.now;

  CO_ENSURE(co_await database.change_identifiers_elsewhere(call.tenant(), connection, before.profile,
                                                           user.profile));

  ports::Writes writes;
  writes.push_back(ports::ReplaceUser{user, connections::database::all_identifiers(user), before});
  if (const auto password = json::string(body, "password")) {
    auto change =
        co_await database.change_password(call.tenant(), connection, user, *password, call.context.now);
    if (!change) co_return std::unexpected(translate_password(std::move(change).error()));
    user = std::move(change->user);
    for (auto& write : change->writes) writes.push_back(std::move(write));
    for (auto& write : Database::revoke_access(user)) writes.push_back(std::move(write));
  }
  CO_ENSURE(co_await add_verification(services, database, call, connection, user, writes));
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  if (body.contains("password"))
    login::after_password_change(services, scene_of_scripts(call, connection), user);
  co_return user;
}

}  // namespace

Async<Reply> update(const ports::Services& services, Options options, Call call) {
  const json::Object& body = call.object();
  CO_ENSURE(check_scope(call, body));
  CO_ENSURE(check_combinations(body));
  CO_ENSURE(check_metadata(body));
  for (int tries = 1;; ++tries) {
    auto user = co_await attempt(services, options, call);
    if (user) co_return ok(select_fields(call.query, user->to_json()));
    // Somebody else changed the user meanwhile: apply the patch to what is there now.
    if (user.error().code != "version_changed" || tries == attempts_max)
      co_return std::unexpected(translate(std::move(user).error()));
  }
}

}  // namespace durward::management::users
