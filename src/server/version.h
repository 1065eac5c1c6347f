#pragma once
#include <string_view>

namespace durward::server {
inline constexpr std::string_view version = "0.1.0";  // CMakeLists.txt reads it from here
}
