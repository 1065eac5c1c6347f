#pragma once
#include "endpoint/fields.h"

namespace durward::management::emails {

const endpoint::Schema& provider_schema();

}  // namespace durward::management::emails
