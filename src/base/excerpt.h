#pragma once
#include <string>
#include <string_view>

namespace durward {

// The beginning of a text, at most that many bytes of it, without half a character at its end (UTF-8, RFC
// 3629 §3).
std::string excerpt(std::string_view text, size_t bytes_max);

}  // namespace durward
