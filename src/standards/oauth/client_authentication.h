#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

// Which client speaks and how it proves it (RFC 6749 §2.3, RFC 7523 §2.2): reading only, nothing is verified
// here.
namespace durward::oauth {

enum class ClientAuthenticationMethod { none, client_secret_basic, client_secret_post, private_key_jwt };
std::string_view to_string(ClientAuthenticationMethod method);

inline constexpr std::string_view jwt_bearer_assertion =
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

// Empty text means absent (RFC 6749 §3.2: a parameter without value is as if omitted).
struct ClientAuthenticationInput {
  std::string_view authorization;  // the header's value
  std::string_view client_id, client_secret, client_assertion_type, client_assertion;
};

struct PresentedClient {
  ClientAuthenticationMethod method = ClientAuthenticationMethod::none;
  std::string client_id;
  std::string secret;     // basic and post
  std::string assertion;  // private_key_jwt, not verified
};

// Errors: invalid_request for two methods at once, two different client ids, no client id at all or a
// malformed assertion; invalid_client for unreadable Basic credentials. Authorization schemes other than
// Basic are not read.
Result<PresentedClient> parse_client_authentication(const ClientAuthenticationInput& input);

}  // namespace durward::oauth
