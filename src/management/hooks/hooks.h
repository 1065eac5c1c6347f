#pragma once
#include "management/support/documents.h"

// Hooks and their secrets (Auth0 Management API).
namespace durward::management::hooks {

std::vector<Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::hooks
