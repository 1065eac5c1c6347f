#include "protocols/oidc/logout_hint.h"

#include "standards/oauth/errors.h"
#include "standards/oidc/claims.h"
#include "tokens/verify.h"

namespace durward::protocols::oidc {

namespace {

std::unexpected<Error> bad_hint() {
  return oauth::refuse("invalid_request", "The id_token_hint is not an ID token of this issuer.");
}

// The client of an ID token that is not yet trusted, to find the secret that could have signed it.
std::string claimed_client(const json::Object& payload) { return json::string_or(payload, "aud"); }

// RFC 8725 §3.1: a secret verifies HS256 only.
Async<jose::VerifiedJwt> verify_by_secret(const ports::Services& services, domain::TenantId tenant,
                                          std::string text, std::string client_id) {
  CO_TRY(auto client, co_await services.configuration.client(tenant, client_id));
  if (!client || client->secret.empty() || client->id_token_alg != "HS256") co_return bad_hint();
  const jose::VerificationKey key{{}, jose::Algorithm::HS256, client->secret};
  auto jwt = jose::verify_compact(text, std::span(&key, 1), {.allowed = {jose::Algorithm::HS256}});
  if (!jwt) co_return bad_hint();
  co_return jwt;
}

Async<jose::VerifiedJwt> verify(const ports::Services& services, domain::TenantId tenant, std::string text) {
  const auto unverified = jose::decode_unverified(text);
  if (!unverified) co_return bad_hint();
  if (unverified->alg == jose::Algorithm::HS256)
    co_return co_await verify_by_secret(services, tenant, std::move(text),
                                        claimed_client(unverified->payload));
  CO_TRY(auto keys, co_await services.configuration.keys(tenant));
  if (!keys) co_return bad_hint();
  auto jwt = tokens::verify_own_jwt(*keys, text);
  if (!jwt) co_return bad_hint();
  co_return jwt;
}

}  // namespace

Async<std::optional<LogoutHint>> read_logout_hint(const ports::Services& services,
                                                  endpoint::RequestContext context, std::string text) {
  if (text.empty()) co_return std::nullopt;
  CO_TRY(auto jwt, co_await verify(services, context.tenant->id, std::move(text)));
  auto hint = durward::oidc::read_id_token_hint(jwt, context.issuer, context.now);
  if (!hint || hint->audiences.size() != 1) co_return bad_hint();
  // An access token is no hint: its audience is an API, which the caller will not find among the clients.
  co_return LogoutHint{hint->subject, hint->session_id, hint->audiences.front()};
}

}  // namespace durward::protocols::oidc
