#pragma once
#include "management/support/documents.h"

// SCIM configuration of a connection: attribute mapping and bearer tokens (Auth0 Management API).
// Of a token only the SHA-256 is kept, as the key "token" (hex) of its configuration.
namespace durward::management::connection {

std::vector<Endpoint> scim_rows(const ports::Services& services);

// Takes the configuration of a connection away, when there is one.
ports::Write scim_removal(std::string connection_id);

}  // namespace durward::management::connection
