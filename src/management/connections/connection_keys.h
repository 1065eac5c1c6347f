#pragma once
#include "management/support/documents.h"

// The keys an okta or oidc connection signs its client assertions with (RFC 7523 §2.2): one current, one
// next, at most one previous (Auth0 Management API, /connections/{id}/keys).
namespace durward::management::connection {

std::vector<Endpoint> key_rows(const ports::Services& services);

// True when `connection` authenticates with private_key_jwt and so needs keys.
bool needs_keys(const json::Object& connection);

// The insertions that give a connection its first keys; none when it has some. `connection` is its document
// body. Generates keys on a thread of its own, about 100 ms each.
Async<ports::Writes> first_keys(const ports::Services& services, domain::TenantId tenant,
                                json::Object connection, std::string common_name);

// Takes the keys of a connection away, when there are any.
ports::Write key_removal(std::string connection_id);

}  // namespace durward::management::connection
