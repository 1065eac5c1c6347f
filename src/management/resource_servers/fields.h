#pragma once
#include "endpoint/fields.h"

namespace durward::management::resource_servers {

const endpoint::Schema& resource_server_schema();

}  // namespace durward::management::resource_servers
