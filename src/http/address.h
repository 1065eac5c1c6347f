#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

// IP addresses, the networks of trusted proxies, and what those proxies may say about a request.
namespace durward::http {

// IPv4 is kept as IPv4-mapped IPv6, so both notations of one address are equal.
using IpAddress = std::array<uint8_t, 16>;
std::optional<IpAddress> parse_ip(std::string_view text);  // also "1.2.3.4:80", "[::1]" and "[::1]:80"
std::string to_string(const IpAddress& address);           // dotted for IPv4

// A set of CIDR blocks. A bare address is a block of one.
class Networks {
 public:
  // Errors: invalid / bad_option for a text that is not a block, or whose host bits are set.
  static Result<Networks> parse(const std::vector<std::string>& blocks);
  bool contains(const IpAddress& address) const;
  bool contains(std::string_view address) const;  // false for what is no address

 private:
  struct Block {
    IpAddress network;
    unsigned prefix;  // bits of the 128
  };
  std::vector<Block> blocks_;
};

// Fills scheme, host and remote_ip of a request that came from `peer`. X-Forwarded-* count only when `peer`
// is trusted; of a list the element next to the nearest untrusted hop is taken, as anything before it may be
// forged.
void apply_forwarded(Request& request, std::string_view peer, const Networks& trusted);

}  // namespace durward::http
