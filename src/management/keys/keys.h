#pragma once
#include "crypto/keys.h"
#include "management/support/documents.h"

// Signing keys of a tenant: list, read, rotate, revoke (Auth0 Management API).
namespace durward::management::keys {

std::vector<Endpoint> rows(const ports::Services& services);

extern const Resource resource;

// The unsealed document of a new signing key with its self-signed certificate; `status` is "current" or
// "next".
Result<json::Object> new_document(const ports::Services& services, const crypto::PrivateKey& key,
                                  std::string_view status, std::string_view common_name);

// `signing_keys` of a client object: the certificates of the current RSA key. Empty when there is none.
Async<json::Array> client_signing_keys(const ports::Services& services, domain::TenantId tenant);

// Makes the next key the current one and creates a new next, for RSA and EC in one commit: for the API and
// the command line. Returns the new current RSA key as API v2 shows it.
Async<json::Object> rotate_keys(const ports::Services& services, domain::TenantId tenant,
                                std::string common_name, ports::Writes more);

// Stores the first RSA key of a tenant that was created without; nothing when somebody else was first.
Async<> add_first_key(const ports::Services& services, domain::TenantId tenant, crypto::PrivateKey key);

// Gives a tenant that was created without one its next key of the type of `key`; nothing when it has one.
Async<> add_next_key(const ports::Services& services, domain::TenantId tenant, crypto::PrivateKey key,
                     std::string common_name);

}  // namespace durward::management::keys
