#include "endpoint/formats.h"

#include <algorithm>

#include "base/clock.h"
#include "base/encoding.h"

namespace durward::endpoint {
namespace {

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_alpha(c) || is_digit(c); }

// RFC 3986 §3.1.
size_t scheme_length(std::string_view text) {
  if (text.empty() || !is_alpha(text[0])) return 0;
  size_t n = 1;
  while (n < text.size() && (is_alnum(text[n]) || text[n] == '+' || text[n] == '-' || text[n] == '.')) ++n;
  return n < text.size() && text[n] == ':' ? n : 0;
}

bool is_printable(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c <= 0x20 || c == 0x7f; });
}

// Addresses that operators store become links and images of pages: one whose scheme is code is never one.
constexpr std::string_view code_schemes[] = {"javascript", "vbscript",   "data",
                                             "blob",       "filesystem", "view-source"};

bool is_uri(std::string_view text) {
  const size_t scheme = scheme_length(text);
  return scheme && is_printable(text) && text.size() > scheme + 1 &&
         std::ranges::find(code_schemes, to_lower(text.substr(0, scheme))) == std::end(code_schemes);
}

bool has_scheme(std::string_view text, std::string_view scheme) {
  return text.size() > scheme.size() &&
         std::ranges::equal(text.substr(0, scheme.size()), scheme,
                            [](char a, char b) { return (a >= 'A' && a <= 'Z' ? char(a + 32) : a) == b; });
}

bool is_https(std::string_view text) {
  if (!has_scheme(text, "https://") || !is_printable(text)) return false;
  const char first = text[8];
  return first != '/' && first != '?' && first != '#' && first != ':';
}

bool is_url(std::string_view text) {
  if (is_https(text)) return true;
  return has_scheme(text, "http://") && is_printable(text) && text[7] != '/' && text[7] != '?';
}

bool is_hostname(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;  // RFC 1035 §2.3.4
  size_t label = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.') {
      if (label == 0 || text[i - 1] == '-') return false;
      label = 0;
    } else if (!is_alnum(text[i]) && (text[i] != '-' || label == 0)) {
      return false;
    } else if (++label > 63) {
      return false;
    }
  }
  return label > 0 && text.back() != '-';
}

// The shape that mail systems accept in practice: one '@', a local part without spaces, a host name.
bool is_email(std::string_view text) {
  const size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || text.size() > 254) return false;
  const std::string_view local = text.substr(0, at);
  if (!is_printable(local) || local.find_first_of("@<>()[],;:\\\"") != std::string_view::npos) return false;
  return is_hostname(text.substr(at + 1)) && text.find('.', at) != std::string_view::npos;
}

bool is_date_time(std::string_view text) { return parse_iso8601(text).has_value(); }

bool is_identifier(std::string_view text) {
  return !text.empty() && text.size() <= 128 &&
         std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '_' || c == '-'; });
}

// Ids of profiles: a prefix and about 22 base-58 characters (Auth0 Management API).
template <char A, char B, char C>
bool is_profile_id(std::string_view text) {
  const char prefix[] = {A, B, C, '_'};
  return text.starts_with(std::string_view(prefix, 4)) && text.size() >= 18 && text.size() <= 30 &&
         std::ranges::all_of(text.substr(4), is_alnum);
}

constexpr Format formats[] = {
    {"uri", is_uri, false},
    {"uri-or-empty", is_uri, true},
    {"absolute-uri-or-empty", is_uri, true},
    {"https-uri", is_https, false},
    {"https-uri-or-empty", is_https, true},
    {"absolute-https-uri-or-empty", is_https, true},
    {"absolute-https-uri-with-placeholders-or-empty", is_https, true},
    {"ec-initiate-login-uri-template-url", is_https, false},
    {"url", is_url, false},
    {"strict-https-uri-or-null", is_https, false},
    {"strict-url-or-null", is_url, false},
    {"hostname", is_hostname, false},
    {"email", is_email, false},
    {"email-or-empty", is_email, true},
    {"date-time", is_date_time, false},
    {"identifier", is_identifier, false},
    {"client-id", is_identifier, false},
    {"connection-id", is_identifier, false},
    {"organization-id", is_identifier, false},
    {"connection-profile-id", is_profile_id<'c', 'o', 'p'>, false},
    {"user-attribute-profile-id", is_profile_id<'u', 'a', 'p'>, false},
};

}  // namespace

const Format* find_format(std::string_view name) {
  const auto found = std::ranges::find(formats, name, &Format::name);
  return found == std::end(formats) ? nullptr : &*found;
}

}  // namespace durward::endpoint
