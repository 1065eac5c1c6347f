#pragma once
#include "endpoint/fields.h"

// The bodies of the users resource as field tables.
namespace durward::management::users {

const endpoint::Schema& create_schema();
const endpoint::Schema& update_schema();
const endpoint::Schema& user_schema();         // a user as it is shown
const endpoint::Schema& link_schema();         // POST identities
const endpoint::Schema& roles_schema();        // {"roles":[...]}
const endpoint::Schema& permissions_schema();  // {"permissions":[{...}]}
const endpoint::Schema& assessors_schema();
const endpoint::Schema& revoke_schema();  // revoke-access; its body is optional

// Members of app_metadata that the platform keeps for itself; a body that holds one is refused.
bool is_reserved_metadata(std::string_view key);
// user_metadata and app_metadata of a body: no key with '.' or '$', no reserved one. Error: invalid_body.
Result<> check_metadata(const json::Object& body);

}  // namespace durward::management::users
