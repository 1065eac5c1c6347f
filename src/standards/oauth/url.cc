#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "standards/oauth/redirect_uri.h"
#include "standards/oauth/url_detail.h"

namespace durward::oauth {

std::unexpected<Error> invalid_url(std::string message) {
  return fail(ErrorKind::invalid, "invalid_redirect_uri", std::move(message));
}

namespace {

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// Browsers drop tabs and line breaks, turn backslashes into slashes and stop at quotes in pages: a URL with
// any of them has two readings.
Result<> check_characters(std::string_view text) {
  if (text.empty() || text.size() > url_size_max) return invalid_url("The URL is empty or too long");
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c <= 0x20 || c >= 0x7f || std::string_view("\\\"<>^`").contains(c))
      return invalid_url("The URL contains characters that are not allowed");
    if (c == '%' && (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])))
      return invalid_url("The URL contains a malformed percent-encoding");
  }
  return {};
}

// RFC 3986 §3.1.
Result<std::string> take_scheme(std::string_view& rest) {
  const size_t colon = rest.find(':');
  const auto scheme = rest.substr(0, colon == rest.npos ? 0 : colon);
  const bool good = !scheme.empty() && is_alpha(scheme[0]) && std::ranges::all_of(scheme, [](char c) {
    return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
  if (!good) return invalid_url("The URL is not absolute");
  rest.remove_prefix(colon + 1);
  return to_lower(scheme);
}

bool is_ipv6_literal(std::string_view host) {
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
  return std::ranges::all_of(host.substr(1, host.size() - 2),
                             [](char c) { return is_hex(c) || c == ':' || c == '.'; });
}

bool is_host_name(std::string_view host, bool pattern) {
  if (host.size() > 253 || host.front() == '.' || host.contains("..")) return false;
  return std::ranges::all_of(host, [&](char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || (pattern && c == '*');
  });
}

Result<uint16_t> read_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.size() > 5 || error != std::errc() || end != text.data() + text.size() ||
      value == 0 || value > 65535)
    return invalid_url("The URL has an impossible port");
  return uint16_t(value);
}

Result<> read_authority(std::string_view authority, Url& out, bool pattern) {
  // RFC 9700 §4.1.1: "https://good.example@evil.example" is read differently by people and by browsers.
  if (authority.contains('@')) return invalid_url("The URL contains user information");
  const size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  const size_t colon = bracket == authority.npos ? authority.npos : authority.find(':', bracket);
  const auto host = authority.substr(0, colon);
  if (colon != authority.npos) {
    TRY(out.port, read_port(authority.substr(colon + 1)));
  }
  if (host.empty() && (out.is_web() || out.port)) return invalid_url("The URL has no host");
  if (!host.empty() && !is_ipv6_literal(host) && !is_host_name(host, pattern))
    return invalid_url("The URL has an impossible host");
  out.host = to_lower(host);
  return {};
}

// Splits `rest` at the first of `marks`; what follows the mark is returned.
std::optional<std::string> split_off(std::string_view& rest, char mark) {
  const size_t at = rest.find(mark);
  if (at == rest.npos) return {};
  std::string out(rest.substr(at + 1));
  rest = rest.substr(0, at);
  return out;
}

}  // namespace

Result<Url> parse_url_pattern(std::string_view text, bool pattern) {
  ENSURE(check_characters(text));
  Url out;
  TRY(out.scheme, take_scheme(text));
  out.fragment = split_off(text, '#');
  out.query = split_off(text, '?');
  out.has_authority = text.starts_with("//");
  if (out.has_authority) {
    text.remove_prefix(2);
    const auto authority = text.substr(0, text.find('/'));
    ENSURE(read_authority(authority, out, pattern));
    text.remove_prefix(authority.size());
  } else if (out.is_web()) {
    return invalid_url("The URL has no host");
  }
  out.path = text;
  return out;
}

Result<Url> parse_url(std::string_view text) { return parse_url_pattern(text, false); }

uint16_t Url::effective_port() const {
  if (port) return *port;
  return scheme == "https" ? 443 : scheme == "http" ? 80 : 0;
}

bool Url::is_loopback() const { return host == "127.0.0.1" || host == "[::1]" || host == "localhost"; }

std::string origin_of(const Url& url) {
  if (url.host.empty()) return {};
  std::string out = url.scheme + "://" + url.host;
  const Url bare{.scheme = url.scheme};
  if (url.port && *url.port != bare.effective_port()) out += ":" + std::to_string(*url.port);
  return out;
}

Result<std::string> origin_of(std::string_view url) {
  TRY(const auto parsed, parse_url(url));
  auto origin = origin_of(parsed);
  if (origin.empty()) return invalid_url("The URL has no host");
  return origin;
}

std::string encode_parameters(const Parameters& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out += percent_encode(name) + '=' + percent_encode(value);
  }
  return out;
}

std::string append_query(std::string_view url, const Parameters& parameters) {
  if (parameters.empty()) return std::string(url);
  // RFC 6749 §3.1.2: a query component of the registered URL is retained.
  const size_t hash = std::min(url.find('#'), url.size());
  std::string out(url.substr(0, hash));
  if (!out.contains('?'))
    out += '?';
  else if (!out.ends_with('?') && !out.ends_with('&'))
    out += '&';
  out += encode_parameters(parameters);
  out += url.substr(hash);
  return out;
}

std::string append_fragment(std::string_view url, const Parameters& parameters) {
  if (parameters.empty()) return std::string(url);
  std::string out(url);
  if (!out.contains('#'))
    out += '#';
  else if (!out.ends_with('#') && !out.ends_with('&'))
    out += '&';
  return out + encode_parameters(parameters);
}

}  // namespace durward::oauth
