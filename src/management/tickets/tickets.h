#pragma once
#include <vector>

#include "connections/database/database.h"
#include "endpoint/endpoint.h"
#include "ports/services.h"

namespace durward::management::tickets {

using connections::database::Options;

// POST /tickets/email-verification, /tickets/password-change and /jobs/verification-email.
std::vector<endpoint::Endpoint> rows(const ports::Services& services, Options options);
std::vector<endpoint::Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::tickets
