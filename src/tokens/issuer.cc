#include <optional>

#include "crypto/hash.h"
#include "standards/jose/jws.h"
#include "tokens/claims.h"
#include "tokens/key_algorithms.h"
#include "tokens/key_set_cache.h"
#include "tokens/opaque.h"
#include "tokens/tokens.h"

namespace durward::tokens {

namespace {

// Prepared signers of a key set: one per algorithm, for typ "JWT" and "at+jwt".
struct Signers {
  struct Pair {
    std::optional<jose::Signer> jwt, at_jwt;
  };
  Pair by_alg[crypto::signature_algorithm_count];
};

Signers prepare(const domain::KeySet& keys) {
  Signers out;
  for (const auto& use : key_algorithms()) {
    const auto* key = keys.current(use.kty);
    if (!key) continue;
    const jose::SigningKeyRef ref{use.alg, kid_for(*key, use), key->key};
    out.by_alg[size_t(use.alg)].jwt.emplace(ref, "JWT");
    out.by_alg[size_t(use.alg)].at_jwt.emplace(ref, "at+jwt");  // RFC 9068 §2.1
  }
  return out;
}

std::unexpected<Error> no_key(std::string_view alg) {
  return fail(ErrorKind::internal, "server_error", "The token could not be signed.",
              "no current signing key for " + std::string(alg));
}

}  // namespace

struct Issuer::Impl {
  const ports::Services& services;
  mutable KeySetCache<Signers> signers;

  Async<std::string> sign(domain::TenantId tenant, std::string alg, std::string_view typ, json::Object claims,
                          std::string secret) const;
  Async<RbacResult> grant(const AccessTokenRequest& request) const;
};

Issuer::Issuer(const ports::Services& services) : impl_(new Impl{services, {}}) {}
Issuer::~Issuer() = default;

Async<std::string> Issuer::Impl::sign(domain::TenantId tenant, std::string alg, std::string_view typ,
                                      json::Object claims, std::string secret) const {
  if (alg == "HS256") {
    if (secret.empty()) co_return no_key(alg);
    co_return jose::sign_compact({{"typ", typ}}, claims, jose::Algorithm::HS256, secret);
  }
  const auto wanted = crypto::parse_signature_algorithm(alg);
  if (!wanted) co_return no_key(alg);
  CO_TRY(auto keys, co_await services.configuration.keys(tenant));
  if (!keys) co_return no_key(alg);
  const auto prepared = signers.get(tenant, keys, prepare);
  const auto& pair = prepared->by_alg[size_t(*wanted)];
  const auto& signer = typ == "JWT" ? pair.jwt : pair.at_jwt;
  if (!signer) co_return no_key(alg);
  co_return signer->sign(claims);
}

Async<RbacResult> Issuer::Impl::grant(const AccessTokenRequest& request) const {
  if (!request.api || !request.api->enforce_policies) co_return RbacResult{request.scope, {}};
  // A client has no roles: what its client grant gives are its permissions.
  if (!request.of_user) co_return RbacResult{request.scope, request.scope};
  CO_TRY(auto found, co_await services.assignments.permissions_of(request.tenant, request.subject,
                                                                  request.api->identifier));
  std::vector<std::string> names;
  for (auto& item : found) names.push_back(std::move(item.permission.permission_name));
  co_return apply_permissions(request.scope, std::move(names));
}

Async<AccessToken> Issuer::access_token(AccessTokenRequest request) const {
  CO_TRY(auto granted, co_await impl_->grant(request));
  AccessToken out{{}, lifetime_of(request), granted.scope};
  if (!request.api) {
    const OpaqueContent content{.user_id = request.subject,
                                .client_id = request.client->client_id,
                                .sid = request.sid,
                                .scope = granted.scope,
                                .expires_at = request.now + out.lifetime,
                                .grant_id = request.grant_id,
                                .claims = std::move(request.id_claims)};
    out.text = seal_opaque(impl_->services.vault, request.tenant, request.issuer, content);
    co_return out;
  }
  const bool rfc9068 = is_rfc9068(*request.api);
  std::string jti = rfc9068 ? impl_->services.random.base62(22) : std::string();
  auto claims = access_token_claims(request, granted, std::move(jti));
  CO_TRY(out.text, co_await impl_->sign(request.tenant, request.api->signing_alg, rfc9068 ? "at+jwt" : "JWT",
                                        std::move(claims), request.api->signing_secret));
  co_return out;
}

Async<std::string> Issuer::id_token(IdTokenRequest request) const {
  auto claims = id_token_claims(request);
  co_return co_await impl_->sign(request.tenant, request.client->id_token_alg, "JWT", std::move(claims),
                                 request.client->secret);
}

NewRefreshToken make_refresh_token(const ports::Services& services, const domain::Client& client,
                                   domain::Authorization authorization, int64_t family, domain::Device device,
                                   TimePoint now) {
  const domain::Handle handle{services.sequence.next(), services.random.bytes(32)};
  const auto& policy = client.refresh_token;
  domain::RefreshToken token;
  token.id = handle.id;
  token.secret_sha256 = crypto::sha256(handle.secret);
  token.family = family ? family : handle.id;
  token.authorization = std::move(authorization);
  token.rotating = policy.rotating;
  token.created_at = now;
  if (!policy.infinite_idle_lifetime) token.idle_expires_at = now + policy.idle_lifetime;
  if (!policy.infinite_lifetime) token.expires_at = now + policy.lifetime;
  token.device = std::move(device);
  return {"v1." + handle.to_string(), std::move(token)};
}

std::optional<domain::Handle> parse_refresh_token(std::string_view text) {
  if (!text.starts_with("v1.")) return {};
  return domain::Handle::parse(text.substr(3));
}

Async<std::string> users_token(const Issuer& issuer, domain::TenantId tenant, std::string issuer_url,
                               TimePoint now) {
  constexpr std::string_view client_id = "auth0-rules";
  auto client = std::make_shared<domain::Client>();
  client->client_id = client_id;
  auto api = std::make_shared<domain::ResourceServer>();
  api->identifier = issuer_url + "api/v2/";
  api->token_lifetime = Seconds(60);
  CO_TRY(auto access, co_await issuer.access_token({.tenant = tenant,
                                                    .issuer = std::move(issuer_url),
                                                    .now = now,
                                                    .client = std::move(client),
                                                    .api = std::move(api),
                                                    .subject = std::string(client_id) + "@clients",
                                                    .of_user = false,
                                                    .scope = {"read:users", "update:users"},
                                                    .gty = std::string(gty_client_credentials)}));
  co_return std::move(access.text);
}

}  // namespace durward::tokens
