#pragma once
#include "endpoint/fields.h"

namespace durward::management::tenants {

const endpoint::Schema& settings_schema();

}  // namespace durward::management::tenants
