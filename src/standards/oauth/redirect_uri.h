#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

// The URLs that applications register and browsers are sent to: parsing, registration rules, matching,
// building. Errors: invalid / invalid_redirect_uri with the rule that was broken.
namespace durward::oauth {

inline constexpr size_t url_size_max = 4096;

using Parameters = std::vector<std::pair<std::string, std::string>>;

struct Url {
  std::string scheme;  // lower case
  bool has_authority = false;
  std::string host;  // lower case; IPv6 with its brackets; empty without authority
  std::optional<uint16_t> port;
  std::string path;                            // as given
  std::optional<std::string> query, fragment;  // without '?' and '#', as given

  bool is_web() const { return scheme == "http" || scheme == "https"; }
  uint16_t effective_port() const;  // the scheme's default when none is given; 0 when there is none
  bool is_loopback() const;         // 127.0.0.1, [::1], localhost
};

// An absolute URL in ASCII without user information, control characters, spaces, backslashes or quotes; http
// and https need a host. The strictness is what keeps our reading and the browser's the same (RFC 9700
// §4.1.1).
Result<Url> parse_url(std::string_view text);

// "https://example.com" (default ports left out); empty when the URL has no host.
std::string origin_of(const Url& url);
Result<std::string> origin_of(std::string_view url);

// ---- registration

struct RegistrationRules {
  bool third_party = false;  // no wildcard (RFC 9700 §4.1.3), no fragment (RFC 6749 §3.1.2)
  bool allow_wildcard = true;
  bool allow_placeholder = true;  // {organization_name}, {custom_domain.metadata.KEY}
};
Result<> validate_redirect_uri(std::string_view registered, const RegistrationRules& rules = {});
Result<> validate_origin(std::string_view registered, const RegistrationRules& rules = {});

// ---- placeholders

// Name and value, e.g. {"organization_name", "acme"} or {"custom_domain.metadata.public_zone", "eu"}.
using PlaceholderValues = Parameters;

// The entry with its placeholders replaced; nothing when one has no value or the value is not fit for a host
// name (one label for organization_name). An entry without placeholders is returned as it is.
std::optional<std::string> expand_placeholders(std::string_view registered, const PlaceholderValues& values);

// ---- matching

struct MatchOptions {
  bool native = false;         // RFC 8252 §7.3: any port on a loopback host
  bool allow_wildcard = true;  // false for third-party clients
  PlaceholderValues placeholders;
};

// `registered` is one entry of the application's list, `incoming` comes from the request. An incoming URL
// that parse_url refuses never matches.
bool matches_callback(std::string_view registered, std::string_view incoming,
                      const MatchOptions& options = {});
bool matches_logout_url(std::string_view registered, std::string_view incoming,
                        const MatchOptions& options = {});
// Of `registered` only scheme, host and port count; `incoming` is an Origin header or a URL.
bool matches_origin(std::string_view registered, std::string_view incoming, const MatchOptions& options = {});

// ---- building

std::string encode_parameters(const Parameters& parameters);                   // a=b&c=d, percent-encoded
std::string append_query(std::string_view url, const Parameters& parameters);  // before the fragment, if any
std::string append_fragment(std::string_view url, const Parameters& parameters);

}  // namespace durward::oauth
