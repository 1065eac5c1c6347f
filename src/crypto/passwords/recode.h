#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace durward::crypto::passwords {

// The bytes that another program hashed instead of UTF-8. "utf16le": two a UTF-16 unit; "latin1": the low
// byte of each unit, as Node.js writes ascii, latin1 and binary; "": the text itself. Nothing for text that
// is no UTF-8, which has no other encoding.
std::optional<std::string> recoded(std::string_view text, std::string_view encoding);
bool is_recoding(std::string_view encoding);

}  // namespace durward::crypto::passwords
