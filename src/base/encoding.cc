#include "base/encoding.h"

#include <array>
#include <cstdint>

namespace durward {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64url_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string encode64(std::string_view bytes, std::string_view digits) {
  const size_t whole = bytes.size() / 3, rest = bytes.size() % 3;
  std::string out(whole * 4 + (rest ? rest + 1 : 0), '\0');
  const auto* in = reinterpret_cast<const uint8_t*>(bytes.data());
  char* to = out.data();
  for (size_t i = 0; i < whole; ++i, in += 3, to += 4) {
    to[0] = digits[in[0] >> 2];
    to[1] = digits[(in[0] & 3) << 4 | in[1] >> 4];
    to[2] = digits[(in[1] & 15) << 2 | in[2] >> 6];
    to[3] = digits[in[2] & 63];
  }
  if (rest) {
    const uint8_t second = rest == 2 ? in[1] : 0;
    to[0] = digits[in[0] >> 2];
    to[1] = digits[(in[0] & 3) << 4 | second >> 4];
    if (rest == 2) to[2] = digits[(second & 15) << 2];
  }
  return out;
}

constexpr std::array<int8_t, 256> reverse(std::string_view digits) {
  std::array<int8_t, 256> table{};
  table.fill(-1);
  for (size_t i = 0; i < digits.size(); ++i) table[uint8_t(digits[i])] = int8_t(i);
  return table;
}
constexpr auto base64_values = reverse(base64_digits);
constexpr auto base64url_values = reverse(base64url_digits);

std::optional<std::string> decode64(std::string_view text, const std::array<int8_t, 256>& values) {
  if (text.size() % 4 == 1) return {};
  std::string out;
  out.reserve(text.size() * 3 / 4);
  uint32_t bits = 0;
  int held = 0;
  for (unsigned char c : text) {
    if (values[c] < 0) return {};
    bits = bits << 6 | uint32_t(values[c]);
    held += 6;
    if (held >= 8) out += char(bits >> (held -= 8) & 255);
  }
  if (bits & ((1u << held) - 1)) return {};  // bits that encode nothing must be zero: one text per value
  return out;
}

bool is_unreserved(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (unsigned char c : bytes) {
    out += hex_digits[c >> 4];
    out += hex_digits[c & 15];
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2) return {};
  std::string out;
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]), low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return {};
    out += char(high << 4 | low);
  }
  return out;
}

std::string to_base64(std::string_view bytes) {
  std::string out = encode64(bytes, base64_digits);
  while (out.size() % 4) out += '=';
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4) return {};
  if (text.ends_with("=="))
    text.remove_suffix(2);
  else if (text.ends_with('='))
    text.remove_suffix(1);
  return decode64(text, base64_values);
}

std::string to_base64url(std::string_view bytes) { return encode64(bytes, base64url_digits); }
std::optional<std::string> from_base64url(std::string_view text) { return decode64(text, base64url_values); }

std::string percent_encode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (unsigned char c : text) {
    if (is_unreserved(c)) {
      out += char(c);
    } else {
      out += '%';
      out += "0123456789ABCDEF"[c >> 4];
      out += "0123456789ABCDEF"[c & 15];
    }
  }
  return out;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return {};
      const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return {};
      out += char(high << 4 | low);
      i += 2;
    }
  }
  return out;
}

std::string html_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

bool is_valid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto c = uint8_t(text[i]);
    const size_t n = c < 0x80                 ? 1
                     : c >= 0xc2 && c <= 0xdf ? 2
                     : (c & 0xf0) == 0xe0     ? 3
                     : c >= 0xf0 && c <= 0xf4 ? 4
                                              : 0;
    if (!n || i + n > text.size()) return false;
    for (size_t k = 1; k < n; ++k)
      if ((uint8_t(text[i + k]) & 0xc0) != 0x80) return false;
    const auto d = n > 1 ? uint8_t(text[i + 1]) : uint8_t(0);
    if ((c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f) || (c == 0xf0 && d < 0x90) ||
        (c == 0xf4 && d > 0x8f))
      return false;  // overlong forms, surrogates, beyond U+10FFFF
    i += n;
  }
  return true;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
  return out;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const size_t first = text.find_first_not_of(space);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

}  // namespace durward
