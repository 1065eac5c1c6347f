#pragma once
#include <optional>
#include <string>
#include <vector>

#include "domain/client.h"
#include "domain/tenant.h"
#include "endpoint/endpoint.h"
#include "protocols/parts.h"

namespace durward::protocols::oidc {

// GET /v2/logout, GET and POST /oidc/logout (OpenID Connect RP-Initiated Logout 1.0), POST /u/logout-confirm.
std::vector<endpoint::Endpoint> logout_rows(Parts parts);

// Whether `url` is among the client's allowed_logout_urls; without a client, the tenant's.
bool is_allowed_logout_url(std::string_view url, const domain::Client* client,
                           const domain::TenantSettings& settings);
// Where /v2/logout leads: `wanted` if allowed, the first registered URL when nothing was wanted (empty when
// there is none). invalid/invalid_request when `wanted` is not allowed.
Result<std::string> logout_target(const std::string& wanted, const domain::Client* client,
                                  const domain::TenantSettings& settings);

}  // namespace durward::protocols::oidc
