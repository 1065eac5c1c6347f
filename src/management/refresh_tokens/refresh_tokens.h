#pragma once
#include <vector>

#include "domain/session.h"
#include "endpoint/endpoint.h"
#include "ports/services.h"

namespace durward::management::refresh_tokens {

std::vector<endpoint::Endpoint> rows(const ports::Services& services);

// A refresh token as the API shows it, under its public id.
json::Object render(const domain::RefreshToken& token);
// The live token with this public id. not_found/"inexistent_refresh_token" for everything else.
Async<domain::RefreshToken> load(const ports::Services& services, domain::TenantId tenant, std::string id);

}  // namespace durward::management::refresh_tokens
