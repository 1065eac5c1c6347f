#pragma once
#include "domain/client.h"
#include "endpoint/endpoint.h"
#include "http/message.h"

// Cross-origin reading of protocol replies (Fetch Standard §3.2).
namespace durward::protocols {

// The origins of the client's callbacks, allowed_origins and web_origins.
bool is_client_origin(const domain::Client& client, std::string_view origin);
// Lets the request's origin read `response` when it belongs to `client`; does nothing without an Origin.
void allow_client_origin(http::Response& response, std::string_view origin, const domain::Client* client);
void allow_any_origin(http::Response& response);
// A preflight names no client, so any origin may ask; whether it may read is decided with the answer itself.
Task<http::Response> answer_preflight(endpoint::RequestContext context, http::Request request,
                                      endpoint::PathParameters path);

}  // namespace durward::protocols
