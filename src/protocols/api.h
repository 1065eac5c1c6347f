#pragma once
#include <memory>
#include <string>

#include "domain/client.h"
#include "endpoint/endpoint.h"
#include "ports/services.h"

namespace durward::protocols {

// An API and the audience its tokens carry. The management API answers under every host of its tenant, so its
// audience is {issuer}api/v2/ wherever it was first set up; every other API's is its identifier.
struct Api {
  std::shared_ptr<const domain::ResourceServer> server;  // null: none is needed
  std::string audience;
};

// Null for an empty audience and for https://{host}/userinfo, which need no API. Error:
// forbidden/access_denied for an unknown one. No read when the configuration is warm, but one for the
// management API under a host that it was not set up with.
Async<Api> find_api(const ports::Services& services, endpoint::RequestContext context, std::string audience);
// The same, and null for an unknown one too.
Async<Api> look_for_api(const ports::Services& services, endpoint::RequestContext context,
                        std::string audience);

// What a token request is for: its `audience`, its `resource` where the tenant reads that (RFC 8707 §2), else
// the tenant's default, which may be empty.
Async<std::string> requested_audience(const ports::Services& services, domain::TenantId tenant,
                                      std::string audience, std::string resource);

}  // namespace durward::protocols
