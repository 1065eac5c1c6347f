#pragma once
#include <vector>

#include "endpoint/endpoint.h"
#include "ports/services.h"

// Applications (reference: management API §4.1).
namespace durward::management::clients {

std::vector<endpoint::Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::clients
