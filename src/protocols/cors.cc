#include "protocols/cors.h"

#include <algorithm>

#include "standards/oauth/redirect_uri.h"

namespace durward::protocols {

namespace {

constexpr std::string_view exposed =
    "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, DPoP-Nonce, WWW-Authenticate";

bool any_matches(const std::vector<std::string>& registered, std::string_view origin) {
  return std::any_of(registered.begin(), registered.end(),
                     [&](const std::string& entry) { return oauth::matches_origin(entry, origin); });
}

}  // namespace

bool is_client_origin(const domain::Client& client, std::string_view origin) {
  return !origin.empty() &&
         (any_matches(client.callbacks, origin) || any_matches(client.allowed_origins, origin) ||
          any_matches(client.web_origins, origin));
}

void allow_client_origin(http::Response& response, std::string_view origin, const domain::Client* client) {
  if (origin.empty()) return;
  response.headers.set("Vary", "Origin");
  if (!client || !is_client_origin(*client, origin)) return;
  response.headers.set("Access-Control-Allow-Origin", std::string(origin));
  response.headers.set("Access-Control-Expose-Headers", std::string(exposed));
}

void allow_any_origin(http::Response& response) { response.headers.set("Access-Control-Allow-Origin", "*"); }

}  // namespace durward::protocols
