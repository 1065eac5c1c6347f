#pragma once
#include "endpoint/fields.h"

namespace durward::management::clients {

const endpoint::Schema& client_schema();
const endpoint::Schema& credential_schema();
const endpoint::Schema& credential_change_schema();

}  // namespace durward::management::clients
