#pragma once
#include "endpoint/fields.h"

namespace durward::management::actions {

const endpoint::Schema& action_schema();
const endpoint::Schema& deploy_version_schema();
const endpoint::Schema& bindings_schema();
const endpoint::Schema& module_schema();
const endpoint::Schema& module_rollback_schema();
const endpoint::Schema& test_schema();

}  // namespace durward::management::actions
