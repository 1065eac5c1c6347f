#pragma once
#include <vector>

#include "endpoint/endpoint.h"
#include "protocols/parts.h"

namespace durward::protocols::oauth2 {

// POST /oauth/token (RFC 6749 §3.2).
std::vector<endpoint::Endpoint> token_rows(Parts parts);

// The grant types the token endpoint serves, for discovery.
std::vector<std::string_view> served_grant_types();

}  // namespace durward::protocols::oauth2
