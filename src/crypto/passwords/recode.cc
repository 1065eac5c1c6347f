#include "crypto/passwords/recode.h"

#include "base/encoding.h"

namespace durward::crypto::passwords {

namespace {

// Of valid UTF-8; moves `at` behind the character.
uint32_t next_code_point(std::string_view text, size_t& at) {
  const auto first = uint8_t(text[at++]);
  if (first < 0x80) return first;
  const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  uint32_t out = first & (0x3f >> more);
  for (int i = 0; i < more; ++i) out = out << 6 | (uint8_t(text[at++]) & 0x3f);
  return out;
}

std::u16string to_utf16(std::string_view text) {
  std::u16string out;
  for (size_t at = 0; at < text.size();) {
    const uint32_t c = next_code_point(text, at);
    if (c < 0x10000) {
      out += char16_t(c);
    } else {
      out += char16_t(0xd800 + ((c - 0x10000) >> 10));
      out += char16_t(0xdc00 + ((c - 0x10000) & 0x3ff));
    }
  }
  return out;
}

}  // namespace

bool is_recoding(std::string_view encoding) { return encoding == "utf16le" || encoding == "latin1"; }

std::optional<std::string> recoded(std::string_view text, std::string_view encoding) {
  if (encoding.empty()) return std::string(text);
  if (!is_recoding(encoding) || !is_valid_utf8(text)) return std::nullopt;
  std::string out;
  for (const char16_t unit : to_utf16(text)) {
    out += char(unit & 0xff);
    if (encoding == "utf16le") out += char(unit >> 8);
  }
  return out;
}

}  // namespace durward::crypto::passwords
