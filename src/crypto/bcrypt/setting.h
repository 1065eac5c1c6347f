#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The text form of bcrypt: "$2b$10$", 22 characters of salt, 31 of digest, in an alphabet of its own.
namespace durward::crypto::bcrypt {

enum class Variant : char { a = 'a', b = 'b', x = 'x', y = 'y' };

struct Setting {
  Variant variant = Variant::b;
  int cost = 10;  // 4..31
  std::array<uint32_t, 4> salt{};
};

// 24 bytes, of which the text form has 23.
using Digest = std::array<char, 24>;

// Of a complete hash or of its first 29 characters; nothing for everything else.
std::optional<Setting> parse_setting(std::string_view text);
std::string to_text(const Setting& setting);                        // 29 characters
std::string to_text(const Setting& setting, const Digest& digest);  // 60 characters
std::string digest_text(const Digest& digest);                      // 31 characters

}  // namespace durward::crypto::bcrypt
