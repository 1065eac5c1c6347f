#include "protocols/cors.h"

#include <algorithm>

#include "standards/oauth/redirect_uri.h"

namespace durward::protocols {

namespace {

constexpr std::string_view exposed =
    "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, DPoP-Nonce, WWW-Authenticate";
constexpr size_t request_headers_max = 512;

bool any_matches(const std::vector<std::string>& registered, std::string_view origin) {
  return std::any_of(registered.begin(), registered.end(),
                     [&](const std::string& entry) { return oauth::matches_origin(entry, origin); });
}

bool is_header_list(std::string_view text) {
  return text.size() <= request_headers_max && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '_' || c == ',' || c == ' ';
         });
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

Task<http::Response> answer_preflight(endpoint::RequestContext, http::Request request,
                                      endpoint::PathParameters) {
  http::Response response;
  response.status = 204;
  const std::string_view origin = request.headers.get("Origin");
  if (!origin.empty() && oauth::origin_of(origin)) {
    response.headers.set("Access-Control-Allow-Origin", std::string(origin));
    response.headers.set("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
    const std::string_view wanted = request.headers.get("Access-Control-Request-Headers");
    if (!wanted.empty() && is_header_list(wanted))
      response.headers.set("Access-Control-Allow-Headers", std::string(wanted));
    response.headers.set("Access-Control-Max-Age", "600");
  }
  response.headers.set("Vary", "Origin, Access-Control-Request-Headers");
  co_return response;
}

}  // namespace durward::protocols
