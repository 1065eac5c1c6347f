#include "protocols/reply.h"

#include "endpoint/endpoint.h"

namespace durward::protocols {

namespace {

json::Object error_body(const Error& error) {
  if (error.kind == ErrorKind::internal)
    return {{"error", "server_error"}, {"error_description", "The server could not answer the request."}};
  json::Object body{{"error", error.code.empty() ? "invalid_request" : error.code}};
  if (!error.message.empty()) body["error_description"] = error.message;
  return body;
}

}  // namespace

http::Response oauth_error(const Error& error) {
  auto response = uncached_json(endpoint::status_of(error.kind), error_body(error));
  if (error.kind == ErrorKind::unavailable)
    response.headers.set("Retry-After", std::to_string(error.retry_after));
  return response;
}

void set_no_store(http::Response& response) {
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("Pragma", "no-cache");
}

http::Response uncached_json(int status, const json::Object& body) {
  auto response = http::json_response(status, json::serialize(body));
  set_no_store(response);
  return response;
}

http::Response bearer_error(const Error& error, std::string_view realm) {
  auto response = oauth_error(error);
  if (response.status != 401 && response.status != 403) return response;
  std::string challenge = "Bearer realm=\"" + std::string(realm) + "\"";
  // RFC 6750 §3.1: no error code when the request lacked any authentication.
  if (!error.code.empty()) challenge += ", error=\"" + error.code + "\"";
  response.headers.set("WWW-Authenticate", std::move(challenge));
  return response;
}

}  // namespace durward::protocols
