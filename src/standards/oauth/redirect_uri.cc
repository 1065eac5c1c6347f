#include "standards/oauth/redirect_uri.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "standards/oauth/url_detail.h"

namespace durward::oauth {

namespace {

// Schemes whose URLs are code or belong to the browser itself.
constexpr std::array<std::string_view, 7> forbidden_schemes = {
    "javascript", "data", "vbscript", "blob", "about", "filesystem", "view-source"};

bool is_forbidden_scheme(std::string_view scheme) {
  return std::ranges::find(forbidden_schemes, scheme) != forbidden_schemes.end();
}

std::string_view first_label(std::string_view host) { return host.substr(0, host.find('.')); }
std::string_view other_labels(std::string_view host) { return host.substr(first_label(host).size()); }

// ---- placeholders

constexpr std::string_view organization_name = "organization_name";
constexpr std::string_view custom_domain_metadata = "custom_domain.metadata.";

struct Placeholder {
  size_t begin = 0, end = 0;  // of "{name}" in the entry
  std::string_view name;
};

std::optional<Placeholder> next_placeholder(std::string_view text, size_t from) {
  const size_t begin = text.find('{', from);
  const size_t end = begin == text.npos ? begin : text.find('}', begin);
  if (end == text.npos) return {};
  return Placeholder{begin, end + 1, text.substr(begin + 1, end - begin - 1)};
}

bool is_host_text(std::string_view value, bool with_dots) {
  return !value.empty() && value.size() <= 253 && std::ranges::all_of(value, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || (with_dots && c == '.');
  });
}

bool is_known_placeholder(std::string_view name) {
  if (name == organization_name) return true;
  if (!name.starts_with(custom_domain_metadata)) return false;
  const auto key = name.substr(custom_domain_metadata.size());
  return key.size() > 7 && to_lower(key).starts_with("public_") && is_host_text(key, false);
}

// Where the host begins and ends in the text; an empty range without authority.
std::pair<size_t, size_t> host_range(std::string_view text) {
  const size_t marker = text.find(':');
  if (marker == text.npos || text.substr(marker, 3) != "://") return {0, 0};
  const size_t begin = marker + 3;
  return {begin, std::min(text.find_first_of("/?#", begin), text.size())};
}

Result<> check_placeholder(std::string_view text, const Placeholder& found) {
  const auto [begin, end] = host_range(text);
  if (!is_known_placeholder(found.name)) return invalid_url("The URL has an unknown placeholder");
  if (found.begin < begin || found.end > end) return invalid_url("A placeholder is allowed in the host only");
  if (found.name != organization_name) return {};
  const auto scheme = to_lower(text.substr(0, text.find(':')));
  const bool whole_label = found.begin == begin && found.end < text.size() && text[found.end] == '.';
  if (!whole_label || (scheme != "http" && scheme != "https") || text.contains('*'))
    return invalid_url(
        "The placeholder {organization_name} must be the whole left-most label, without a wildcard");
  return {};
}

// The entry with each placeholder replaced by a harmless label, so that the rest can be parsed.
Result<std::string> without_placeholders(std::string_view text) {
  std::string out;
  size_t done = 0;
  while (const auto found = next_placeholder(text, done)) {
    ENSURE(check_placeholder(text, *found));
    out += text.substr(done, found->begin - done);
    out += 'x';
    done = found->end;
  }
  return out += text.substr(done);
}

// ---- registration

Result<> check_wildcard(const Url& url, bool allowed) {
  const auto stars = std::ranges::count(url.host, '*');
  if (stars == 0) return {};
  if (!allowed) return invalid_url("Wildcards are not allowed");
  if (!url.is_web()) return invalid_url("Wildcards are allowed in http and https URLs only");
  if (stars > 1 || !first_label(url.host).contains('*'))
    return invalid_url("One wildcard is allowed, in the left-most label of the host");
  // "https://*.com" would match the whole world.
  if (std::ranges::count(url.host, '.') < 2 || url.host.ends_with('.'))
    return invalid_url("A wildcard needs at least two labels to its right");
  return {};
}

Result<Url> parse_registered(std::string_view registered, const RegistrationRules& rules) {
  if (!rules.allow_placeholder && registered.contains('{'))
    return invalid_url("Placeholders are not allowed");
  TRY(const auto plain, without_placeholders(registered));
  TRY(auto url, parse_url_pattern(plain, true));
  if (is_forbidden_scheme(url.scheme)) return invalid_url("The scheme of the URL is not allowed");
  ENSURE(check_wildcard(url, rules.allow_wildcard && !rules.third_party));
  return url;
}

// ---- matching

bool label_matches(std::string_view pattern, std::string_view label) {
  const size_t star = pattern.find('*');
  if (star == pattern.npos) return pattern == label;
  const auto prefix = pattern.substr(0, star), suffix = pattern.substr(star + 1);
  // The star stands for at least one character of this one label.
  return label.size() > prefix.size() + suffix.size() && label.starts_with(prefix) && label.ends_with(suffix);
}

bool host_matches(const Url& registered, const Url& incoming, bool allow_wildcard) {
  if (!registered.host.contains('*')) return registered.host == incoming.host;
  return allow_wildcard && check_wildcard(registered, true) &&
         other_labels(registered.host) == other_labels(incoming.host) &&
         label_matches(first_label(registered.host), first_label(incoming.host));
}

bool ignores_port(const Url& registered, const MatchOptions& options) {
  // RFC 8252 §7.3: native applications get a port of the moment on the loopback interface, over http.
  return options.native && registered.scheme == "http" && registered.is_loopback();
}

bool url_matches(const Url& registered, const Url& incoming, const MatchOptions& options) {
  return registered.scheme == incoming.scheme && registered.has_authority == incoming.has_authority &&
         host_matches(registered, incoming, options.allow_wildcard) &&
         (ignores_port(registered, options) || registered.effective_port() == incoming.effective_port()) &&
         registered.path == incoming.path && registered.query == incoming.query &&
         registered.fragment == incoming.fragment;
}

// RFC 9700 §4.1.3: string comparison, unless the entry itself asks for more.
bool entry_matches(std::string_view expanded, std::string_view text, const Url& incoming,
                   const MatchOptions& options) {
  if (expanded == text) return true;
  const auto registered = parse_url_pattern(expanded, true);
  if (!registered) return false;
  if (!registered->host.contains('*') && !ignores_port(*registered, options)) return false;
  return url_matches(*registered, incoming, options);
}

}  // namespace

Result<> validate_redirect_uri(std::string_view registered, const RegistrationRules& rules) {
  TRY(const auto url, parse_registered(registered, rules));
  // RFC 6749 §3.1.2.
  if (rules.third_party && url.fragment)
    return invalid_url("The URL of a third-party application has no fragment");
  return {};
}

Result<> validate_origin(std::string_view registered, const RegistrationRules& rules) {
  TRY(const auto url, parse_registered(registered, rules));
  if (url.host.empty()) return invalid_url("An origin needs a host");
  return {};
}

std::optional<std::string> expand_placeholders(std::string_view registered, const PlaceholderValues& values) {
  std::string out;
  size_t done = 0;
  while (const auto found = next_placeholder(registered, done)) {
    if (!check_placeholder(registered, *found)) return {};
    const auto at = std::ranges::find(values, found->name, &std::pair<std::string, std::string>::first);
    if (at == values.end() || !is_host_text(at->second, found->name != organization_name)) return {};
    out += registered.substr(done, found->begin - done);
    out += at->second;
    done = found->end;
  }
  return out += registered.substr(done);
}

bool matches_callback(std::string_view registered, std::string_view incoming, const MatchOptions& options) {
  const auto url = parse_url(incoming);
  const auto expanded = expand_placeholders(registered, options.placeholders);
  return url && !is_forbidden_scheme(url->scheme) && expanded &&
         entry_matches(*expanded, incoming, *url, options);
}

bool matches_logout_url(std::string_view registered, std::string_view incoming, const MatchOptions& options) {
  if (matches_callback(registered, incoming, options)) return true;
  return parse_url(incoming) &&
         matches_callback(registered, incoming.substr(0, incoming.find_first_of("?#")), options);
}

bool matches_origin(std::string_view registered, std::string_view incoming, const MatchOptions& options) {
  const auto url = parse_url(incoming);
  const auto expanded = expand_placeholders(registered, options.placeholders);
  const auto entry = expanded ? parse_url_pattern(*expanded, true) : fail(ErrorKind::invalid, {});
  if (!url || !entry || url->host.empty()) return false;
  return entry->scheme == url->scheme && entry->effective_port() == url->effective_port() &&
         host_matches(*entry, *url, options.allow_wildcard);
}

}  // namespace durward::oauth
