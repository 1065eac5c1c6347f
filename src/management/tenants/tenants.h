#pragma once
#include "management/support/documents.h"

// Settings of the tenant (Auth0 Management API).
namespace durward::management::tenants {

extern const Resource resource;

json::Object new_settings(std::string_view friendly_name);

std::vector<Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::tenants
