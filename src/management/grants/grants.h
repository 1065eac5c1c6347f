#pragma once
#include <vector>

#include "endpoint/endpoint.h"
#include "ports/services.h"

namespace durward::management::grants {

std::vector<endpoint::Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::grants
