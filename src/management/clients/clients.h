#pragma once
#include <vector>

#include "endpoint/endpoint.h"
#include "ports/services.h"

// Applications (Auth0 Management API).
namespace durward::management::clients {

std::vector<endpoint::Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::clients
