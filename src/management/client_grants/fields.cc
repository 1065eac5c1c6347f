#include "management/client_grants/fields.h"

namespace durward::management::client_grants {
namespace {

using namespace endpoint;

constexpr Field client_grant_fields[] = {
    {.path = "client_id", .flags = create_only},
    {.path = "audience", .flags = required | create_only, .min = 1, .max = 2147483647},
    {.path = "default_for", .flags = create_only, .values = "third_party_clients"},
    {.path = "organization_usage", .flags = nullable, .values = "deny allow require"},
    {.path = "allow_any_organization", .type = Type::boolean, .flags = nullable},
    {.path = "scope", .type = Type::array, .flags = nullable, .max = 1000},
    {.path = "scope[]", .max = 280},
    {.path = "subject_type", .flags = create_only, .values = "client user"},
    {.path = "authorization_details_types", .type = Type::array},
    {.path = "authorization_details_types[]", .max = 255},
    {.path = "allow_all_scopes", .type = Type::boolean, .flags = nullable},
    {.path = "id", .flags = read_only},
    {.path = "is_system", .type = Type::boolean, .flags = read_only},
};

}  // namespace

const Schema& client_grant_schema() {
  static const Schema schema("ClientGrant", client_grant_fields);
  return schema;
}

}  // namespace durward::management::client_grants
