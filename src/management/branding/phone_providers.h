#pragma once
#include "management/support/documents.h"

// Who delivers messages to phones (Auth0 Management API, branding/phone/providers).
namespace durward::management::phone_providers {

extern const Resource resource;

std::vector<Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::phone_providers
