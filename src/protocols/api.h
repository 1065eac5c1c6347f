#pragma once
#include <memory>
#include <string>

#include "domain/client.h"
#include "endpoint/endpoint.h"
#include "ports/services.h"

namespace durward::protocols {

using ApiPtr = std::shared_ptr<const domain::ResourceServer>;

// The API of an audience. Null for an empty one and for https://{host}/userinfo, which need no API. The
// management API answers under every host of its tenant: {issuer}api/v2/ is always it. Error:
// forbidden/access_denied for an unknown one. No read when the configuration is warm.
Async<ApiPtr> find_api(const ports::Services& services, endpoint::RequestContext context,
                       std::string audience);

// The audience of a request that names none: the tenant's default, which may be empty.
Async<std::string> audience_or_default(const ports::Services& services, domain::TenantId tenant,
                                       std::string audience);

}  // namespace durward::protocols
