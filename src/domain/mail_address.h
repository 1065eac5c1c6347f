#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace durward::domain {

// One mailbox (RFC 5322 §3.4), as far as mails of this program need one.
struct MailAddress {
  std::string name, address;  // name may be empty

  std::string_view domain() const;
};

// "a@b" or "Name <a@b>". invalid/"invalid_address" for anything that is not one plain address: several,
// control characters, no domain, not ASCII (RFC 6531 is not spoken).
Result<MailAddress> parse_mail_address(std::string_view text);

}  // namespace durward::domain
