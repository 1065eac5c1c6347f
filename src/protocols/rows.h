#pragma once
#include <vector>

#include "endpoint/endpoint.h"
#include "protocols/parts.h"

namespace durward::protocols {

// Every endpoint of the protocol faces but /authorize (oauth2/authorize.h).
std::vector<endpoint::Endpoint> rows(Parts parts);

}  // namespace durward::protocols
