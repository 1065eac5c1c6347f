#pragma once
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "http/message.h"

namespace durward::protocols {

// {"error","error_description"} (Auth0 Authentication API, shape A; RFC 6749 §5.2) with the status
// of the error's kind. An internal error shows nothing of itself.
http::Response oauth_error(const Error& error);
// RFC 6749 §5.1: replies with tokens are never cached.
void set_no_store(http::Response& response);
http::Response uncached_json(int status, const json::Object& body);
// RFC 6750 §3: a refused access token, with its WWW-Authenticate.
http::Response bearer_error(const Error& error, std::string_view realm);

}  // namespace durward::protocols
