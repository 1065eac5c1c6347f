#pragma once
#include <vector>

#include "domain/session.h"
#include "endpoint/endpoint.h"
#include "ports/services.h"

namespace durward::management::sessions {

std::vector<endpoint::Endpoint> rows(const ports::Services& services);

// A session as the API shows it; its id is `sid` of the tokens.
json::Object render(const domain::Session& session);
// The live session with this public id. not_found/"inexistent_session" for everything else.
Async<domain::Session> load(const ports::Services& services, domain::TenantId tenant, std::string sid);
// Writes that end a session and, unless they are to stay, the refresh tokens that came from it.
Async<ports::Writes> ending(const ports::Services& services, domain::TenantId tenant, domain::Session session,
                            bool preserve_refresh_tokens);

}  // namespace durward::management::sessions
