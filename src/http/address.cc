#include "http/address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

#include "base/encoding.h"
#include "http/head.h"

namespace durward::http {

namespace {

constexpr IpAddress mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned mapped_bits = 96;

bool is_v4(const IpAddress& address) { return std::memcmp(address.data(), mapped_prefix.data(), 12) == 0; }

std::optional<IpAddress> parse_plain(const std::string& text) {
  IpAddress address = mapped_prefix;
  if (inet_pton(AF_INET, text.c_str(), address.data() + 12) == 1) return address;
  if (inet_pton(AF_INET6, text.c_str(), address.data()) == 1) return address;
  return {};
}

bool in_block(const IpAddress& address, const IpAddress& network, unsigned prefix) {
  const size_t whole = prefix / 8;
  if (std::memcmp(address.data(), network.data(), whole) != 0) return false;
  if (prefix % 8 == 0) return true;
  const auto mask = uint8_t(0xff << (8 - prefix % 8));
  return ((address[whole] ^ network[whole]) & mask) == 0;
}

bool has_host_bits(const IpAddress& address, unsigned prefix) {
  for (unsigned bit = prefix; bit < 128; ++bit)
    if (address[bit / 8] >> (7 - bit % 8) & 1) return true;
  return false;
}

std::unexpected<Error> bad_block(std::string_view text) {
  return fail(ErrorKind::invalid, "bad_option", "Not a network of trusted proxies: " + std::string(text));
}

std::string_view last_element(std::string_view list) {
  const size_t comma = list.rfind(',');
  return trim(comma == list.npos ? list : list.substr(comma + 1));
}

// All fields of that name as one list (RFC 9110 §5.2).
std::string joined(const Headers& headers, std::string_view name) {
  std::string out;
  for (const auto& [key, value] : headers)
    if (equals_ignoring_case(key, name)) out.append(out.empty() ? "" : ",").append(value);
  return out;
}

std::string client_of(std::string_view peer, std::string list, const Networks& trusted) {
  std::string client(peer);
  std::string_view rest = list;
  while (!rest.empty()) {
    const auto address = parse_ip(last_element(rest));
    if (!address) break;
    client = to_string(*address);
    if (!trusted.contains(*address)) break;
    const size_t comma = rest.rfind(',');
    rest = comma == rest.npos ? std::string_view() : rest.substr(0, comma);
  }
  return client;
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  if (text.size() > 64 || text.find('\0') != text.npos) return {};
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == text.npos || (close + 1 < text.size() && text[close + 1] != ':')) return {};
    return parse_plain(std::string(text.substr(1, close - 1)));
  }
  if (text.find('.') != text.npos && text.find(':') == text.rfind(':')) text = text.substr(0, text.find(':'));
  return parse_plain(std::string(text));
}

std::string to_string(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN];
  if (is_v4(address)) return inet_ntop(AF_INET, address.data() + 12, text, sizeof text);
  return inet_ntop(AF_INET6, address.data(), text, sizeof text);
}

Result<Networks> Networks::parse(const std::vector<std::string>& blocks) {
  Networks out;
  for (const std::string& text : blocks) {
    const size_t slash = text.find('/');
    const auto address = parse_plain(text.substr(0, slash));
    if (!address) return bad_block(text);
    const unsigned base = text.find(':') == text.npos ? mapped_bits : 0;
    unsigned prefix = 128 - base;
    if (slash != text.npos) {
      const char* end = text.data() + text.size();
      const auto [stop, error] = std::from_chars(text.data() + slash + 1, end, prefix);
      if (error != std::errc() || stop != end || prefix > 128 - base) return bad_block(text);
    }
    if (has_host_bits(*address, base + prefix)) return bad_block(text);
    out.blocks_.push_back({*address, base + prefix});
  }
  return out;
}

bool Networks::contains(const IpAddress& address) const {
  for (const Block& block : blocks_)
    if (in_block(address, block.network, block.prefix)) return true;
  return false;
}

bool Networks::contains(std::string_view address) const {
  if (blocks_.empty()) return false;
  const auto parsed = parse_ip(address);
  return parsed && contains(*parsed);
}

void apply_forwarded(Request& request, std::string_view peer, const Networks& trusted) {
  request.remote_ip = peer;
  if (!trusted.contains(peer)) return;
  request.remote_ip = client_of(peer, joined(request.headers, "X-Forwarded-For"), trusted);
  const std::string protos = joined(request.headers, "X-Forwarded-Proto");
  const std::string scheme = to_lower(last_element(protos));
  if (scheme == "https" || scheme == "http") request.scheme = scheme;
  const std::string hosts = joined(request.headers, "X-Forwarded-Host");
  if (const auto host = parse_authority(last_element(hosts))) request.host = *host;
  request.host = without_default_port(request.host, request.scheme);
}

}  // namespace durward::http
