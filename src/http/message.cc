#include "http/message.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace durward::http {

namespace {

constexpr size_t form_pairs_max = 1000;

struct MethodName {
  Method method;
  std::string_view name;
};
constexpr std::array<MethodName, 7> method_names{{{Method::get, "GET"},
                                                  {Method::head, "HEAD"},
                                                  {Method::post, "POST"},
                                                  {Method::put, "PUT"},
                                                  {Method::patch, "PATCH"},
                                                  {Method::delete_, "DELETE"},
                                                  {Method::options, "OPTIONS"}}};

struct Reason {
  int status;
  std::string_view phrase;
};
constexpr auto reasons = std::to_array<Reason>({{100, "Continue"},
                                                {101, "Switching Protocols"},
                                                {200, "OK"},
                                                {201, "Created"},
                                                {202, "Accepted"},
                                                {204, "No Content"},
                                                {206, "Partial Content"},
                                                {301, "Moved Permanently"},
                                                {302, "Found"},
                                                {303, "See Other"},
                                                {304, "Not Modified"},
                                                {307, "Temporary Redirect"},
                                                {308, "Permanent Redirect"},
                                                {400, "Bad Request"},
                                                {401, "Unauthorized"},
                                                {402, "Payment Required"},
                                                {403, "Forbidden"},
                                                {404, "Not Found"},
                                                {405, "Method Not Allowed"},
                                                {406, "Not Acceptable"},
                                                {408, "Request Timeout"},
                                                {409, "Conflict"},
                                                {410, "Gone"},
                                                {411, "Length Required"},
                                                {412, "Precondition Failed"},
                                                {413, "Payload Too Large"},
                                                {414, "URI Too Long"},
                                                {415, "Unsupported Media Type"},
                                                {417, "Expectation Failed"},
                                                {421, "Misdirected Request"},
                                                {422, "Unprocessable Entity"},
                                                {425, "Too Early"},
                                                {428, "Precondition Required"},
                                                {429, "Too Many Requests"},
                                                {431, "Request Header Fields Too Large"},
                                                {500, "Internal Server Error"},
                                                {501, "Not Implemented"},
                                                {502, "Bad Gateway"},
                                                {503, "Service Unavailable"},
                                                {504, "Gateway Timeout"},
                                                {505, "HTTP Version Not Supported"}});

char lower(char c) { return c >= 'A' && c <= 'Z' ? char(c + ('a' - 'A')) : c; }

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return false;
  return true;
}

Response with_type(int status, std::string_view type, std::string body) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", std::string(type));
  response.body = std::move(body);
  return response;
}

Result<std::string> decode_component(std::string_view text) {
  auto decoded = percent_decode(text, true);
  if (!decoded)
    return fail(ErrorKind::invalid, "invalid_request", "The parameters hold a broken percent escape.");
  if (decoded->find('\0') != std::string::npos)
    return fail(ErrorKind::invalid, "invalid_request", "The parameters hold a NUL character.");
  if (!is_valid_utf8(*decoded))
    return fail(ErrorKind::invalid, "invalid_request", "The parameters are not valid UTF-8.");
  return std::move(*decoded);
}

}  // namespace

std::string_view to_string(Method method) {
  for (const auto& entry : method_names)
    if (entry.method == method) return entry.name;
  return "OTHER";
}

std::string_view Headers::get(std::string_view name) const {
  for (const auto& [key, value] : fields_)
    if (same_name(key, name)) return value;
  return {};
}

bool Headers::has(std::string_view name) const {
  return std::ranges::any_of(fields_, [&](const auto& field) { return same_name(field.first, name); });
}

size_t Headers::count(std::string_view name) const {
  return size_t(
      std::ranges::count_if(fields_, [&](const auto& field) { return same_name(field.first, name); }));
}

void Headers::set(std::string_view name, std::string value) {
  const auto first =
      std::ranges::find_if(fields_, [&](const auto& field) { return same_name(field.first, name); });
  if (first == fields_.end()) return add(name, std::move(value));
  first->second = std::move(value);
  fields_.erase(std::remove_if(first + 1, fields_.end(),
                               [&](const auto& field) { return same_name(field.first, name); }),
                fields_.end());
}

void Headers::add(std::string_view name, std::string value) {
  fields_.emplace_back(std::string(name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [&](const auto& field) { return same_name(field.first, name); });
}

std::string_view reason_phrase(int status) {
  const auto it = std::ranges::lower_bound(reasons, status, {}, &Reason::status);
  return it != reasons.end() && it->status == status ? it->phrase : std::string_view("Unknown");
}

Response json_response(int status, std::string body) {
  return with_type(status, "application/json; charset=utf-8", std::move(body));
}
Response html_response(int status, std::string body) {
  return with_type(status, "text/html; charset=utf-8", std::move(body));
}
Response text_response(int status, std::string body) {
  return with_type(status, "text/plain; charset=utf-8", std::move(body));
}

Response redirect(int status, std::string location) {
  Response response;
  response.status = status;
  response.headers.add("Location", std::move(location));
  return response;
}

std::optional<std::string> Parameters::get(std::string_view name) const {
  for (const auto& [key, value] : items_)
    if (key == name) return value;
  return {};
}

std::string Parameters::get_or(std::string_view name, std::string_view fallback) const {
  for (const auto& [key, value] : items_)
    if (key == name) return value;
  return std::string(fallback);
}

bool Parameters::has(std::string_view name) const { return count(name) > 0; }

size_t Parameters::count(std::string_view name) const {
  return size_t(std::ranges::count(items_, name, &std::pair<std::string, std::string>::first));
}

Result<Parameters> parse_form(std::string_view text) {
  Parameters out;
  size_t pairs = 0;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    if (++pairs > form_pairs_max)
      return fail(ErrorKind::invalid, "invalid_request", "There are too many parameters.");
    const size_t equals = pair.find('=');
    TRY(std::string name, decode_component(pair.substr(0, equals)));
    TRY(std::string value,
        decode_component(equals == pair.npos ? std::string_view() : pair.substr(equals + 1)));
    out.add(std::move(name), std::move(value));
  }
  return out;
}

// Spaces become %20, which form parsers and URI parsers both read; '+' would be right only in the former.
std::string encode_form(const Parameters& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out.append(percent_encode(name)).append("=").append(percent_encode(value));
  }
  return out;
}

}  // namespace durward::http
