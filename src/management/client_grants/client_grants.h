#pragma once
#include "management/support/documents.h"

// What a client may ask of an API (Auth0 Management API).
namespace durward::management::client_grants {

extern const Resource resource;

// Completes a checked body.
json::Object new_client_grant(json::Object body, Random& random);

std::vector<Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::client_grants
