#include "tokens/verify.h"

#include <algorithm>

#include "standards/oauth/scope.h"
#include "tokens/key_algorithms.h"
#include "tokens/opaque.h"

namespace durward::tokens {

namespace {

using jose::Algorithm;

std::unexpected<Error> refused(std::string reason = "The access token is invalid or has expired.") {
  return fail(ErrorKind::unauthenticated, "invalid_token", std::move(reason));
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

Result<jose::VerificationKey> find_key(const domain::KeySet& keys, const jose::UnverifiedJwt& token) {
  const auto* key = find_signing_key(keys, token.kid, to_string(token.alg));
  if (!key) return refused();
  return jose::VerificationKey{token.kid, token.alg, key->key.public_key()};
}

// A JWT of this tenant for `audience` that is valid now.
Result<jose::VerifiedJwt> verify_for(const domain::KeySet& keys, const endpoint::RequestContext& context,
                                     std::string audience, std::string_view token) {
  TRY(auto jwt, verify_own_jwt(keys, token));
  const jose::ClaimRules rules{
      .now = context.now, .issuer = context.issuer, .audiences = {std::move(audience)}};
  if (auto checked = jose::check_claims(jwt, rules); !checked) return refused(checked.error().message);
  return jwt;
}

std::vector<std::string> scopes_of(const json::Object& payload) {
  auto scope = oauth::ScopeSet::parse(json::string_or(payload, "scope"));
  return scope ? scope->words() : std::vector<std::string>();
}

// RFC 9068 §2.2 calls the client "client_id", the older dialect "azp".
std::string client_of(const json::Object& payload) {
  return json::string_or(payload, "azp", json::string_or(payload, "client_id"));
}

Async<UserInfoAccess> verify_opaque(const ports::Services& services, endpoint::RequestContext context,
                                    std::string token) {
  CO_TRY(auto content, open_opaque(services.vault, context.tenant->id, token, context.now));
  if (content.grant_id) {
    CO_TRY(const bool revoked,
           co_await services.refresh_tokens.is_grant_revoked(context.tenant->id, content.grant_id));
    if (revoked) co_return refused();  // RFC 6749 §4.1.2
  }
  co_return UserInfoAccess{content.user_id, content.client_id, content.scope, std::move(content.claims)};
}

Async<UserInfoAccess> verify_jwt(const ports::Services& services, endpoint::RequestContext context,
                                 std::string token) {
  CO_TRY(auto keys, co_await services.configuration.keys(context.tenant->id));
  if (!keys) co_return refused();
  CO_TRY(auto jwt, verify_for(*keys, context, context.issuer + "userinfo", token));
  co_return UserInfoAccess{
      json::string_or(jwt.payload, "sub"), client_of(jwt.payload), scopes_of(jwt.payload), {}};
}

Async<endpoint::Principal> authenticate(const ports::Services& services, endpoint::RequestContext context,
                                        std::string token) {
  CO_TRY(auto keys, co_await services.configuration.keys(context.tenant->id));
  if (!keys) co_return refused();
  CO_TRY(auto jwt, verify_for(*keys, context, context.issuer + "api/v2/", token));
  co_return endpoint::Principal{json::string_or(jwt.payload, "sub"), client_of(jwt.payload),
                                scopes_of(jwt.payload)};
}

// RFC 8725 §3.1: a secret verifies HS256 only. `client_id` is the token's word, to find the secret that could
// have signed it.
Async<jose::VerifiedJwt> verify_by_secret(const ports::Services& services, domain::TenantId tenant,
                                          std::string text, std::string client_id) {
  CO_TRY(auto client, co_await services.configuration.client(tenant, client_id));
  if (!client || client->secret.empty() || client->id_token_alg != "HS256") co_return refused();
  const jose::VerificationKey key{{}, Algorithm::HS256, client->secret};
  auto jwt = jose::verify_compact(text, std::span(&key, 1), {.allowed = {Algorithm::HS256}});
  if (!jwt) co_return refused();
  co_return jwt;
}

}  // namespace

Async<jose::VerifiedJwt> verify_own_id_token(const ports::Services& services, domain::TenantId tenant,
                                             std::string text) {
  const auto unverified = jose::decode_unverified(text);
  if (!unverified) co_return refused();
  if (unverified->alg == Algorithm::HS256)
    co_return co_await verify_by_secret(services, tenant, std::move(text),
                                        json::string_or(unverified->payload, "aud"));
  CO_TRY(auto keys, co_await services.configuration.keys(tenant));
  if (!keys) co_return refused();
  co_return verify_own_jwt(*keys, text);
}

Result<jose::VerifiedJwt> verify_own_jwt(const domain::KeySet& keys, std::string_view token) {
  // RFC 8725 §3.1: what this server signs with, never what the token asks for; no HS256, so that no public
  // key can be taken for a secret.
  static const jose::VerifyOptions options{
      .allowed = {Algorithm::RS256, Algorithm::ES256, Algorithm::PS256, Algorithm::RS512}};
  auto jwt = jose::verify_compact(
      token, [&keys](const jose::UnverifiedJwt& unverified) { return find_key(keys, unverified); }, options);
  if (!jwt) return refused();
  return jwt;
}

Async<UserInfoAccess> verify_for_userinfo(const ports::Services& services, endpoint::RequestContext context,
                                          std::string token) {
  auto access = looks_opaque(token) ? co_await verify_opaque(services, context, std::move(token))
                                    : co_await verify_jwt(services, context, std::move(token));
  // OpenID Connect Core §5.3: the token was issued with openid.
  if (access && !contains(access->scope, "openid"))
    co_return fail(ErrorKind::forbidden, "insufficient_scope", "The access token lacks the openid scope.");
  co_return access;
}

endpoint::Authenticator management_authenticator(const ports::Services& services) {
  return [&services](endpoint::RequestContext context, std::string bearer) {
    return authenticate(services, std::move(context), std::move(bearer));
  };
}

}  // namespace durward::tokens
