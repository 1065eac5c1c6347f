#pragma once
#include "management/support/documents.h"

// Colours, logo and font of the tenant's pages (Auth0 Management API).
namespace durward::management::branding {

extern const Resource resource;

json::Object new_branding();

std::vector<Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::branding
