#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "standards/jose/jws.h"
#include "standards/oauth/scope.h"

// Claims of OpenID Connect: what scopes release, the hashes that bind ID tokens to codes and tokens, hints,
// and the names that customers' code may not set.
namespace durward::oidc {

struct ScopeClaim {
  std::string_view scope, claim;
};
// OpenID Connect Core §5.4, extended by the compatible API's `nickname` and `picture` habits; in output
// order.
const std::vector<ScopeClaim>& scope_claims();
bool is_standard_claim(std::string_view name);  // one of those

// The members of `profile` that `scopes` release, without those that are null or absent.
json::Object claims_for(const oauth::ScopeSet& scopes, const json::Object& profile);

// Left half of the digest that belongs to the ID token's algorithm, base64url: at_hash (OpenID Connect Core
// §3.1.3.6), c_hash (§3.3.2.11), s_hash (FAPI 1 part 2 §5.1.1).
std::string half_hash(jose::Algorithm alg, std::string_view value);

// ---- id_token_hint

struct IdTokenHint {
  std::string subject, session_id;  // session_id may be empty
  std::vector<std::string> audiences;
};
// Of an ID token whose signature has been verified: `iss` must be ours, `exp` may have passed (OpenID Connect
// RP-Initiated Logout §2). Error: invalid_request.
Result<IdTokenHint> read_id_token_hint(const jose::VerifiedJwt& token, std::string_view issuer,
                                       TimePoint now);

// ---- custom claims

enum class CustomClaim {
  allowed,
  dropped,     // a namespace of the platform: ignored without a word
  restricted,  // a registered name that only the server sets
  standard     // a profile claim: allowed in ID tokens when its scope was granted
};
CustomClaim classify_custom_claim(std::string_view name);

inline constexpr size_t custom_claims_size_max = 100 * 1024;

}  // namespace durward::oidc
