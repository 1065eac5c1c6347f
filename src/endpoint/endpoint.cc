#include "endpoint/endpoint.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "base/encoding.h"

namespace durward::endpoint {
namespace {

struct Status {
  ErrorKind kind;
  int status;
};
constexpr Status statuses[] = {
    {ErrorKind::invalid, 400},   {ErrorKind::unauthenticated, 401}, {ErrorKind::forbidden, 403},
    {ErrorKind::not_found, 404}, {ErrorKind::conflict, 409},        {ErrorKind::too_large, 413},
    {ErrorKind::limited, 429},   {ErrorKind::unavailable, 503},     {ErrorKind::internal, 500},
};

http::Response error_response(int status, std::string_view message, std::string_view code) {
  json::Object body;
  body["statusCode"] = status;
  body["error"] = http::reason_phrase(status);
  body["message"] = message.empty() ? http::reason_phrase(status) : message;
  if (!code.empty()) body["errorCode"] = code;
  return http::json_response(status, json::serialize(body));
}

// RFC 6750 §3: a refused request names the scheme, and the error when a token was shown.
http::Response bearer_error(Error error, std::string_view challenge) {
  if (error.kind != ErrorKind::forbidden && error.kind != ErrorKind::limited) error.code.clear();
  auto response = management_error(error);
  if (error.kind == ErrorKind::unauthenticated || error.kind == ErrorKind::forbidden)
    response.headers.set("WWW-Authenticate", std::string(challenge));
  return response;
}

// RFC 6750 §2.1: "Bearer" SP b64token; the scheme compares without case (RFC 9110 §11.1). More than one
// Authorization field is refused, since two readers might pick different ones.
Result<std::string> bearer_of(const http::Request& request) {
  if (!request.headers.has("Authorization"))
    return fail(ErrorKind::unauthenticated, "", "Missing authentication");
  const std::string_view value = request.headers.get("Authorization");
  if (request.headers.count("Authorization") != 1 || value.size() < 8 ||
      to_lower(value.substr(0, 7)) != "bearer ")
    return fail(ErrorKind::unauthenticated, "", "Bad HTTP authentication header format");
  const std::string_view token = trim(value.substr(7));
  if (token.empty() || token.find(' ') != std::string_view::npos)
    return fail(ErrorKind::unauthenticated, "", "Bad HTTP authentication header format");
  return std::string(token);
}

Result<> check_scopes(const Endpoint& row, const Principal& principal) {
  if (row.scopes.empty() || std::ranges::any_of(row.scopes, [&](const auto& s) { return principal.has(s); }))
    return {};
  std::string wanted;
  for (const auto& scope : row.scopes) wanted += (wanted.empty() ? "" : ",") + scope;
  return fail(ErrorKind::forbidden, "insufficient_scope", "Insufficient scope, expected any of: " + wanted);
}

std::unexpected<Error> bad_query(std::string_view name, const std::string& what) {
  return fail(ErrorKind::invalid, "invalid_query_string",
              "Query validation error: '" + what + "' on property " + std::string(name) + ".");
}

std::optional<double> as_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_word_of(std::string_view words, std::string_view word) {
  for (size_t at = 0; at < words.size();) {
    const size_t end = std::min(words.find(' ', at), words.size());
    if (words.substr(at, end - at) == word) return true;
    at = end + 1;
  }
  return false;
}

Result<> check_query_number(const QueryField& field, std::string_view text) {
  const auto value = as_number(text);
  if (!value || (field.type == Type::integer && text.find_first_of(".eE") != std::string_view::npos))
    return bad_query(field.name, field.type == Type::integer ? "Expected type integer but found type string"
                                                             : "Expected type number but found type string");
  const bool bounded = field.min != 0 || field.max != 0;
  if (bounded && *value < field.min)
    return bad_query(field.name, "Value " + std::string(text) + " is less than minimum " +
                                     std::to_string(int64_t(field.min)));
  if (bounded && field.max != 0 && *value > field.max)
    return bad_query(field.name, "Value " + std::string(text) + " is greater than maximum " +
                                     std::to_string(int64_t(field.max)));
  return {};
}

Result<> check_query_value(const QueryField& field, std::string_view text) {
  if (field.type == Type::integer || field.type == Type::number) return check_query_number(field, text);
  if (field.type == Type::boolean) {
    if (!is_word_of("true false 1 0", text))
      return bad_query(field.name, "Expected type boolean but found type string");
    return {};
  }
  if (!field.values.empty() && !is_word_of(field.values, text))
    return bad_query(field.name, "No enum match for: " + std::string(text.substr(0, 100)));
  if (field.max != 0 && double(text.size()) > field.max)
    return bad_query(field.name, "String is too long (" + std::to_string(text.size()) + " chars), maximum " +
                                     std::to_string(int64_t(field.max)));
  if (double(text.size()) < field.min)
    return bad_query(field.name, "String is too short (" + std::to_string(text.size()) + " chars), minimum " +
                                     std::to_string(int64_t(field.min)));
  return {};
}

Result<> check_query(const Endpoint& row, const http::Parameters& query) {
  for (const auto& field : row.query) {
    if ((field.flags & required) && !query.has(field.name))
      return fail(ErrorKind::invalid, "invalid_query_string",
                  "Query validation error: 'Missing required property: " + std::string(field.name) + "'.");
    for (const auto& [name, value] : query)
      if (name == field.name && !(value.empty() && field.type != Type::string))
        ENSURE(check_query_value(field, value));
  }
  return {};
}

bool is_json(std::string_view content_type) {
  const std::string media = to_lower(trim(content_type.substr(0, content_type.find(';'))));
  return media.empty() || media == "application/json" ||
         (media.starts_with("application/") && media.ends_with("+json"));
}

Result<json::Value> parse_body(const Endpoint& row, std::string_view text) {
  json::Value body;
  if (!trim(text).empty()) {
    auto parsed = json::parse(text);
    if (!parsed) return fail(ErrorKind::invalid, "invalid_body", "Invalid request payload JSON format");
    body = *std::move(parsed);
  }
  if (row.body_optional && body.is_null()) body = json::Object();
  ENSURE(row.body->check(body, row.method == http::Method::patch));
  return body;
}

http::Response render(const Endpoint& row, Reply reply) {
  const int status = reply.status == 200 ? row.success : reply.status;
  http::Response response;
  if (reply.text || status == 204 || reply.body.is_null())
    response.status = status;
  else
    response = http::json_response(status, json::serialize(reply.body));
  if (reply.text) response.body = *std::move(reply.text);
  for (const auto& [name, value] : reply.headers) response.headers.add(name, value);
  return response;
}

constexpr std::string_view challenge = "Bearer";
constexpr std::string_view challenge_invalid = "Bearer error=\"invalid_token\"";
constexpr std::string_view challenge_scope = "Bearer error=\"insufficient_scope\"";

Result<http::Parameters> parse_query(const http::Request& request) {
  auto query = http::parse_form(request.query);
  if (!query)
    return fail(ErrorKind::invalid, "invalid_query_string",
                "Query validation error: 'Malformed query string'.");
  return query;
}

// What is left of a request once its owner is known.
Task<http::Response> run_call(const Endpoint& row, Call call, const http::Request& request) {
  auto query = parse_query(request);
  if (!query) co_return management_error(query.error());
  call.query = *std::move(query);
  if (auto ok = check_query(row, call.query); !ok) co_return management_error(ok.error());
  call.content_type = std::string(request.headers.get("Content-Type"));
  if (row.body) {
    if (!is_json(call.content_type)) co_return error_response(415, "Unsupported Media Type", "");
    auto body = parse_body(row, request.body);
    if (!body) co_return management_error(body.error());
    call.body = *std::move(body);
  } else {
    call.raw_body = request.body;
  }
  auto reply = co_await std::get<ManagementHandler>(row.handler)(std::move(call));
  if (!reply) co_return management_error(reply.error());
  co_return render(row, *std::move(reply));
}

}  // namespace

bool Principal::has(std::string_view scope) const { return std::ranges::find(scopes, scope) != scopes.end(); }

const std::string& Call::parameter(std::string_view name) const {
  for (const auto& [key, value] : path)
    if (key == name) return value;
  throw std::logic_error("the row has no path parameter " + std::string(name));
}

int status_of(ErrorKind kind) {
  const auto row = std::ranges::find(statuses, kind, &Status::kind);
  return row == std::end(statuses) ? 500 : row->status;
}

http::Response management_error(const Error& error) {
  auto response = error_response(status_of(error.kind), error.message, error.code);
  if (error.kind == ErrorKind::unavailable)
    response.headers.set("Retry-After", std::to_string(error.retry_after));
  return response;
}

Task<http::Response> run_management(const Endpoint& row, const Authenticator& authenticate,
                                    RequestContext context, http::Request request, PathParameters path) {
  Call call;
  if (row.open_because.empty()) {
    auto token = bearer_of(request);
    if (!token) co_return bearer_error(std::move(token).error(), challenge);
    auto principal = co_await authenticate(context, *std::move(token));
    if (!principal) co_return bearer_error(std::move(principal).error(), challenge_invalid);
    if (auto ok = check_scopes(row, *principal); !ok)
      co_return bearer_error(std::move(ok).error(), challenge_scope);
    call.principal = *std::move(principal);
  }
  call.row = &row;
  call.context = std::move(context);
  call.path = std::move(path);
  co_return co_await run_call(row, std::move(call), request);
}

Async<> limit(RequestLimits* limits, RateClass rate, LimitScope scope, std::string who) {
  if (!limits) co_return Result<>();
  co_return co_await limits->take(rate, scope, std::move(who));
}

}  // namespace durward::endpoint
