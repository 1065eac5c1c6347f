#pragma once
#include <string>
#include <vector>

#include "base/json.h"
#include "tokens/tokens.h"

// The claims of tokens as pure functions of a request.
namespace durward::tokens {

struct RbacResult {
  std::vector<std::string> scope;
  std::vector<std::string> permissions;
};
// enforce_policies: scopes of the API stay only when the user has the permission; OIDC scopes stay.
RbacResult apply_permissions(const std::vector<std::string>& scope, std::vector<std::string> permissions);

bool is_rfc9068(const domain::ResourceServer& api);
bool lists_permissions(const domain::ResourceServer& api);
Seconds lifetime_of(const AccessTokenRequest& request);

// `jti` is used by the RFC 9068 dialects only.
json::Object access_token_claims(const AccessTokenRequest& request, const RbacResult& granted,
                                 std::string jti);
json::Object id_token_claims(const IdTokenRequest& request);

}  // namespace durward::tokens
