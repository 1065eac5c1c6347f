#pragma once
#include <vector>

#include "endpoint/endpoint.h"
#include "protocols/parts.h"

namespace durward::protocols::oauth2 {

// POST /oauth/revoke (RFC 7009).
std::vector<endpoint::Endpoint> revoke_rows(Parts parts);

}  // namespace durward::protocols::oauth2
