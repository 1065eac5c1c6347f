#pragma once
#include <optional>
#include <string>

#include "endpoint/endpoint.h"
#include "ports/services.h"

namespace durward::protocols::oidc {

struct LogoutHint {
  std::string subject, session_id, client_id;  // session_id may be empty
};

// id_token_hint, which may be expired (OpenID Connect RP-Initiated Logout §2): an ID token of this issuer,
// signed with one of the tenant's keys or, for HS256, with the secret of the client it was issued to. Nothing
// for an empty text. Error: invalid_request.
Async<std::optional<LogoutHint>> read_logout_hint(const ports::Services& services,
                                                  endpoint::RequestContext context, std::string text);

}  // namespace durward::protocols::oidc
