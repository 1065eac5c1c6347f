#include "protocols/client_authentication.h"

#include "crypto/hash.h"
#include "standards/oauth/errors.h"

namespace durward::protocols {

namespace {

bool is_secret(const domain::Client& client, std::string_view presented) {
  // Compared by digest: the time tells nothing about the secret, its length included.
  return !client.secret_sha256.empty() &&
         crypto::equal_constant_time(crypto::sha256(presented), client.secret_sha256);
}

std::unexpected<Error> invalid_client(std::string text) {
  return fail(ErrorKind::unauthenticated, "invalid_client", std::move(text));
}

}  // namespace

Result<oauth::PresentedClient> presented_client(const http::Request& request, const Body& body) {
  if (request.headers.count("Authorization") > 1)
    return oauth::refuse("invalid_request", "More than one Authorization header.");
  const std::string id = body.get("client_id"), secret = body.get("client_secret"),
                    type = body.get("client_assertion_type"), assertion = body.get("client_assertion");
  return oauth::parse_client_authentication({.authorization = request.headers.get("Authorization"),
                                             .client_id = id,
                                             .client_secret = secret,
                                             .client_assertion_type = type,
                                             .client_assertion = assertion});
}

Result<bool> check_client(const domain::Client* client, const oauth::PresentedClient& presented) {
  using Method = oauth::ClientAuthenticationMethod;
  if (!client) return invalid_client("Unknown client");
  switch (presented.method) {
    case Method::none:
      if (client->is_public()) return false;
      return invalid_client("Unauthorized");
    case Method::client_secret_basic:
    case Method::client_secret_post:
      // RFC 6749 §2.3.1. HTTP libraries send Basic with an empty password for public clients.
      if (presented.secret.empty() && client->is_public()) return false;
      if (is_secret(*client, presented.secret)) return true;
      return invalid_client("Unauthorized");
    case Method::private_key_jwt:
      break;
  }
  return invalid_client("This client authentication method is not supported.");
}

void add_basic_challenge(http::Response& response, const http::Request& request, std::string_view realm) {
  if (response.status == 401 && request.headers.has("Authorization"))
    response.headers.set("WWW-Authenticate", "Basic realm=\"" + std::string(realm) + "\"");
}

}  // namespace durward::protocols
