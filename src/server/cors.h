#pragma once
#include <string>
#include <string_view>

#include "base/task.h"
#include "endpoint/endpoint.h"
#include "ports/configuration.h"

// Cross-origin reading of answers (Fetch Standard, CORS protocol) for the rows whose face does not do it
// itself: management rows and public documents. The protocol faces answer for their own rows
// (protocols/cors.h), because only they know the client of a request.
namespace durward::server {

// The answer to a preflight for `row`; null and rows without CORS get no CORS headers, which refuses.
http::Response preflight_response(const endpoint::Endpoint* row, const http::Request& request);

// `azp` of a bearer token, unverified: only good to find the client whose origins may read the answer.
std::string client_of_bearer(const http::Request& request);

// Completes an answer that has no CORS headers yet; reads the client from the cache.
Task<http::Response> with_cors(ports::Configuration& configuration, domain::TenantId tenant,
                               endpoint::Cors cors, std::string origin, std::string client_id,
                               http::Response response);

}  // namespace durward::server
