#include "adapters/sandbox/egress_policy.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/encoding.h"

namespace durward::adapters::sandbox {
namespace {

// IANA's special-purpose registries (RFC 6890), multicast, and cloud providers' metadata services that stand
// outside of them. An IPv4-mapped IPv6 address is that IPv4 address (http/address.h).
const std::vector<std::string> not_public = {
    "0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10",   "127.0.0.0/8",     "169.254.0.0/16",
    "172.16.0.0/12",  "192.0.0.0/24",   "192.0.2.0/24",    "192.31.196.0/24", "192.52.193.0/24",
    "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",   "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
    "168.63.129.16",  // Azure
    "::/128",         "::1/128",        "::/96",           "64:ff9b::/96",    "64:ff9b:1::/48",
    "100::/64",       "2001::/23",      "2001:db8::/32",   "2002::/16",       "2620:4f:8000::/48",
    "3fff::/20",      "5f00::/16",      "fc00::/7",        "fe80::/10",       "fec0::/10",
    "ff00::/8"};

std::optional<std::pair<std::string, uint16_t>> host_and_port(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return {};
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
  if (error != std::errc() || stop != end || port == 0) return {};
  return std::pair(to_lower(text.substr(0, colon)), port);
}

}  // namespace

Result<EgressPolicy> EgressPolicy::parse(const std::vector<std::string>& allow) {
  EgressPolicy out;
  TRY(out.closed_, http::Networks::parse(not_public));
  std::vector<std::string> blocks;
  for (const auto& item : allow) {
    if (http::Networks::parse({item})) {
      blocks.push_back(item);
    } else if (auto host = host_and_port(item)) {
      out.hosts_.push_back(*std::move(host));
    } else {
      return fail(ErrorKind::invalid, "bad_option", item + " is no address, CIDR block or HOST:PORT");
    }
  }
  TRY(out.opened_, http::Networks::parse(blocks));
  return out;
}

bool EgressPolicy::allows(const http::IpAddress& address, std::string_view host, uint16_t port) const {
  if (!closed_.contains(address) || opened_.contains(address)) return true;
  return std::ranges::any_of(hosts_, [&, name = to_lower(host)](const auto& open) {
    return open.first == name && (port == 0 || open.second == port);
  });
}

}  // namespace durward::adapters::sandbox
