#include "crypto/hash.h"
#include "protocols/oauth2/grants/user_tokens.h"
#include "standards/oauth/errors.h"
#include "standards/oauth/pkce.h"

// RFC 6749 §4.1.3 with RFC 7636.
namespace durward::protocols::oauth2 {

namespace {

std::unexpected<Error> bad_code() { return oauth::refuse("invalid_grant", "Invalid authorization code"); }

// The live code of this client. A code of another client, a forged one and an unknown one look the same.
Async<domain::AuthorizationCode> find_code(Exchange& exchange) {
  const auto handle = domain::Handle::parse(exchange.body.get("code"));
  if (!handle) co_return bad_code();
  CO_TRY(auto code, co_await exchange.services().codes.find(exchange.tenant(), handle->id));
  if (!code || !crypto::equal_constant_time(crypto::sha256(handle->secret), code->secret_sha256))
    co_return bad_code();
  // RFC 6749 §4.1.3: the code was issued to the authenticated client.
  if (code->authorization.client_id != exchange.client->client_id) co_return bad_code();
  if (exchange.context.now >= code->expires_at) co_return bad_code();
  co_return std::move(*code);
}

// RFC 6749 §4.1.2: a code that comes twice was stolen; what it gave is taken back.
Result<> check_unused(Exchange& exchange, const domain::AuthorizationCode& code) {
  if (!code.consumed_at) return {};
  exchange.log.user_id = code.authorization.user_id;
  exchange.penalty.push_back(ports::RevokeFamily{code.grant_id});
  exchange.penalty.push_back(ports::RevokeGrant{code.grant_id, revocation_end(exchange.context.now)});
  return bad_code();
}

// RFC 6749 §4.1.3: identical to the one of the authorization request, when that had one.
Result<> check_redirect_uri(const Exchange& exchange, const domain::AuthorizationCode& code) {
  const std::string sent = exchange.body.get("redirect_uri");
  if (code.redirect_uri.empty() && sent.empty()) return {};
  if (sent.empty()) return oauth::refuse("invalid_request", "Missing required parameter: redirect_uri");
  if (sent == code.redirect_uri) return {};
  return oauth::refuse("invalid_grant",
                       "The redirect_uri is not the one that the authorization request was made with.");
}

// RFC 7636 §4.6.
Result<> check_verifier(const Exchange& exchange, const domain::AuthorizationCode& code) {
  std::optional<oauth::CodeChallenge> challenge;
  if (!code.code_challenge.empty())
    challenge = {
        code.code_challenge_method == "plain" ? oauth::ChallengeMethod::plain : oauth::ChallengeMethod::S256,
        code.code_challenge};
  auto checked = oauth::verify_challenge(challenge, exchange.body.get("code_verifier"));
  if (!checked && checked.error().code == "invalid_grant")
    return oauth::refuse("invalid_grant", "Failed to verify code verifier");
  return checked;
}

// What the scripts of the login wanted in its tokens.
extensions::TokenChanges changes_of(const domain::AuthorizationCode& code) {
  const auto* changes = json::object(code.authorization.extra, extensions::token_changes_member);
  return changes ? extensions::TokenChanges::from_json(*changes) : extensions::TokenChanges();
}

std::string add_refresh_token(Exchange& exchange, const domain::AuthorizationCode& code) {
  if (!has_scope(code.authorization, "offline_access") || !exchange.client->allows_grant("refresh_token"))
    return {};
  auto authorization = code.authorization;
  authorization.extra.erase(extensions::token_changes_member);  // each refresh runs the scripts again
  auto made = tokens::make_refresh_token(exchange.services(), *exchange.client, std::move(authorization),
                                         code.grant_id, device_of(exchange.context), exchange.context.now);
  changes_of(code).apply_to(made.token);
  exchange.writes.push_back(ports::InsertRefreshToken{std::move(made.token)});
  return made.text;
}

}  // namespace

Async<json::Object> redeem_authorization_code(Exchange& exchange) {
  CO_TRY(auto code, co_await find_code(exchange));
  CO_ENSURE(check_unused(exchange, code));
  CO_ENSURE(check_redirect_uri(exchange, code));
  CO_ENSURE(check_verifier(exchange, code));
  CO_TRY(auto user, co_await active_user(exchange, code.authorization.user_id, "Invalid authorization code"));
  exchange.log.connection = code.authorization.connection;
  exchange.writes.push_back(ports::ConsumeCode{code.id, exchange.context.now});
  UserTokens request{.authorization = code.authorization,
                     .user = std::move(user),
                     .nonce = code.authorization.nonce,
                     .grant_id = code.grant_id,
                     .refresh_token = add_refresh_token(exchange, code),
                     .changes = changes_of(code)};
  // OpenID Connect Core §2: auth_time when max_age was asked for.
  if (code.max_age_requested) request.auth_time = code.authorization.auth_time;
  co_return co_await user_tokens(exchange, std::move(request));
}

}  // namespace durward::protocols::oauth2
