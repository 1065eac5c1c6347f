#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// IP addresses and networks of them.
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

// What counts as one client where clients are counted: the address, of IPv6 its /64, since whoever has one
// address of that has them all. A zone and a port are dropped; a text that is no address stays itself, cut to
// 64 bytes.
std::string client_block(std::string_view address);

}  // namespace durward::http
