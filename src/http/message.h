#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/task.h"

// HTTP messages as plain values. The server, the client and every handler speak these; nothing here knows a
// socket.
namespace durward::http {

enum class Method { get, head, post, put, patch, delete_, options, other };
std::string_view to_string(Method method);

// Field names compare without case; order and repetition are kept.
class Headers {
 public:
  std::string_view get(std::string_view name) const;  // the first value, or empty
  bool has(std::string_view name) const;
  size_t count(std::string_view name) const;
  void set(std::string_view name, std::string value);  // replaces all of that name
  void add(std::string_view name, std::string value);
  void remove(std::string_view name);
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
  Method method = Method::get;
  std::string method_text;  // as sent
  std::string path;         // still percent-encoded, begins with '/'
  std::string query;        // without '?', still encoded
  Headers headers;
  std::string body;

  std::string scheme;     // "https" or "http", after the trusted-proxy rules
  std::string host;       // authority of the request in lower case, with the port when it is not the default
  std::string remote_ip;  // of the client, after the trusted-proxy rules
  std::string id;  // request id: taken from a trusted proxy, else made; also in the response and the log
  TimePoint received_at;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  // For the access log and the audit trail; never sent. `route` is the endpoint's id, `tenant` its name.
  std::string route, tenant;
};

using Handler = std::function<Task<Response>(Request)>;

std::string_view reason_phrase(int status);  // "Not Found"

// Builders for the common replies. JSON bodies are application/json; charset=utf-8.
Response json_response(int status, std::string body);
Response html_response(int status, std::string body);
Response text_response(int status, std::string body);
Response redirect(int status, std::string location);

// Name/value pairs of a query string or a form body, decoded, in order, repetition kept.
class Parameters {
 public:
  void add(std::string name, std::string value) { items_.emplace_back(std::move(name), std::move(value)); }
  std::optional<std::string> get(std::string_view name) const;  // the first
  std::string get_or(std::string_view name, std::string_view fallback = {}) const;
  bool has(std::string_view name) const;
  size_t count(std::string_view name) const;
  bool empty() const { return items_.empty(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

// application/x-www-form-urlencoded. Refuses (invalid/invalid_request): broken percent escapes, text that is
// not UTF-8, NUL bytes, more than 1,000 pairs.
Result<Parameters> parse_form(std::string_view text);
std::string encode_form(const Parameters& parameters);

}  // namespace durward::http
