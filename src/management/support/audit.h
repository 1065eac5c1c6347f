#pragma once
#include "endpoint/endpoint.h"
#include "ports/services.h"

namespace durward::management {

// The record of a management operation that succeeds with the commit it is part of: log type "sapi". It names
// who asked for what, never the body, so no secret can get into the log.
ports::Write api_record(const ports::Services& services, const endpoint::Call& call);

}  // namespace durward::management
