#pragma once
#include "domain/client.h"
#include "endpoint/endpoint.h"
#include "http/message.h"

// Cross-origin reading of protocol replies (Fetch Standard §3.2). Preflights, which name no client, are
// answered by the server for all rows.
namespace durward::protocols {

// The origins of the client's callbacks, allowed_origins and web_origins.
bool is_client_origin(const domain::Client& client, std::string_view origin);
// Lets the request's origin read `response` when it belongs to `client`; does nothing without an Origin.
void allow_client_origin(http::Response& response, std::string_view origin, const domain::Client* client);
void allow_any_origin(http::Response& response);
}  // namespace durward::protocols
