#include "tokens/claims.h"

#include <algorithm>

#include "standards/oauth/scope.h"
#include "standards/oidc/claims.h"

namespace durward::tokens {

namespace {

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void add_all(json::Object& to, const json::Object& from) {
  for (const auto& member : from)
    if (!to.contains(member.key())) to.emplace(member.key(), member.value());
}

// The user may also ask /userinfo with this token when it was granted openid; only RS256 tokens are read
// there.
json::Value audience_of(const AccessTokenRequest& request, const std::vector<std::string>& scope) {
  const auto& api = *request.api;
  const std::string& audience = request.audience.empty() ? api.identifier : request.audience;
  if (!request.of_user || !contains(scope, "openid") || api.signing_alg != "RS256")
    return json::Value(audience);
  return json::Array{json::Value(audience), json::Value(request.issuer + "userinfo")};
}

}  // namespace

RbacResult apply_permissions(const std::vector<std::string>& scope, std::vector<std::string> permissions) {
  RbacResult out;
  for (const auto& word : scope)
    if (is_oidc_scope(word) || contains(permissions, word)) out.scope.push_back(word);
  out.permissions = std::move(permissions);
  return out;
}

bool is_rfc9068(const domain::ResourceServer& api) { return api.token_dialect.starts_with("rfc9068"); }
bool lists_permissions(const domain::ResourceServer& api) {
  return api.enforce_policies && api.token_dialect.ends_with("_authz");
}

Seconds lifetime_of(const AccessTokenRequest& request) {
  if (!request.api) return request.front_channel ? opaque_lifetime_for_web : opaque_lifetime;
  return request.front_channel ? request.api->token_lifetime_for_web : request.api->token_lifetime;
}

json::Object access_token_claims(const AccessTokenRequest& request, const RbacResult& granted,
                                 std::string jti) {
  const auto& api = *request.api;
  const int64_t now = to_unix_seconds(request.now);
  json::Object claims{{"iss", request.issuer},
                      {"sub", request.subject},
                      {"aud", audience_of(request, granted.scope)},
                      {"iat", now},
                      {"exp", now + lifetime_of(request).count()}};
  if (!granted.scope.empty()) claims["scope"] = oauth::ScopeSet(granted.scope).join();
  if (is_rfc9068(api)) {  // RFC 9068 §2.2
    claims["jti"] = std::move(jti);
    claims["client_id"] = request.client->client_id;
  } else {
    if (!request.gty.empty()) claims["gty"] = request.gty;
    claims["azp"] = request.client->client_id;
  }
  if (lists_permissions(api)) claims["permissions"] = json::array_of(granted.permissions);
  add_all(claims, request.claims);
  return claims;
}

json::Object id_token_claims(const IdTokenRequest& request) {
  const auto alg = jose::parse_algorithm(request.client->id_token_alg).value_or(jose::Algorithm::RS256);
  const int64_t now = to_unix_seconds(request.now);
  json::Object claims = oidc::claims_for(oauth::ScopeSet(request.scope), request.user.to_claims());
  claims["iss"] = request.issuer;
  claims["aud"] = request.client->client_id;
  claims["sub"] = request.user.user_id;
  claims["iat"] = now;
  claims["exp"] = now + request.client->id_token_lifetime.count();
  if (!request.sid.empty()) claims["sid"] = request.sid;
  if (!request.nonce.empty()) claims["nonce"] = request.nonce;
  if (request.auth_time) claims["auth_time"] = to_unix_seconds(*request.auth_time);
  if (!request.amr.empty()) claims["amr"] = json::array_of(request.amr);
  // OpenID Connect Core §3.2.2.9, §3.3.2.11.
  if (!request.access_token.empty()) claims["at_hash"] = oidc::half_hash(alg, request.access_token);
  if (!request.code.empty()) claims["c_hash"] = oidc::half_hash(alg, request.code);
  if (!request.state.empty()) claims["s_hash"] = oidc::half_hash(alg, request.state);
  add_all(claims, request.claims);
  return claims;
}

}  // namespace durward::tokens
