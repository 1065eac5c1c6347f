#pragma once
#include <string>

#include "base/clock.h"

namespace durward::domain {

// Sign-in with an identifier is refused for a time, because too many passwords were wrong. It is about what
// was typed and not about a user: an identifier nobody has is blocked alike.
struct Block {
  std::string connection, identifier;  // the identifier normalised
  std::string ip;                      // from this address only; empty: from everywhere
  std::string user_id;                 // whose it was then; empty: nobody's
  TimePoint created_at, expires_at;
};

}  // namespace durward::domain
