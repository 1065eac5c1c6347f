#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/address.h"

namespace durward::adapters::sandbox {

// Where customers' code may connect to: the public internet, and what the operator lists besides.
class EgressPolicy {
 public:
  // Each item is an address, a CIDR block, or HOST:PORT as a script would write it. Error:
  // invalid/"bad_option".
  static Result<EgressPolicy> parse(const std::vector<std::string>& allow);

  // Every address that a name has is asked for: one that is refused makes the name refused, so that a name
  // which means both does not depend on luck. Port 0: only the address is wanted.
  bool allows(const http::IpAddress& address, std::string_view host, uint16_t port) const;

 private:
  http::Networks closed_, opened_;
  std::vector<std::pair<std::string, uint16_t>> hosts_;
};

}  // namespace durward::adapters::sandbox
