#include "standards/oidc/claims.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace durward::oidc {

namespace {

const std::vector<ScopeClaim> rows = {
    {"openid", "sub"},
    {"profile", "given_name"},
    {"profile", "family_name"},
    {"profile", "middle_name"},
    {"profile", "nickname"},
    {"profile", "preferred_username"},
    {"profile", "name"},
    {"profile", "picture"},
    {"profile", "profile"},
    {"profile", "website"},
    {"profile", "gender"},
    {"profile", "birthdate"},
    {"profile", "zoneinfo"},
    {"profile", "locale"},
    {"profile", "updated_at"},
    {"email", "email"},
    {"email", "email_verified"},
    {"phone", "phone_number"},
    {"phone", "phone_number_verified"},
    {"address", "address"},
};

// Sorted. Names that say something about the token or the session, which only the server may set.
constexpr auto restricted = std::to_array<std::string_view>({
    "acr",
    "act",
    "active",
    "amr",
    "at_hash",
    "ath",
    "attest",
    "aud",
    "auth_time",
    "authorization_details",
    "azp",
    "c_hash",
    "client_id",
    "cnf",
    "cty",
    "dest",
    "entitlements",
    "events",
    "exp",
    "groups",
    "gty",
    "htm",
    "htu",
    "iat",
    "internalService",
    "iss",
    "jcard",
    "jku",
    "jti",
    "jwe",
    "jwk",
    "kid",
    "may_act",
    "mky",
    "nbf",
    "nonce",
    "object_id",
    "org_id",
    "org_name",
    "orig",
    "origid",
    "permissions",
    "roles",
    "rph",
    "s_hash",
    "scope",
    "sid",
    "sip_callid",
    "sip_cseq_num",
    "sip_date",
    "sip_from_tag",
    "sip_via_branch",
    "sub",
    "sub_jwk",
    "toe",
    "txn",
    "typ",
    "uuid",
    "vot",
    "vtm",
    "x5t#S256",
});
static_assert(std::ranges::is_sorted(restricted));

constexpr std::array<std::string_view, 3> platform_hosts = {"auth0.com", "webtask.io", "webtask.run"};

// "https://Sub.Auth0.com:443/claim" -> "sub.auth0.com"; empty when the name is no URL.
std::string namespace_host(std::string_view name) {
  const std::string lower = to_lower(name);
  const size_t marker = lower.find("://");
  if (marker == lower.npos) return {};
  std::string host = lower.substr(marker + 3);
  host.resize(std::min(host.find_first_of("/?#"), host.size()));
  if (const size_t at = host.rfind('@'); at != host.npos) host.erase(0, at + 1);
  host.resize(std::min(host.find(':'), host.size()));
  while (host.ends_with('.')) host.pop_back();
  return host;
}

bool is_platform_namespace(std::string_view name) {
  const std::string lower = to_lower(name);
  if (lower == "urn:auth0" || lower.starts_with("urn:auth0:")) return true;
  const std::string host = namespace_host(name);
  return std::ranges::any_of(platform_hosts, [&](std::string_view own) {
    return host == own || (host.ends_with(own) && host[host.size() - own.size() - 1] == '.');
  });
}

std::vector<std::string> read_audiences(const json::Object& payload) {
  if (auto one = json::string(payload, "aud")) return {*std::move(one)};
  return json::strings(payload, "aud");
}

}  // namespace

const std::vector<ScopeClaim>& scope_claims() { return rows; }

bool is_standard_claim(std::string_view name) {
  return std::ranges::find(rows, name, &ScopeClaim::claim) != rows.end();
}

json::Object claims_for(const oauth::ScopeSet& scopes, const json::Object& profile) {
  json::Object out;
  for (const auto& row : rows) {
    if (!scopes.contains(row.scope)) continue;
    const json::Value* value = profile.if_contains(row.claim);
    // OpenID Connect Core §5.3.2: a claim without value is left out, never null.
    if (value && !value->is_null()) out[row.claim] = *value;
  }
  return out;
}

std::string half_hash(jose::Algorithm alg, std::string_view value) {
  const std::string_view name = jose::to_string(alg);
  // EdDSA is not in OpenID Connect Core; implementations use SHA-512, the hash of Ed25519.
  const std::string digest = name.ends_with("256")   ? crypto::sha256(value)
                             : name.ends_with("384") ? crypto::sha384(value)
                                                     : crypto::sha512(value);
  return to_base64url(std::string_view(digest).substr(0, digest.size() / 2));
}

Result<IdTokenHint> read_id_token_hint(const jose::VerifiedJwt& token, std::string_view issuer,
                                       TimePoint now) {
  const auto refused = [](std::string reason) {
    return fail(ErrorKind::invalid, "invalid_request", "Invalid id_token_hint: " + reason);
  };
  const jose::ClaimRules rules{.now = now, .issuer = std::string(issuer), .check_exp = false};
  if (const auto good = jose::check_claims(token, rules); !good) return refused(good.error().message);
  IdTokenHint out{json::string_or(token.payload, "sub"), json::string_or(token.payload, "sid"),
                  read_audiences(token.payload)};
  if (out.subject.empty() || out.audiences.empty()) return refused("it is not an ID token");
  return out;
}

CustomClaim classify_custom_claim(std::string_view name) {
  if (is_platform_namespace(name)) return CustomClaim::dropped;
  if (std::ranges::binary_search(restricted, name)) return CustomClaim::restricted;
  return is_standard_claim(name) ? CustomClaim::standard : CustomClaim::allowed;
}

}  // namespace durward::oidc
