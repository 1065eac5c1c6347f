#pragma once
#include <vector>

#include "endpoint/endpoint.h"
#include "ports/services.h"

// APIs (Auth0 Management API).
namespace durward::management::resource_servers {

std::vector<endpoint::Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::resource_servers
