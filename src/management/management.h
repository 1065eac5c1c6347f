#pragma once
#include <vector>

#include "connections/database/database.h"
#include "endpoint/endpoint.h"
#include "ports/services.h"

namespace durward::management {

// Every row of the management API v2: what server/wiring.cc mounts. Each resource's folder gives its own
// rows.
std::vector<endpoint::Endpoint> rows(const ports::Services& services,
                                     connections::database::Options options = {});

}  // namespace durward::management
