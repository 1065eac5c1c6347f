#include "http/wire.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "base/json.h"
#include "http/head.h"

namespace durward::http {

namespace {

constexpr std::string_view own_fields[] = {"Date", "Content-Length", "Connection", "Transfer-Encoding",
                                           "X-Request-Id"};

bool is_own(std::string_view name) {
  return std::ranges::any_of(own_fields,
                             [&](std::string_view own) { return equals_ignoring_case(own, name); });
}

// RFC 9110 §5.6.2
bool is_token(std::string_view text) {
  constexpr std::string_view extra = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || extra.contains(c);
  });
}

bool is_safe(std::string_view value) {
  return std::ranges::none_of(value, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

void append_number(std::string& out, uint64_t number) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

bool append_fields(std::string& out, const Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (!is_token(name) || !is_safe(value)) return false;
    if (!is_own(name)) append_field(out, name, value);
  }
  return true;
}

}  // namespace

Response error_response(int status, std::string_view message) {
  const json::Object body{{"statusCode", status}, {"error", reason_phrase(status)}, {"message", message}};
  return json_response(status, json::serialize(body));
}

std::string_view DateCache::at(TimePoint now) {
  const int64_t second = to_unix_seconds(now);
  if (second == second_) return text_;
  second_ = second;
  const time_t time = second;
  tm parts{};
  gmtime_r(&time, &parts);
  char text[40];
  text_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
  return text_;
}

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

bool append_head(std::string& out, const Response& response, const ResponseFrame& frame) {
  const size_t before = out.size();
  out += "HTTP/1.1 ";
  append_number(out, uint64_t(response.status));
  out.append(" ").append(reason_phrase(response.status)).append("\r\n");
  append_field(out, "Date", frame.date);
  if (has_body(response.status)) {
    out += "Content-Length: ";
    append_number(out, response.body.size());
    out += "\r\n";
  }
  if (!append_fields(out, response.headers)) {
    out.resize(before);
    return false;
  }
  append_field(out, "X-Request-Id", frame.request_id);
  if (frame.close)
    out += "Connection: close\r\n";
  else if (!frame.http11)
    out += "Connection: keep-alive\r\n";
  out += "\r\n";
  return true;
}

}  // namespace durward::http
