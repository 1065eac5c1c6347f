#pragma once
#include <vector>

#include "endpoint/endpoint.h"
#include "ports/services.h"

// Where users come from (Auth0 Management API).
// The namespace is in the singular: durward::connections is the folder of the connections themselves.
namespace durward::management::connection {

std::vector<endpoint::Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::connection
