#pragma once
#include "management/support/documents.h"

// Rules and rules-configs (Auth0 Management API).
namespace durward::management::rules {

std::vector<Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::rules
