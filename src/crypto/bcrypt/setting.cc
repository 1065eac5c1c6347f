#include "crypto/bcrypt/setting.h"

namespace durward::crypto::bcrypt {

namespace {

constexpr std::string_view alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr size_t salt_at = 7, salt_end = 29, hash_end = 60, digest_bytes = 23;

// Most significant bits first, unlike RFC 4648 without padding; the bits of the last character that are over
// are zero.
std::string encode(std::string_view bytes) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | uint8_t(c);
    for (count += 8; count >= 6; count -= 6) out += alphabet[bits >> (count - 6) & 63];
  }
  if (count > 0) out += alphabet[bits << (6 - count) & 63];
  return out;
}

std::optional<std::array<uint32_t, 4>> decode_salt(std::string_view text) {
  std::array<uint32_t, 4> salt{};
  uint32_t bits = 0;
  int count = 0;
  size_t byte = 0;
  for (const char c : text) {
    const size_t digit = alphabet.find(c);
    if (digit == alphabet.npos) return std::nullopt;
    bits = bits << 6 | uint32_t(digit);
    count += 6;
    if (count < 8 || byte == 16) continue;
    count -= 8;
    salt[byte / 4] = salt[byte / 4] << 8 | (bits >> count & 255);
    ++byte;
  }
  return salt;
}

std::optional<int> cost_of(char tens, char ones) {
  if (tens < '0' || tens > '3' || ones < '0' || ones > '9') return std::nullopt;
  const int cost = (tens - '0') * 10 + (ones - '0');
  return cost >= 4 && cost <= 31 ? std::optional(cost) : std::nullopt;
}

}  // namespace

std::optional<Setting> parse_setting(std::string_view text) {
  if (text.size() != salt_end && text.size() != hash_end) return std::nullopt;
  if (text[0] != '$' || text[1] != '2' || text[3] != '$' || text[6] != '$') return std::nullopt;
  if (std::string_view("abxy").find(text[2]) == std::string_view::npos) return std::nullopt;
  const auto cost = cost_of(text[4], text[5]);
  const auto salt = decode_salt(text.substr(salt_at, salt_end - salt_at));
  if (!cost || !salt) return std::nullopt;
  for (const char c : text.substr(salt_end))
    if (!alphabet.contains(c)) return std::nullopt;
  return Setting{Variant(text[2]), *cost, *salt};
}

std::string to_text(const Setting& setting) {
  std::string salt;
  for (const uint32_t word : setting.salt)
    for (int shift = 24; shift >= 0; shift -= 8) salt += char(word >> shift);
  const std::string cost = (setting.cost < 10 ? "0" : "") + std::to_string(setting.cost);
  return std::string("$2") + char(setting.variant) + "$" + cost + "$" + encode(salt);
}

std::string digest_text(const Digest& digest) { return encode({digest.data(), digest_bytes}); }

std::string to_text(const Setting& setting, const Digest& digest) {
  return to_text(setting) + digest_text(digest);
}

}  // namespace durward::crypto::bcrypt
