#include <algorithm>

#include "connections/database/breached.h"
#include "protocols/database/challenges.h"
#include "protocols/oauth2/grants/user_tokens.h"
#include "standards/oauth/errors.h"

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

login::Attempt attempt_of(const Exchange& exchange, ConnectionPtr connection) {
  return {.stage = login::Stage::sign_in,
          .scene = scene_of(exchange),
          .connection = std::move(connection),
          .identifier = exchange.body.get("username")};
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
  log_connection(exchange, *connection);
  exchange.log.user_name = exchange.body.get("username").substr(0, 320);
  CO_ENSURE(co_await pass_bots(exchange));
  CO_TRY(auto user, co_await verify(exchange, connection));
  exchange.log.user_id = user.user_id;
  CO_TRY(auto wanted, co_await wanted_access(exchange));
  CO_TRY(auto authorization,
         co_await authorization_for(exchange, std::move(wanted), user.user_id, connection->name));
  UserTokens request{
      .authorization = std::move(authorization), .user = std::move(user), .gty = tokens::gty_password};
  co_return co_await sign_in(exchange, std::move(request),
                             {.protocol = "oauth2-password", .connection = connection->name});
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
