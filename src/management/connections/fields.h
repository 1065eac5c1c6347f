#pragma once
#include "endpoint/fields.h"

namespace durward::management::connection {

const endpoint::Schema& connection_schema();
// The options of strategy "auth0"; open, since old tenants carry more.
const endpoint::Schema& database_options_schema();

}  // namespace durward::management::connection
