#pragma once
#include "management/support/documents.h"

// The tenant's mail provider (Auth0 Management API, emails).
namespace durward::management::emails {

extern const Resource resource;
// The id of the one document.
inline constexpr std::string_view provider_id = "provider";

std::vector<Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::emails
