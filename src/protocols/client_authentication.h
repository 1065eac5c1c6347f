#pragma once
#include <memory>
#include <string_view>

#include "domain/client.h"
#include "http/message.h"
#include "protocols/body.h"
#include "standards/oauth/client_authentication.h"

namespace durward::protocols {

// Which client speaks, by header or body. RFC 6749 §2.3: not by both.
Result<oauth::PresentedClient> presented_client(const http::Request& request, const Body& body);

// Whether the client has proven to be itself: true with a right secret, false for a public client without
// one. unauthenticated/invalid_client for an unknown client (null), a wrong secret, or a confidential client
// without one. Any client with a secret may send it in the header or in the body, whatever method it
// registered, as libraries try both.
Result<bool> check_client(const domain::Client* client, const oauth::PresentedClient& presented);

// RFC 6749 §5.2: a client that tried the header learns the scheme.
void add_basic_challenge(http::Response& response, const http::Request& request, std::string_view realm);

}  // namespace durward::protocols
