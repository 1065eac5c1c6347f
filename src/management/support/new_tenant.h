#pragma once
#include <optional>
#include <string>

#include "crypto/keys.h"
#include "ports/services.h"

// What a fresh tenant contains: settings, prompts and branding; the global client and a management client
// with every scope of API v2; the database connection; the system API; signing keys, current and next.
namespace durward::management {

// Generating RSA keys would be most of the time it takes to create a tenant, so the caller brings them or
// adds them later, with keys::add_first_key and keys::add_next_key.
struct TenantKeys {
  std::optional<crypto::PrivateKey> rsa_current, rsa_next;
  crypto::PrivateKey ec_current, ec_next;
};
// In parallel, one thread a key.
Result<TenantKeys> generate_tenant_keys();

struct NewTenant {
  std::string name;    // ^[a-z0-9][a-z0-9-]{1,62}$
  std::string domain;  // authority of its issuer: "acme.example.com", "localhost:8443"
  std::string friendly_name;
  ports::Writes records;  // of who made it; committed with its documents
};

struct CreatedTenant {
  domain::Tenant tenant;
  std::string client_id, client_secret;  // of the management client (client credentials grant on API v2)
  std::string global_client_id;
};

inline constexpr std::string_view management_client_name = "Durward Management";
inline constexpr std::string_view database_connection_name = "Username-Password-Authentication";

bool is_tenant_name(std::string_view name);

// The documents of a new tenant as one list of writes. The secrets in them are sealed with the tenant's key,
// so the tenant exists already.
struct InitialDocuments {
  ports::Writes writes;
  std::string client_id, client_secret, global_client_id;
};
Async<InitialDocuments> initial_documents(const ports::Services& services, domain::TenantId tenant,
                                          NewTenant wanted, TenantKeys keys);

// Creates the tenant and commits its documents. invalid/"invalid_tenant_name", conflict/"tenant_exists". When
// the documents cannot be written, the tenant is removed again.
Async<CreatedTenant> create_tenant(const ports::Services& services, NewTenant wanted, TenantKeys keys);

}  // namespace durward::management
