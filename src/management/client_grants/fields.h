#pragma once
#include "endpoint/fields.h"

namespace durward::management::client_grants {

const endpoint::Schema& client_grant_schema();

}  // namespace durward::management::client_grants
