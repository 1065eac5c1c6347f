#pragma once
#include "ports/services.h"

namespace durward::server {

// What is granted to a tenant as it is stored; {} when nothing ever was.
Async<json::Object> entitlements_of(const ports::Services& services, domain::TenantId tenant);
// Merges a checked patch (null takes away) and commits it with `more` writes; answers the whole. In every
// process it counts within a second. Error: conflict / version_changed when somebody else is changing it too.
Async<json::Object> entitle(const ports::Services& services, domain::TenantId tenant, json::Object patch,
                            ports::Writes more);

}  // namespace durward::server
