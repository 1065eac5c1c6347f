#include <algorithm>

#include "base/encoding.h"
#include "management/users/handlers.h"

namespace durward::management::users {

namespace {

// What a linked identity keeps of its own profile.
constexpr std::string_view profile_members[] = {"email",        "email_verified", "given_name", "family_name",
                                                "username",     "nickname",       "picture",    "name",
                                                "phone_number", "phone_verified"};

}  // namespace

Error no_such_user() { return {ErrorKind::not_found, "inexistent_user", "The user does not exist."}; }

Async<domain::User> load_user(const ports::Services& services, domain::TenantId tenant, std::string user_id) {
  CO_TRY(auto user, co_await services.users.find(tenant, std::move(user_id)));
  if (!user) co_return std::unexpected(no_such_user());
  co_return std::move(*user);
}

Result<> check_reach(const Call& call, const std::string& user_id,
                     std::initializer_list<std::string_view> full) {
  if (std::ranges::any_of(full, [&](std::string_view scope) { return call.principal.has(scope); })) return {};
  if (call.principal.subject == user_id) return {};
  std::string wanted;
  for (std::string_view scope : full) wanted += (wanted.empty() ? "" : ",") + std::string(scope);
  return fail(ErrorKind::forbidden, "insufficient_scope", "Insufficient scope, expected any of: " + wanted);
}

Error translate(Error error) {
  if (error.code == "user_exists")
    return {ErrorKind::conflict, "auth0_idp_error", "The user already exists."};
  if (error.code == "not_found") return no_such_user();
  return error;
}

Error translate_password(Error error) {
  if (error.kind != ErrorKind::invalid || !error.code.starts_with("Password")) return error;
  return {ErrorKind::invalid, "", error.code + ": " + error.message};
}

// Scripts are told of the request, without its body: a password may be in it.
login::RegistrationScene scene_of_scripts(const Call& call, domain::Connection connection) {
  return {.context = call.context,
          .request = {.method = call.row ? std::string(http::to_string(call.row->method)) : "POST",
                      .language = {},
                      .query = {},
                      .body = {}},
          .client = nullptr,
          .connection = std::move(connection),
          .transaction = {}};
}

connections::database::Scene scene_of(const Call& call, std::string client_id) {
  return {.tenant = *call.context.tenant,
          .host = call.context.link_host,
          .ip = call.context.ip,
          .user_agent = call.context.user_agent,
          .client_id = std::move(client_id),
          .client_name = {},
          .now = call.context.now};
}

json::Array linked_identities(const domain::User& user) {
  json::Array out;
  for (domain::Identity identity : user.identities) {
    if (identity.profile_data.empty())
      for (std::string_view member : profile_members)
        if (const auto* value = user.profile.if_contains(member)) identity.profile_data[member] = *value;
    out.push_back(identity.to_json());
  }
  return out;
}

Async<domain::Connection> connection_of(const ports::Services& services, domain::TenantId tenant,
                                        domain::Identity identity) {
  CO_TRY(auto connection, co_await services.configuration.connection_by_name(tenant, identity.connection));
  if (connection) co_return domain::Connection(*connection);
  domain::Connection bare;
  bare.name = identity.connection;
  bare.strategy = identity.provider;
  co_return bare;
}

Result<json::Object> optional_body(const Call& call, const endpoint::Schema& schema) {
  if (trim(call.raw_body).empty()) return json::Object();
  auto body = json::parse_object(call.raw_body);
  if (!body) return invalid_body("Invalid request payload JSON format");
  ENSURE(schema.check_create(*body));
  return body;
}

}  // namespace durward::management::users
