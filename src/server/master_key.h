#pragma once
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "server/options.h"

namespace durward::server {

inline constexpr size_t master_key_size = 32;

// 64 hex digits or base64 of 32 bytes. Error: invalid / bad_master_key; never shows the text.
Result<std::string> parse_master_key(std::string_view text);

// The key everything secret in the store is sealed under: the option, else <data>/master.key, which the
// first run makes (0600); a new one for an ephemeral run. A key file that others may read is refused.
Result<std::string> master_key(const Settings& settings, Random& random);

}  // namespace durward::server
