#pragma once
#include <vector>

#include "connections/database/database.h"
#include "endpoint/endpoint.h"
#include "management/support/replies.h"
#include "ports/services.h"

namespace durward::management::users {

using connections::database::Options;

// Every row under /users, /users-by-email and /user-blocks.
std::vector<endpoint::Endpoint> rows(const ports::Services& services, Options options);
std::vector<endpoint::Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::users
