#include "server/internal_api.h"

#include <set>

#include "base/encoding.h"
#include "base/json.h"

namespace durward::server {
namespace {

ErrorKind kind_of(int status) {
  for (const auto kind :
       {ErrorKind::invalid, ErrorKind::unauthenticated, ErrorKind::forbidden, ErrorKind::not_found,
        ErrorKind::conflict, ErrorKind::too_large, ErrorKind::limited, ErrorKind::unavailable})
    if (endpoint::status_of(kind) == status) return kind;
  return ErrorKind::internal;
}

Error error_of(const http::Response& response) {
  const auto body = json::parse_object(response.body);
  if (!body)
    return {kind_of(response.status), "unexpected_answer",
            "The management API answered " + std::to_string(response.status) + "."};
  return {kind_of(response.status), json::string_or(*body, "errorCode", "failed"),
          json::string_or(*body, "message")};
}

std::vector<std::string> every_scope(const std::vector<endpoint::Endpoint>& rows) {
  std::set<std::string> scopes;
  for (const auto& row : rows) scopes.insert(row.scopes.begin(), row.scopes.end());
  return {scopes.begin(), scopes.end()};
}

Async<endpoint::Principal> answer(endpoint::Principal principal) { co_return principal; }

http::Request request_of(http::Method method, const std::string& path, const json::Value& body,
                         const Clock& clock) {
  http::Request request;
  const size_t query = path.find('?');
  request.method = method;
  request.method_text = std::string(to_string(method));
  request.path = "/api/v2" + path.substr(0, query);
  if (query != path.npos) request.query = path.substr(query + 1);
  request.headers.set("Authorization", "Bearer operator");
  if (!body.is_null()) {
    request.headers.set("Content-Type", "application/json");
    request.body = json::serialize(body);
  }
  request.scheme = "https";
  request.received_at = clock.now();
  return request;
}

}  // namespace

InternalApi::InternalApi(const std::vector<endpoint::Endpoint>& rows, const ports::Services& services)
    : rows_(rows), services_(services), operator_{"operator", "operator", every_scope(rows)} {
  for (size_t i = 0; i < rows_.size(); ++i) router_.add(rows_[i].method, rows_[i].path, i);
}

Async<json::Value> InternalApi::call(Place place, http::Method method, std::string path,
                                     json::Value body) const {
  auto request = request_of(method, path, body, services_.clock);
  auto match = router_.match(method, request.path);
  if (match.kind != http::RouteMatch::Kind::found)
    co_return fail(ErrorKind::internal, "no_such_row", "No management row for " + request.path);
  endpoint::RequestContext context{place.tenant, place.host, "https://" + place.host + "/", "",
                                   "durward",    "",         services_.clock.now(),         place.host};
  const endpoint::Authenticator authenticate = [this](endpoint::RequestContext, std::string) {
    return answer(operator_);
  };
  const auto response = co_await endpoint::run_management(
      rows_[match.value], authenticate, std::move(context), std::move(request),
      endpoint::PathParameters(match.parameters.begin(), match.parameters.end()));
  if (response.status >= 300) co_return std::unexpected(error_of(response));
  if (response.body.empty()) co_return json::Value(nullptr);
  co_return json::parse(response.body);
}

Async<json::Array> InternalApi::all(Place place, std::string path, std::string plural) const {
  json::Array out;
  const std::string query = path + (path.find('?') == path.npos ? "?" : "&");
  std::string from;  // of lists that page by checkpoints only
  for (int page = 0;; ++page) {
    const std::string paged =
        query + (from.empty() ? "per_page=100&include_totals=true&page=" + std::to_string(page)
                              : "take=100&from=" + percent_encode(from));
    CO_TRY(const auto answer_body, co_await call(place, http::Method::get, paged));
    const auto* object = answer_body.if_object();
    const auto* items = object ? json::array(*object, plural) : answer_body.if_array();
    if (!items)
      co_return fail(ErrorKind::internal, "unexpected_answer",
                     "The list " + path + " has no " + plural + ".");
    out.insert(out.end(), items->begin(), items->end());
    const bool was_checkpoint = !from.empty();
    from = object ? json::string_or(*object, "next") : std::string();
    if (from.empty() && (was_checkpoint || !object || items->size() < 100)) co_return out;
  }
}

}  // namespace durward::server
