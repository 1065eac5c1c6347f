#include "server/cors.h"

#include "base/encoding.h"
#include "base/json.h"
#include "protocols/cors.h"

namespace durward::server {
namespace {

constexpr size_t requested_headers_max = 512;

bool is_header_list(std::string_view text) {
  return text.size() <= requested_headers_max && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '_' || c == ',' || c == ' ';
         });
}

}  // namespace

http::Response preflight_response(const endpoint::Endpoint* row, const http::Request& request) {
  http::Response response;
  response.status = 204;
  response.headers.set("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  if (!row || row->cors == endpoint::Cors::none) return response;
  // A preflight names no client; whether the page may read the answer is decided with the answer itself.
  const auto headers = request.headers.get("access-control-request-headers");
  response.headers.set("Access-Control-Allow-Origin",
                       row->cors == endpoint::Cors::any ? "*" : std::string(request.headers.get("origin")));
  response.headers.set("Access-Control-Allow-Methods", std::string(to_string(row->method)));
  if (!headers.empty() && is_header_list(headers))
    response.headers.set("Access-Control-Allow-Headers", std::string(headers));
  response.headers.set("Access-Control-Max-Age", "600");
  return response;
}

std::string client_of_bearer(const http::Request& request) {
  const std::string_view value = request.headers.get("authorization");
  if (value.size() < 8 || to_lower(value.substr(0, 7)) != "bearer ") return "";
  const std::string_view token = trim(value.substr(7));
  const size_t first = token.find('.'), second = token.find('.', first + 1);
  if (first == token.npos || second == token.npos) return "";
  const auto payload = from_base64url(token.substr(first + 1, second - first - 1));
  if (!payload) return "";
  const auto claims = json::parse_object(*payload);
  return claims ? json::string_or(*claims, "azp") : "";
}

Task<http::Response> with_cors(ports::Configuration& configuration, domain::TenantId tenant,
                               endpoint::Cors cors, std::string origin, std::string client_id,
                               http::Response response) {
  if (cors == endpoint::Cors::none || origin.empty() || response.headers.has("access-control-allow-origin"))
    co_return response;
  if (cors == endpoint::Cors::any) {
    protocols::allow_any_origin(response);
  } else if (!client_id.empty()) {
    const auto client = co_await configuration.client(tenant, std::move(client_id));
    if (client) protocols::allow_client_origin(response, origin, client->get());
  }
  co_return response;
}

}  // namespace durward::server
