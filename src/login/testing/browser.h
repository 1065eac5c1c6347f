#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/executor.h"
#include "endpoint/endpoint.h"
#include "http/message.h"

namespace durward::testing {

// A browser without a network: keeps cookies, hands requests to the rows' handlers.
class Browser {
 public:
  using Context = std::function<endpoint::RequestContext()>;
  Browser(std::vector<endpoint::Endpoint> rows, Context context)
      : rows_(std::move(rows)), context_(std::move(context)) {}

  http::Response get(std::string url) { return send(http::Method::get, std::move(url), {}); }
  http::Response post(std::string url, http::Parameters form) {
    return send(http::Method::post, std::move(url), http::encode_form(form));
  }

  std::map<std::string, std::string> cookies;
  http::Headers extra;  // sent with every request

 private:
  http::Response send(http::Method method, std::string url, std::string body) {
    http::Request request;
    request.method = method;
    if (url.starts_with(context_().issuer)) url.erase(0, context_().issuer.size() - 1);
    const size_t mark = url.find('?');
    request.path = url.substr(0, mark);
    if (mark != std::string::npos) request.query = url.substr(mark + 1);
    request.headers = extra;
    if (method == http::Method::post && !extra.has("Content-Type"))
      request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    for (const auto& [name, value] : cookies) request.headers.add("Cookie", name + "=" + value);
    request.body = std::move(body);
    auto response = dispatch(std::move(request));
    remember(response);
    return response;
  }

  http::Response dispatch(http::Request request) {
    for (const auto& row : rows_) {
      endpoint::PathParameters path;
      if (row.method != request.method || !matches(row.path, request.path, path)) continue;
      const auto& handler = std::get<endpoint::ProtocolHandler>(row.handler);
      return run_sync(handler(context_(), std::move(request), std::move(path)));
    }
    return http::text_response(404, "no such row");
  }

  static bool matches(const std::string& pattern, const std::string& path, endpoint::PathParameters& out) {
    const size_t open = pattern.find('{');
    if (open == std::string::npos) return pattern == path;
    if (!path.starts_with(pattern.substr(0, open))) return false;
    out.emplace_back(pattern.substr(open + 1, pattern.size() - open - 2),
                     percent_decode(path.substr(open)).value_or(""));
    return true;
  }

  void remember(const http::Response& response) {
    for (const auto& [name, value] : response.headers) {
      if (name != "Set-Cookie") continue;
      const size_t equals = value.find('=');
      const std::string cookie = value.substr(0, equals);
      const std::string text = value.substr(equals + 1, value.find(';') - equals - 1);
      if (text.empty())
        cookies.erase(cookie);
      else
        cookies[cookie] = text;
    }
  }

  std::vector<endpoint::Endpoint> rows_;
  Context context_;
};

// The value of a parameter in a URL's query or fragment.
inline std::string parameter_of(std::string_view url, std::string_view name) {
  const size_t at = url.find_first_of("?#");
  if (at == std::string_view::npos) return {};
  const auto parsed = http::parse_form(url.substr(at + 1));
  return parsed ? parsed->get_or(name) : std::string();
}
inline std::string location_of(const http::Response& response) {
  return std::string(response.headers.get("Location"));
}
inline http::Parameters form(std::initializer_list<std::pair<std::string, std::string>> fields) {
  http::Parameters out;
  for (const auto& [name, value] : fields) out.add(name, value);
  return out;
}

}  // namespace durward::testing
