#pragma once
#include <vector>

#include "endpoint/endpoint.h"
#include "protocols/parts.h"

namespace durward::protocols::oidc {

// GET and POST /userinfo (OpenID Connect Core §5.3).
std::vector<endpoint::Endpoint> userinfo_rows(Parts parts);

// RFC 6750 §2: the access token of the header or of a form body, never of the URL. unauthenticated without a
// code when there is none (§3.1), invalid_request when there are two.
Result<std::string> bearer_token(const http::Request& request);

}  // namespace durward::protocols::oidc
