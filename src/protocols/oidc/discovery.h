#pragma once
#include <vector>

#include "domain/tenant.h"
#include "endpoint/endpoint.h"
#include "protocols/parts.h"

namespace durward::protocols::oidc {

// GET /.well-known/openid-configuration and /.well-known/oauth-authorization-server (OpenID Connect Discovery
// §4, RFC 8414 §3).
std::vector<endpoint::Endpoint> discovery_rows(Parts parts);

// The document: only what this server does.
json::Object discovery_document(std::string_view issuer, const domain::TenantSettings& settings);

}  // namespace durward::protocols::oidc
