#include "management/resource_servers/fields.h"

namespace durward::management::resource_servers {
namespace {

using namespace endpoint;

constexpr Field resource_server_fields[] = {
    {.path = "name", .max = 200, .format = "/^[^<>]+$/"},
    {.path = "identifier", .flags = required | create_only, .min = 1, .max = 600},
    {.path = "scopes", .type = Type::array, .max = 1000, .items = Type::object},
    {.path = "scopes[].value", .flags = required, .min = 1, .max = 280},
    {.path = "scopes[].description", .max = 500},
    {.path = "signing_alg", .values = "HS256 RS256 RS512 PS256 ES256"},
    {.path = "signing_secret", .flags = secret, .min = 16},
    {.path = "allow_offline_access", .type = Type::boolean},
    {.path = "allow_online_access", .type = Type::boolean},
    {.path = "allow_online_access_with_ephemeral_sessions", .type = Type::boolean},
    {.path = "token_lifetime", .type = Type::integer, .max = 2592000},
    {.path = "token_dialect",
     .values = "access_token access_token_authz rfc9068_profile rfc9068_profile_authz"},
    {.path = "skip_consent_for_verifiable_first_party_clients", .type = Type::boolean},
    {.path = "enforce_policies", .type = Type::boolean},
    {.path = "token_encryption", .type = Type::object, .flags = nullable},
    {.path = "token_encryption.format", .flags = required, .values = "compact-nested-jwe"},
    {.path = "token_encryption.encryption_key", .type = Type::object, .flags = required},
    {.path = "token_encryption.encryption_key.name", .min = 1, .max = 128},
    {.path = "token_encryption.encryption_key.alg",
     .flags = required,
     .values = "RSA-OAEP-256 RSA-OAEP-384 RSA-OAEP-512"},
    {.path = "token_encryption.encryption_key.kid", .min = 1, .max = 128},
    {.path = "token_encryption.encryption_key.pem", .flags = required, .min = 1, .max = 4096},
    {.path = "consent_policy", .flags = nullable, .values = "transactional-authorization-with-mfa"},
    {.path = "authorization_details", .type = Type::array, .flags = nullable, .items = Type::object},
    {.path = "proof_of_possession", .type = Type::object, .flags = nullable},
    {.path = "proof_of_possession.mechanism", .flags = required, .values = "mtls dpop"},
    {.path = "proof_of_possession.required", .type = Type::boolean, .flags = required},
    {.path = "proof_of_possession.required_for", .values = "public_clients all_clients"},
    {.path = "subject_type_authorization", .type = Type::object},
    {.path = "subject_type_authorization.user", .type = Type::object},
    {.path = "subject_type_authorization.user.policy", .values = "allow_all deny_all require_client_grant"},
    {.path = "subject_type_authorization.client", .type = Type::object},
    {.path = "subject_type_authorization.client.policy", .values = "deny_all require_client_grant"},
    {.path = "authorization_policy", .type = Type::object, .flags = nullable},
    {.path = "authorization_policy.policy_id", .flags = required, .min = 1, .max = 1024},
    {.path = "id", .flags = read_only},
    {.path = "is_system", .type = Type::boolean, .flags = read_only},
    {.path = "token_lifetime_for_web", .type = Type::integer, .max = 2592000},
    {.path = "client_id", .flags = read_only},
};

}  // namespace

const Schema& resource_server_schema() {
  static const Schema schema("ResourceServer", resource_server_fields);
  return schema;
}

}  // namespace durward::management::resource_servers
