#include "http/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace durward::http {

namespace {

constexpr IpAddress mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned mapped_bits = 96;
// RFC 6052 §2.1: behind it are IPv4 clients, each with an address of its own.
constexpr IpAddress nat64_prefix{0x00, 0x64, 0xff, 0x9b};
constexpr unsigned nat64_bits = 96;

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

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  if (text.size() > 64 || text.find('\0') != text.npos) return {};
  if (!text.starts_with('[')) text = text.substr(0, text.find('%'));  // RFC 4007 §11: a zone is local
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

std::string client_block(std::string_view text) {
  auto address = parse_ip(text);
  if (!address) return std::string(text.substr(0, 64));
  if (is_v4(*address) || in_block(*address, nat64_prefix, nat64_bits)) return to_string(*address);
  std::fill(address->begin() + 8, address->end(), uint8_t(0));
  return to_string(*address) + "/64";
}

}  // namespace durward::http
