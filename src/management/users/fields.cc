#include "management/users/fields.h"

#include <algorithm>

namespace durward::management::users {
namespace {

using namespace endpoint;

constexpr Field create_fields[] = {
    {.path = "connection", .flags = required, .min = 1, .max = 128},
    {.path = "email", .format = "email"},
    {.path = "phone_number", .format = "/^\\+[0-9]{1,15}$/"},
    {.path = "username", .min = 1, .max = 128},
    {.path = "password", .flags = secret, .min = 1, .max = 4096},
    {.path = "user_id", .max = 255, .format = "/^\\S*$/"},
    {.path = "user_metadata", .type = Type::map},
    {.path = "app_metadata", .type = Type::map},
    {.path = "blocked", .type = Type::boolean},
    {.path = "email_verified", .type = Type::boolean},
    {.path = "phone_verified", .type = Type::boolean},
    {.path = "verify_email", .type = Type::boolean},
    {.path = "given_name", .min = 1, .max = 150},
    {.path = "family_name", .min = 1, .max = 150},
    {.path = "name", .min = 1, .max = 300},
    {.path = "nickname", .min = 1, .max = 300},
    {.path = "picture", .max = 2048, .format = "uri"},
};

constexpr Field update_fields[] = {
    {.path = "connection", .min = 1, .max = 128},
    {.path = "client_id", .min = 1, .max = 64},
    {.path = "email", .flags = nullable, .format = "email"},
    {.path = "phone_number", .flags = nullable, .format = "/^\\+[0-9]{1,15}$/"},
    {.path = "username", .flags = nullable, .min = 1, .max = 128},
    {.path = "password", .flags = nullable | secret, .min = 1, .max = 4096},
    {.path = "user_metadata", .type = Type::map},
    {.path = "app_metadata", .type = Type::map},
    {.path = "blocked", .type = Type::boolean},
    {.path = "email_verified", .type = Type::boolean},
    {.path = "phone_verified", .type = Type::boolean},
    {.path = "verify_email", .type = Type::boolean},
    {.path = "verify_phone_number", .type = Type::boolean},
    {.path = "verify_password", .type = Type::boolean},
    {.path = "given_name", .flags = nullable, .min = 1, .max = 150},
    {.path = "family_name", .flags = nullable, .min = 1, .max = 150},
    {.path = "name", .flags = nullable, .min = 1, .max = 300},
    {.path = "nickname", .flags = nullable, .min = 1, .max = 300},
    {.path = "picture", .flags = nullable, .max = 2048, .format = "uri"},
};

constexpr Field user_fields[] = {
    {.path = "user_id"},
    {.path = "email", .format = "email"},
    {.path = "email_verified", .type = Type::boolean},
    {.path = "username"},
    {.path = "phone_number"},
    {.path = "phone_verified", .type = Type::boolean},
    {.path = "created_at", .format = "date-time"},
    {.path = "updated_at", .format = "date-time"},
    {.path = "identities", .type = Type::array},
    {.path = "identities[].connection"},
    {.path = "identities[].user_id"},
    {.path = "identities[].provider"},
    {.path = "identities[].isSocial", .type = Type::boolean},
    {.path = "identities[].profileData", .type = Type::map},
    {.path = "app_metadata", .type = Type::map},
    {.path = "user_metadata", .type = Type::map},
    {.path = "picture"},
    {.path = "name"},
    {.path = "nickname"},
    {.path = "given_name"},
    {.path = "family_name"},
    {.path = "last_ip"},
    {.path = "last_login", .format = "date-time"},
    {.path = "last_password_reset", .format = "date-time"},
    {.path = "logins_count", .type = Type::integer},
    {.path = "blocked", .type = Type::boolean},
};

constexpr Field link_fields[] = {
    {.path = "provider", .min = 1, .max = 128},
    {.path = "connection_id", .format = "/^con_[A-Za-z0-9]{16}$/"},
    {.path = "user_id", .type = Type::any},  // a string or an integer
    {.path = "link_with", .flags = secret, .min = 1, .max = 16384},
};

constexpr Field roles_fields[] = {
    {.path = "roles", .type = Type::array, .flags = required, .min = 1, .max = 50},
    {.path = "roles[]", .min = 1, .max = 64},
};

constexpr Field permissions_fields[] = {
    {.path = "permissions", .type = Type::array, .flags = required, .min = 1, .max = 1000},
    {.path = "permissions[].resource_server_identifier", .flags = required, .min = 1, .max = 600},
    {.path = "permissions[].permission_name", .flags = required, .min = 1, .max = 280},
};

constexpr Field assessors_fields[] = {
    {.path = "connection", .flags = required, .min = 1, .max = 128},
    {.path = "assessors",
     .type = Type::array,
     .flags = required,
     .min = 1,
     .max = 10,
     .values = "new-device"},
};

constexpr Field revoke_fields[] = {
    {.path = "session_id", .max = 50},
    {.path = "preserve_refresh_tokens", .type = Type::boolean},
};

constexpr std::string_view reserved_metadata[] = {
    "__tenant",       "_id",        "blocked",        "clientID",         "created_at",
    "email_verified", "email",      "globalClientID", "global_client_id", "identities",
    "lastIP",         "lastLogin",  "loginsCount",    "metadata",         "multifactor_last_modified",
    "multifactor",    "updated_at", "user_id"};

std::unexpected<Error> bad_key(std::string_view property, std::string_view key) {
  return fail(ErrorKind::invalid, "invalid_body",
              "Payload validation error: 'Invalid property name: " + std::string(key.substr(0, 100)) +
                  "' on property " + std::string(property) + ".");
}

// A dot or a dollar sign in a name would be read as a path by searches and stores.
Result<> check_names(std::string_view property, const json::Object& object) {
  for (const auto& member : object) {
    const std::string_view key(member.key().data(), member.key().size());
    if (key.empty() || key.find_first_of(".$") != key.npos) return bad_key(property, key);
    if (const auto* inner = member.value().if_object()) ENSURE(check_names(property, *inner));
  }
  return {};
}

}  // namespace

bool is_reserved_metadata(std::string_view key) {
  return std::ranges::find(reserved_metadata, key) != std::end(reserved_metadata);
}

Result<> check_metadata(const json::Object& body) {
  for (std::string_view property : {"user_metadata", "app_metadata"})
    if (const auto* object = json::object(body, property)) ENSURE(check_names(property, *object));
  if (const auto* object = json::object(body, "app_metadata"))
    for (const auto& member : *object)
      if (is_reserved_metadata(member.key())) return bad_key("app_metadata", member.key());
  return {};
}

const Schema& create_schema() {
  static const Schema schema("UserCreate", create_fields);
  return schema;
}
const Schema& update_schema() {
  static const Schema schema("UserUpdate", update_fields);
  return schema;
}
const Schema& user_schema() {
  static const Schema schema("User", user_fields, true);
  return schema;
}
const Schema& link_schema() {
  static const Schema schema("UserIdentityLink", link_fields);
  return schema;
}
const Schema& roles_schema() {
  static const Schema schema("RoleIds", roles_fields);
  return schema;
}
const Schema& permissions_schema() {
  static const Schema schema("PermissionList", permissions_fields);
  return schema;
}
const Schema& assessors_schema() {
  static const Schema schema("RiskAssessors", assessors_fields);
  return schema;
}
const Schema& revoke_schema() {
  static const Schema schema("UserAccessRevocation", revoke_fields);
  return schema;
}

}  // namespace durward::management::users
