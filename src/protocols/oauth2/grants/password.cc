#include <algorithm>

#include "connections/database/breached.h"
#include "protocols/database/challenges.h"
#include "protocols/oauth2/grants/user_tokens.h"
#include "standards/oauth/errors.h"
#include "standards/oauth/scope.h"

// RFC 6749 §4.3, with the connection from the tenant's default or from `realm`.
namespace durward::protocols::oauth2 {

namespace {

namespace database = connections::database;
using ConnectionPtr = std::shared_ptr<const domain::Connection>;

bool answers_to(const domain::Connection& connection, std::string_view realm) {
  return connection.name == realm ||
         std::find(connection.realms.begin(), connection.realms.end(), realm) != connection.realms.end();
}

// A database connection that is enabled for the client.
Async<ConnectionPtr> find_realm(Exchange& exchange, std::string realm) {
  CO_TRY(auto enabled, co_await exchange.services().configuration.connections_of(exchange.tenant(),
                                                                                 exchange.client->client_id));
  if (enabled)
    for (const auto& connection : *enabled)
      if (connection.is_database() && answers_to(connection, realm))
        co_return ConnectionPtr(enabled, &connection);
  co_return oauth::refuse("invalid_request",
                          "The connection does not exist or is not enabled for the client.");
}

Error refusal_of(const database::Refused& refused) {
  // RFC 6749 §5.2 calls wrong credentials invalid_grant.
  if (refused.error.code == "invalid_user_password")
    return oauth::refuse("invalid_grant", "Wrong email or password.").error();
  return refused.error;
}

database::Scene scene_of(const Exchange& exchange) {
  const auto& context = exchange.context;
  return {*context.tenant,    context.link_host,          context.ip,
          context.user_agent, exchange.client->client_id, exchange.client->name,
          context.now};
}

login::Attempt attempt_of(const Exchange& exchange, ConnectionPtr connection) {
  return {.stage = login::Stage::sign_in,
          .scene = scene_of(exchange),
          .connection = std::move(connection),
          .identifier = exchange.body.get("username")};
}

void append(ports::Writes& to, ports::Writes from) {
  for (auto& write : from) to.push_back(std::move(write));
}

std::unexpected<Error> barred(Exchange& exchange, login::Barred reason) {
  exchange.log.type = std::move(reason.log_type);
  exchange.log.user_id = std::move(reason.user_id);
  append(exchange.penalty, std::move(reason.writes));
  exchange.permit = std::move(reason.permit);
  return std::unexpected(std::move(reason.error));
}

Async<Error> wrong(Exchange& exchange, const login::Protection& protection, login::Permit permit,
                   database::Refused refused) {
  if (refused.user) exchange.log.user_id = refused.user->user_id;
  CO_TRY(auto failure, co_await protection.failed(permit, refused));
  append(exchange.penalty, std::move(failure.writes));
  exchange.permit = std::move(permit);
  co_return failure.instead ? *failure.instead : refusal_of(refused);
}

// Spends the same time for unknown users; see Database::verify_password.
Async<domain::User> verify(Exchange& exchange, ConnectionPtr connection) {
  const login::Protection protection(exchange.services(), exchange.parts.database);
  CO_TRY(auto admission, co_await protection.admit(attempt_of(exchange, connection)));
  if (!admission) co_return barred(exchange, std::move(admission.error()));
  const bool listed = exchange.services().breached_passwords.contains(exchange.body.get("password"));
  auto outcome = co_await exchange.parts.database.verify_password(
      exchange.tenant(), connection, exchange.body.get("username"), exchange.body.get("password"));
  if (!outcome) {
    co_await protection.cancelled(std::move(*admission));
    co_return std::unexpected(std::move(outcome.error()));
  }
  if (!*outcome) {
    co_await exchange.parts.bots.count_failure(exchange.context);
    CO_TRY(auto error,
           co_await wrong(exchange, protection, std::move(*admission), std::move(outcome->error())));
    co_return std::unexpected(std::move(error));
  }
  CO_TRY(auto more, co_await protection.passed(std::move(*admission)));
  append((*outcome)->writes, std::move(more));
  CO_ENSURE(co_await database::admit_password(exchange.services(), exchange.parts.database,
                                              scene_of(exchange), *connection, database::LeakStage::sign_in,
                                              listed, (*outcome)->user, (*outcome)->writes));
  append(exchange.writes, std::move((*outcome)->writes));
  co_return std::move((*outcome)->user);
}

// What the request asks for, as far as API, client grant and client allow.
Async<domain::Authorization> authorize(Exchange& exchange, ConnectionPtr connection,
                                       const domain::User& user) {
  const auto& services = exchange.services();
  CO_TRY(auto audience, co_await audience_of(exchange));
  CO_TRY(auto api, co_await find_api(services, exchange.context, audience));
  CO_TRY(auto requested, oauth::ScopeSet::parse(exchange.body.get("scope")));
  std::shared_ptr<const domain::ClientGrant> grant;
  if (api.server && api.server->user_policy == "require_client_grant") {
    CO_TRY(grant, co_await services.configuration.client_grant(exchange.tenant(), exchange.client->client_id,
                                                               api.server->identifier, "user"));
  }
  co_return domain::Authorization{
      .client_id = exchange.client->client_id,
      .user_id = user.user_id,
      .audience = api.server ? api.server->identifier : std::string(),
      .scope = tokens::grantable_scopes(requested.words(), *exchange.client, api.server.get(), grant.get()),
      .connection = connection->name,
      .auth_time = exchange.context.now};
}

// A program that cannot show a challenge sends the person to the pages instead.
Async<> pass_bots(Exchange& exchange) {
  auto passed = co_await protocols::database::pass_challenge(exchange.parts, exchange.context,
                                                             login::GuardedForm::sign_in, exchange.body);
  if (!passed && passed.error().kind == ErrorKind::invalid)
    co_return oauth::refuse("requires_verification", passed.error().message);
  co_return passed;
}

Async<json::Object> redeem_at(Exchange& exchange, std::string realm) {
  CO_ENSURE(check_organization(exchange));
  CO_TRY(auto connection, co_await find_realm(exchange, std::move(realm)));
  exchange.log.connection = connection->name;
  exchange.log.connection_id = connection->id;
  exchange.log.strategy = connection->strategy;
  exchange.log.user_name = exchange.body.get("username").substr(0, 320);
  CO_ENSURE(co_await pass_bots(exchange));
  CO_TRY(auto user, co_await verify(exchange, connection));
  exchange.log.user_id = user.user_id;
  CO_TRY(auto authorization, co_await authorize(exchange, connection, user));
  const TimePoint now = exchange.context.now;
  exchange.writes.push_back(ports::RecordLogin{user.user_id, exchange.context.ip, now});
  UserTokens request{.authorization = authorization, .user = std::move(user), .gty = tokens::gty_password};
  CO_ENSURE(co_await run_login_scripts(exchange, request,
                                       {.protocol = "oauth2-password", .connection = connection->name}));
  authorization.scope = request.authorization.scope;
  if (has_scope(authorization, "offline_access")) {
    auto made = tokens::make_refresh_token(exchange.services(), *exchange.client, std::move(authorization), 0,
                                           device_of(exchange.context), now);
    request.changes.apply_to(made.token);
    request.grant_id = made.token.family;
    request.refresh_token = std::move(made.text);
    exchange.writes.push_back(ports::InsertRefreshToken{std::move(made.token)});
  }
  co_return co_await user_tokens(exchange, std::move(request));
}

}  // namespace

Async<json::Object> redeem_password(Exchange& exchange) {
  CO_TRY(auto settings, co_await exchange.services().configuration.settings(exchange.tenant()));
  if (!settings || settings->default_directory.empty())
    co_return fail(ErrorKind::forbidden, "server_error",
                   "Authorization server not configured with default connection.");
  co_return co_await redeem_at(exchange, settings->default_directory);
}

Async<json::Object> redeem_password_realm(Exchange& exchange) {
  co_return co_await redeem_at(exchange, exchange.body.get("realm"));
}

}  // namespace durward::protocols::oauth2
