#include "http/cookies.h"

#include <algorithm>
#include <stdexcept>

#include "base/encoding.h"
#include "http/head.h"

namespace durward::http {

namespace {

constexpr size_t pairs_max = 100;

// RFC 6265 §4.1.1: a token of RFC 2616, so no separators and no controls.
bool is_name(std::string_view text) {
  constexpr std::string_view separators = "()<>@,;:\\\"/[]?={} \t";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return uint8_t(c) > 0x20 && uint8_t(c) < 0x7f && !separators.contains(c);
  });
}

// RFC 6265 §4.1.1 cookie-octet
bool is_octets(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return uint8_t(c) > 0x20 && uint8_t(c) < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
  });
}

bool is_value(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return is_octets(text);
}

bool is_attribute(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char c) { return uint8_t(c) >= 0x20 && uint8_t(c) < 0x7f && c != ';'; });
}

std::string_view to_string(SameSite same_site) {
  constexpr std::string_view names[] = {"Lax", "Strict", "None"};
  return names[size_t(same_site)];
}

void require(bool condition, const SetCookie& cookie, const char* rule) {
  if (!condition) throw std::logic_error("cookie " + cookie.name + ": " + rule);
}

void check(const SetCookie& cookie) {
  require(is_name(cookie.name), cookie, "its name is not a token");
  require(is_octets(cookie.value), cookie, "its value has to be encoded");
  require(cookie.path.starts_with('/') && is_attribute(cookie.path) && is_attribute(cookie.domain), cookie,
          "its path or domain is not valid");
  // RFC 6265bis §4.1.3: the prefixes promise what browsers enforce.
  if (cookie.name.starts_with("__Secure-")) require(cookie.secure, cookie, "the prefix needs Secure");
  if (cookie.name.starts_with("__Host-"))
    require(cookie.secure && cookie.path == "/" && cookie.domain.empty(), cookie,
            "the prefix needs Secure, the path / and no domain");
  if (cookie.same_site == SameSite::none) require(cookie.secure, cookie, "SameSite=None needs Secure");
}

}  // namespace

void Cookies::read(std::string_view field) {
  while (!field.empty() && pairs_.size() < pairs_max) {
    const std::string_view pair = field.substr(0, field.find(';'));
    field.remove_prefix(std::min(field.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    if (equals == pair.npos) continue;
    const std::string_view name = trim(pair.substr(0, equals)), value = trim(pair.substr(equals + 1));
    if (is_name(name) && is_value(value)) pairs_.emplace_back(name, value);
  }
}

Cookies Cookies::parse(const Headers& headers) {
  Cookies out;
  for (const auto& [name, value] : headers)
    if (equals_ignoring_case(name, "Cookie")) out.read(value);
  return out;
}

std::optional<std::string> Cookies::get(std::string_view name) const {
  for (const auto& [key, value] : pairs_)
    if (key == name) return value;
  return {};
}

size_t Cookies::count(std::string_view name) const {
  return size_t(std::ranges::count(pairs_, name, &std::pair<std::string, std::string>::first));
}

std::string format(const SetCookie& cookie) {
  check(cookie);
  std::string out = cookie.name + "=" + cookie.value + "; Path=" + cookie.path;
  if (!cookie.domain.empty()) out += "; Domain=" + cookie.domain;
  if (cookie.max_age) out += "; Max-Age=" + std::to_string(cookie.max_age->count());
  if (cookie.http_only) out += "; HttpOnly";
  if (cookie.secure) out += "; Secure";
  return out.append("; SameSite=").append(to_string(cookie.same_site));
}

void set_cookie(Response& response, const SetCookie& cookie) {
  response.headers.add("Set-Cookie", format(cookie));
}

void expire_cookie(Response& response, SetCookie cookie) {
  cookie.value.clear();
  cookie.max_age = Seconds(0);
  set_cookie(response, cookie);
}

}  // namespace durward::http
