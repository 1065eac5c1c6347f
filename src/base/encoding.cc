#include "base/encoding.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

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

// A value of -1 anywhere makes the whole negative.
int32_t four_digits(const uint8_t* in, const std::array<int8_t, 256>& values) {
  const int32_t a = values[in[0]], b = values[in[1]], c = values[in[2]], d = values[in[3]];
  return (a | b | c | d) < 0 ? -1 : a << 18 | b << 12 | c << 6 | d;
}

std::optional<std::string> decode64(std::string_view text, const std::array<int8_t, 256>& values) {
  const size_t whole = text.size() / 4, rest = text.size() % 4;
  if (rest == 1) return {};
  std::string out(whole * 3 + (rest ? rest - 1 : 0), '\0');
  const auto* in = reinterpret_cast<const uint8_t*>(text.data());
  char* to = out.data();
  for (size_t i = 0; i < whole; ++i, in += 4, to += 3) {
    const int32_t bits = four_digits(in, values);
    if (bits < 0) return {};
    to[0] = char(bits >> 16);
    to[1] = char(bits >> 8);
    to[2] = char(bits);
  }
  if (rest == 0) return out;
  const uint8_t last[4] = {in[0], in[1], rest == 3 ? in[2] : uint8_t('A'), 'A'};  // 'A' is zero
  const int32_t bits = four_digits(last, values);
  // Bits that encode nothing must be zero: one text per value.
  if (bits < 0 || bits & (rest == 3 ? 0xff : 0xffff)) return {};
  to[0] = char(bits >> 16);
  if (rest == 3) to[1] = char(bits >> 8);
  return out;
}

// The letters of `set` as a table, so that a scan is one look-up a byte.
constexpr std::array<bool, 256> members(std::string_view set) {
  std::array<bool, 256> table{};
  for (unsigned char c : set) table[c] = true;
  return table;
}
constexpr auto unreserved = members("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._~");
constexpr auto html_special = members("&<>\"'");

// How many bytes of `text` from `at` on are (not) in the table: texts are copied a stretch at a time.
template <bool In>
size_t stretch(std::string_view text, size_t at, const std::array<bool, 256>& table) {
  const size_t start = at;
  while (at < text.size() && table[uint8_t(text[at])] == In) ++at;
  return at - start;
}

std::string_view html_entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    default:
      return "&#39;";
  }
}

// The length of the valid sequence that begins at `at`, 0 when there is none (Unicode 15 table 3-7).
size_t utf8_sequence(std::string_view text, size_t at) {
  const auto c = uint8_t(text[at]);
  const size_t n = c < 0x80                 ? 1
                   : c >= 0xc2 && c <= 0xdf ? 2
                   : (c & 0xf0) == 0xe0     ? 3
                   : c >= 0xf0 && c <= 0xf4 ? 4
                                            : 0;
  if (!n || at + n > text.size()) return 0;
  for (size_t k = 1; k < n; ++k)
    if ((uint8_t(text[at + k]) & 0xc0) != 0x80) return 0;
  const auto d = n > 1 ? uint8_t(text[at + 1]) : uint8_t(0);
  if ((c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f) || (c == 0xf0 && d < 0x90) ||
      (c == 0xf4 && d > 0x8f))
    return 0;  // overlong forms, surrogates, beyond U+10FFFF
  return n;
}

bool is_ascii_word(const char* eight) {
  uint64_t word;
  std::memcpy(&word, eight, sizeof word);
  return (word & 0x8080808080808080ull) == 0;
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
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t plain = stretch<true>(text, i, unreserved);
    out.append(text, i, plain);
    if ((i += plain) == text.size()) break;
    const auto c = uint8_t(text[i]);
    const char escaped[3] = {'%', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15]};
    out.append(escaped, 3);
  }
  return out;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out(text);
  if (plus_is_space) std::replace(out.begin(), out.end(), '+', ' ');
  size_t to = out.find('%');
  for (size_t from = to; from < text.size(); ++to) {
    if (out[from] != '%') {
      out[to] = out[from++];
      continue;
    }
    if (from + 2 >= text.size()) return {};
    const int high = hex_value(text[from + 1]), low = hex_value(text[from + 2]);
    if (high < 0 || low < 0) return {};
    out[to] = char(high << 4 | low);
    from += 3;
  }
  if (to != out.npos) out.resize(to);
  return out;
}

std::string html_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t plain = stretch<false>(text, i, html_special);
    out.append(text, i, plain);
    if ((i += plain) == text.size()) break;
    out += html_entity(text[i]);
  }
  return out;
}

bool is_valid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (i + 8 <= text.size() && is_ascii_word(text.data() + i)) {
      i += 8;
      continue;
    }
    const size_t n = utf8_sequence(text, i);
    if (n == 0) return false;
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
