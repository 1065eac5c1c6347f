#pragma once
#include "management/support/documents.h"

// Profiles of custom token exchange (Auth0 Management API).
namespace durward::management::token_exchange_profiles {

std::vector<Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::token_exchange_profiles
