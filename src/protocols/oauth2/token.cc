#include "protocols/oauth2/token.h"

#include <algorithm>

#include "base/log.h"
#include "http/address.h"
#include "login/limits.h"
#include "protocols/client_authentication.h"
#include "protocols/cors.h"
#include "protocols/oauth2/grants/exchange.h"
#include "protocols/record.h"
#include "protocols/reply.h"
#include "standards/oauth/errors.h"

namespace durward::protocols::oauth2 {

namespace {

constexpr std::string_view password_realm = "http://auth0.com/oauth/grant-type/password-realm";

const Grant grants[] = {
    {"authorization_code",
     {"code"},
     redeem_authorization_code,
     "seacft",
     "feacft",
     "Authorization code exchanged for tokens"},
    {"client_credentials",
     {},
     redeem_client_credentials,
     "seccft",
     "feccft",
     "Client credentials exchanged for an access token"},
    {"refresh_token",
     {"refresh_token"},
     redeem_refresh_token,
     "sertft",
     "fertft",
     "Refresh token exchanged for tokens"},
    {"password",
     {"username", "password"},
     redeem_password,
     "sepft",
     "fepft",
     "Password exchanged for tokens"},
    {password_realm,
     {"username", "password", "realm"},
     redeem_password_realm,
     "sepft",
     "fepft",
     "Password exchanged for tokens"},
    {tokens::gty_token_exchange,
     {"subject_token", "subject_token_type"},
     redeem_token_exchange,
     "secte",
     "fecte",
     "Subject token exchanged for tokens"},
};

// Applications of others may act for a user only by redirects (Auth0 Authentication API).
constexpr std::string_view third_party_grants[] = {"authorization_code", "refresh_token",
                                                   "client_credentials"};

// The exchange of tokens is no entry of grant_types: a client has a setting of its own for it, and has to be
// OIDC conformant (Auth0, custom token exchange).
bool allows_grant(const domain::Client& client, std::string_view type) {
  if (type == tokens::gty_token_exchange) return client.exchanges_custom_tokens && client.oidc_conformant;
  return client.allows_grant(type);
}

Result<> check_grant_allowed(const domain::Client& client, std::string_view type) {
  const bool third_party_may =
      client.is_first_party || std::find(std::begin(third_party_grants), std::end(third_party_grants),
                                         type) != std::end(third_party_grants);
  if (allows_grant(client, type) && third_party_may) return {};
  return oauth::refuse("unauthorized_client",
                       "Grant type '" + std::string(type) + "' not allowed for the client.");
}

// The end user's address, when a confidential client is trusted to tell it.
std::string caller_ip(const Exchange& exchange, const http::Headers& headers) {
  const std::string_view told = headers.get("auth0-forwarded-for");
  const bool trusted =
      exchange.client_proven && !told.empty() && told.size() <= 45 &&
      json::boolean_or(exchange.client->document, "is_token_endpoint_ip_header_trusted", false);
  return trusted ? std::string(told) : exchange.context.ip;
}

domain::LogRecord begin_log(const Exchange& exchange) {
  return record_of(exchange.context, exchange.client.get(), {}, {});
}

Result<const Grant*> check_grant(const Exchange& exchange, std::string_view type) {
  const Grant* grant = find_grant(type);
  if (!grant) return oauth::refuse("unsupported_grant_type", "Unsupported grant type.");
  ENSURE(check_grant_allowed(*exchange.client, type));
  ENSURE(require(exchange.body, grant->required));
  return grant;
}

Async<> commit_success(Exchange& exchange, const Grant& grant) {
  exchange.log.id = exchange.parts.services.sequence.next();
  exchange.log.type = grant.succeeded;
  exchange.log.description = grant.description;
  exchange.writes.push_back(ports::AppendLog{exchange.log});
  co_return co_await exchange.services().committer.commit(exchange.tenant(), std::move(exchange.writes));
}

// One commit: the log record and what a stolen code or token costs. The refusal stands even when it fails.
Async<> commit_refusal(Exchange& exchange, const Grant* grant, const Error& error) {
  exchange.log.id = exchange.parts.services.sequence.next();
  if (exchange.log.type.empty()) exchange.log.type = grant ? grant->failed : "f";
  exchange.log.description = error.message;
  exchange.log.details["error"] = error.code;
  exchange.penalty.push_back(ports::AppendLog{exchange.log});
  co_return co_await exchange.services().committer.commit(exchange.tenant(), std::move(exchange.penalty));
}

Async<json::Object> redeem_and_commit(Exchange& exchange, const Grant& grant) {
  CO_TRY(auto reply, co_await grant.redeem(exchange));
  CO_ENSURE(co_await commit_success(exchange, grant));
  co_return reply;
}

bool was_overtaken(const Error& error) {
  return error.code == "code_consumed" || error.code == "token_rotated";
}

// Two requests with one code or token: the one that commits second sees what the first has done and is judged
// by that, once more from the beginning.
Async<json::Object> redeem(Exchange& exchange, const Grant& grant) {
  auto reply = co_await redeem_and_commit(exchange, grant);
  if (reply || !was_overtaken(reply.error())) co_return reply;
  exchange.writes.clear();
  exchange.log = begin_log(exchange);
  auto second = co_await redeem_and_commit(exchange, grant);
  if (!second && (was_overtaken(second.error()) || second.error().kind == ErrorKind::not_found))
    co_return oauth::refuse("invalid_grant", "The grant was used at the same time elsewhere.");
  co_return second;
}

// A row that vanished between the read and the commit was revoked meanwhile.
Error as_grant_error(Error error) {
  if (error.kind != ErrorKind::not_found) return error;
  return oauth::refuse("invalid_grant", "The grant was revoked.").error();
}

// What a record is owed for. A flood must not fill the log: its limits are recorded once a minute elsewhere.
bool is_refusal(const Error& error) {
  return error.kind != ErrorKind::internal && error.kind != ErrorKind::unavailable &&
         error.code != "too_many_requests";
}

// A client that proved itself has a bucket of its own. The name of one that did not is chosen by whoever
// asks, so it has one at each address: nobody can empty the bucket of another's application.
Async<> limit_client(const Exchange& exchange) {
  const auto& client = exchange.client->client_id;
  co_return co_await endpoint::limit(
      exchange.context.limits, endpoint::RateClass::token, endpoint::LimitScope::client,
      exchange.client_proven ? client : client + "@" + http::client_block(exchange.context.ip));
}

Async<> limit_attempt(Exchange& exchange, const Grant& grant) {
  if (grant.redeem != redeem_password && grant.redeem != redeem_password_realm) co_return Result<>();
  const std::string username = exchange.body.get("username");
  auto allowed = co_await login::limit_attempt(exchange.context, username);
  if (!allowed) {
    exchange.log.type = "limit_sul";
    exchange.log.user_name = username.substr(0, 320);
  }
  co_return allowed;
}

Async<json::Object> answer(Exchange& exchange, const http::Request& request) {
  CO_TRY(exchange.body, Body::parse(request));
  const std::string type = exchange.body.get("grant_type");
  CO_ENSURE(require(exchange.body, {"grant_type"}));
  CO_TRY(auto presented, presented_client(request, exchange.body));
  CO_TRY(exchange.client,
         co_await exchange.services().configuration.client(exchange.tenant(), presented.client_id));
  CO_TRY(exchange.client_proven, check_client(exchange.client.get(), presented));
  exchange.context.ip = caller_ip(exchange, request.headers);
  exchange.log = begin_log(exchange);
  CO_ENSURE(co_await limit_client(exchange));
  CO_TRY(const Grant* grant, check_grant(exchange, type));
  CO_ENSURE(co_await limit_attempt(exchange, *grant));
  co_return co_await redeem(exchange, *grant);
}

Task<http::Response> token(Parts parts, endpoint::RequestContext context, http::Request request) {
  Exchange exchange{.parts = parts, .context = std::move(context)};
  auto reply = co_await answer(exchange, request);
  if (!reply) reply = std::unexpected(as_grant_error(std::move(reply).error()));
  if (!reply && exchange.client && is_refusal(reply.error())) {
    if (exchange.log.client_id.empty()) exchange.log = begin_log(exchange);
    const Grant* grant = find_grant(exchange.body.get("grant_type"));
    auto committed = co_await commit_refusal(exchange, grant, reply.error());
    if (!committed) log::warning("token refusal not recorded", {{"error", committed.error().code}});
    if (exchange.permit)
      co_await login::Protection(exchange.services(), parts.database)
          .settle(*std::move(exchange.permit), committed.has_value());
  }
  auto response = reply ? uncached_json(200, *reply) : oauth_error(reply.error());
  add_basic_challenge(response, request, exchange.context.issuer);
  allow_client_origin(response, request.headers.get("Origin"), exchange.client.get());
  co_return response;
}

}  // namespace

Async<std::string> audience_of(Exchange& exchange) {
  co_return co_await requested_audience(exchange.services(), exchange.tenant(), exchange.body.get("audience"),
                                        exchange.body.get("resource"));
}

Result<> check_organization(const Exchange& exchange) {
  if (exchange.body.get("organization").empty()) return {};
  return oauth::refuse("invalid_request", "parameter organization is not allowed for this client");
}

const Grant* find_grant(std::string_view type) {
  for (const auto& grant : grants)
    if (grant.type == type) return &grant;
  return nullptr;
}

std::vector<std::string_view> served_grant_types() {
  std::vector<std::string_view> out;
  for (const auto& grant : grants) out.push_back(grant.type);
  return out;
}

std::vector<endpoint::Endpoint> token_rows(Parts parts) {
  endpoint::Endpoint row;
  row.id = "token";
  row.method = http::Method::post;
  row.path = "/oauth/token";
  row.tag = "oauth";
  row.summary = "Exchange a grant for tokens (RFC 6749 §3.2)";
  row.open_because = "RFC 6749 §3.2.1: the client authenticates itself in the request";
  row.rate = endpoint::RateClass::token;
  row.cors = endpoint::Cors::client_origins;
  row.handler = endpoint::ProtocolHandler(
      [parts](endpoint::RequestContext context, http::Request request, endpoint::PathParameters) {
        return token(parts, std::move(context), std::move(request));
      });
  return {row};
}

}  // namespace durward::protocols::oauth2
