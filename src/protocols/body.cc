#include "protocols/body.h"

#include "base/encoding.h"

namespace durward::protocols {

namespace {

std::unexpected<Error> malformed(std::string reason) {
  return fail(ErrorKind::invalid, "invalid_request", std::move(reason));
}

std::string media_type(const http::Headers& headers) {
  const std::string_view type = headers.get("Content-Type");
  return to_lower(trim(type.substr(0, type.find(';'))));
}

Result<json::Object> from_form(std::string_view text) {
  TRY(auto parameters, http::parse_form(text));
  json::Object out;
  for (const auto& [name, value] : parameters)
    if (!out.emplace(name, value).second)  // RFC 6749 §3.2
      return malformed("A parameter must not be repeated.");
  return out;
}

Result<json::Object> from_json(std::string_view text) {
  auto parsed = json::parse_object(text);
  if (!parsed) return malformed("The body is not a JSON object.");
  return std::move(*parsed);
}

}  // namespace

Result<Body> Body::parse(const http::Request& request) {
  const std::string type = media_type(request.headers);
  Body body;
  if (type == "application/x-www-form-urlencoded") {
    TRY(body.members_, from_form(request.body));
  } else if (type == "application/json") {
    TRY(body.members_, from_json(request.body));
  } else if (!request.body.empty() || !type.empty()) {
    return malformed("The body must be application/x-www-form-urlencoded or application/json.");
  }
  return body;
}

Result<Body> Body::parse_query(std::string_view query) {
  Body body;
  TRY(body.members_, from_form(query));
  return body;
}

std::string Body::get(std::string_view name) const { return json::string_or(members_, name); }

Result<> require(const Body& body, std::initializer_list<std::string_view> names) {
  for (const auto name : names)
    if (body.get(name).empty()) return malformed("Missing required parameter: " + std::string(name));
  return {};
}

}  // namespace durward::protocols
