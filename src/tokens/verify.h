#pragma once
#include <string>
#include <vector>

#include "base/task.h"
#include "domain/signing_key.h"
#include "endpoint/endpoint.h"
#include "ports/services.h"
#include "standards/jose/jws.h"

// Checking tokens that come back. Errors: unauthenticated / invalid_token with a public reason; nothing of
// the token is repeated.
namespace durward::tokens {

// What an access token allows at /userinfo.
struct UserInfoAccess {
  std::string user_id, client_id;
  std::vector<std::string> scope;
  json::Object claims;  // of the token's own, for its bearer
};
// A JWT whose `aud` contains https://{host}/userinfo, or an opaque token of this tenant. At most one read
// (whether its grant was revoked, RFC 6749 §4.1.2).
Async<UserInfoAccess> verify_for_userinfo(const ports::Services& services, endpoint::RequestContext context,
                                          std::string token);

// Bearer check of API v2: issuer is the host of the request, audience {issuer}api/v2/.
endpoint::Authenticator management_authenticator(const ports::Services& services);

// Verifies a JWT that this tenant signed itself with one of its keys (also one of those that only verify);
// claims are the caller's business.
Result<jose::VerifiedJwt> verify_own_jwt(const domain::KeySet& keys, std::string_view token);
// The same of a text that claims to be an ID token, which may also be signed with the secret of the client it
// was issued to (HS256).
Async<jose::VerifiedJwt> verify_own_id_token(const ports::Services& services, domain::TenantId tenant,
                                             std::string text);

}  // namespace durward::tokens
