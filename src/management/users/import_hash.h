#pragma once
#include <string>

#include "base/json.h"
#include "base/result.h"

// A `custom_password_hash` of an import file (Auth0 Management API): how another program made the hash.
namespace durward::management::users {

// The text in which the hash is kept: a bcrypt hash, or crypto/passwords/stored_hash.h. Members that it does
// not know are the field table's business. Errors are invalid with the codes of an import job and name the
// member; they never hold the hash.
Result<std::string> imported_hash(const json::Object& custom);

}  // namespace durward::management::users
