#include "crypto/hash.h"
#include "protocols/oauth2/grants/user_tokens.h"
#include "standards/oauth/errors.h"
#include "standards/oauth/scope.h"

// RFC 6749 §6 with the rotation of RFC 9700 §4.14.2.
namespace durward::protocols::oauth2 {

namespace {

using domain::RefreshToken;

std::unexpected<Error> bad_token() {
  return oauth::refuse("invalid_grant", "Unknown or invalid refresh token.");
}

bool is_expired(const RefreshToken& token, TimePoint now) {
  return (token.expires_at && now >= *token.expires_at) ||
         (token.idle_expires_at && now >= *token.idle_expires_at);
}

// RFC 6749 §6: the token was issued to this client. Every reason looks the same from outside.
Async<RefreshToken> find_token(Exchange& exchange) {
  const auto handle = tokens::parse_refresh_token(exchange.body.get("refresh_token"));
  if (!handle) co_return bad_token();
  CO_TRY(auto token, co_await exchange.services().refresh_tokens.find(exchange.tenant(), handle->id));
  if (!token || !crypto::equal_constant_time(crypto::sha256(handle->secret), token->secret_sha256))
    co_return bad_token();
  if (token->authorization.client_id != exchange.client->client_id) co_return bad_token();
  if (is_expired(*token, exchange.context.now)) co_return bad_token();
  co_return std::move(*token);
}

// RFC 9700 §4.14.2: a rotated token that comes back after the leeway means that two parties hold the family.
Result<> check_reuse(Exchange& exchange, const RefreshToken& token) {
  if (!token.rotated_at) return {};
  if (exchange.context.now < *token.rotated_at + exchange.client->refresh_token.leeway) return {};
  exchange.log.type = "ferrt";
  exchange.log.user_id = token.authorization.user_id;
  exchange.log.details["familyId"] = std::to_string(token.family);
  exchange.penalty.push_back(ports::RevokeFamily{token.family});
  exchange.penalty.push_back(ports::RevokeGrant{token.family, revocation_end(exchange.context.now)});
  return bad_token();
}

// RFC 6749 §6 and §3.3: never more than was granted. Libraries repeat what they once asked for, so words that
// were not granted then are left out rather than refused, as long as something remains.
Result<std::vector<std::string>> narrowed_scope(const Exchange& exchange, const RefreshToken& token) {
  const std::string requested = exchange.body.get("scope");
  if (requested.empty()) return token.authorization.scope;
  TRY(auto wanted, oauth::ScopeSet::parse(requested));
  auto granted = wanted.intersect(oauth::ScopeSet(token.authorization.scope));
  if (granted.empty() && !wanted.empty())
    return oauth::refuse("invalid_scope", "The refresh token was not granted this scope.");
  return granted.words();
}

// RFC 8707 §2.2: tokens for the audience of the grant only.
Result<> check_audience(const Exchange& exchange, const RefreshToken& token) {
  const std::string requested = exchange.body.get("audience");
  if (requested.empty() || requested == token.authorization.audience) return {};
  const std::string& issuer = exchange.context.issuer;
  if (token.authorization.audience.empty() && requested == issuer + "userinfo") return {};
  // The management API under the host of this request.
  if (token.authorization.audience.ends_with("/api/v2/") && requested == issuer + "api/v2/") return {};
  return oauth::refuse("access_denied", "The refresh token was not granted this audience.");
}

// The successor keeps family, grant and absolute end of its predecessor; idle time begins anew.
std::string rotate(Exchange& exchange, const RefreshToken& token, const extensions::TokenChanges& changes) {
  const TimePoint now = exchange.context.now;
  auto next = tokens::make_refresh_token(exchange.services(), *exchange.client, token.authorization,
                                         token.family, token.device, now);
  next.token.expires_at = token.expires_at;
  next.token.device.last_ip = exchange.context.ip;
  next.token.device.last_user_agent = exchange.context.user_agent;
  next.token.last_used_at = now;
  changes.apply_to(next.token);
  if (!token.rotated_at) exchange.writes.push_back(ports::RotateRefreshToken{token.id, now});
  exchange.writes.push_back(ports::InsertRefreshToken{std::move(next.token)});
  return next.text;
}

// The text of the successor, or nothing when the token stays as it is.
std::string renew(Exchange& exchange, const RefreshToken& token, const extensions::TokenChanges& changes) {
  const auto& policy = exchange.client->refresh_token;
  if (policy.rotating || token.rotated_at) return rotate(exchange, token, changes);
  std::optional<TimePoint> idle_end;
  if (!policy.infinite_idle_lifetime) idle_end = exchange.context.now + policy.idle_lifetime;
  RefreshToken used = token;
  used.idle_expires_at = idle_end;
  changes.apply_to(used);
  exchange.writes.push_back(
      ports::TouchRefreshToken{.id = token.id,
                               .at = exchange.context.now,
                               .idle_expires_at = used.idle_expires_at,
                               .expires_at = changes.refresh_expires_at ? used.expires_at : std::nullopt,
                               .noted = changes.refresh_metadata ? std::optional(used) : std::nullopt});
  return {};
}

}  // namespace

Async<json::Object> redeem_refresh_token(Exchange& exchange) {
  CO_TRY(auto token, co_await find_token(exchange));
  CO_ENSURE(check_reuse(exchange, token));
  CO_ENSURE(check_audience(exchange, token));
  CO_TRY(auto scope, narrowed_scope(exchange, token));
  CO_TRY(auto user,
         co_await active_user(exchange, token.authorization.user_id,
                              "The refresh_token was generated for a user who doesn't exist anymore."));
  exchange.log.connection = token.authorization.connection;
  UserTokens request{.authorization = token.authorization,
                     .user = std::move(user),
                     .gty = tokens::gty_refresh_token,
                     // OpenID Connect Core §12.2: the time of the original authentication, no nonce.
                     .auth_time = token.authorization.auth_time,
                     .grant_id = token.family};
  request.authorization.scope = std::move(scope);
  CO_ENSURE(co_await run_login_scripts(exchange, request,
                                       {.protocol = "oauth2-refresh-token",
                                        .connection = token.authorization.connection,
                                        .refresh_token = token}));
  request.refresh_token = renew(exchange, token, request.changes);
  co_return co_await user_tokens(exchange, std::move(request));
}

}  // namespace durward::protocols::oauth2
