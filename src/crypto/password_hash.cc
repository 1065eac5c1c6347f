#include "crypto/password_hash.h"

#include <crypt.h>

#include <memory>

#include "crypto/hash.h"

namespace durward::crypto {

namespace {

constexpr size_t hash_size = 60, salt_end = 29;  // "$2b$10$" + 22 characters of salt + 31 of digest

// Empty when libxcrypt refuses the setting.
std::string crypt_password(std::string_view password, const std::string& setting) {
  const auto data = std::make_unique<crypt_data>();
  std::string phrase(password);
  const char* out = crypt_rn(phrase.c_str(), setting.c_str(), data.get(), sizeof *data);
  wipe(phrase);
  return out ? out : "";
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_bcrypt_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/';
}

}  // namespace

Result<std::string> bcrypt_hash(std::string_view password, int cost, Random& random) {
  if (password.contains('\0'))
    return fail(ErrorKind::invalid, "invalid_password", "The password may not contain a NUL character");
  if (cost < bcrypt_cost_min || cost > bcrypt_cost_max)
    return fail(ErrorKind::invalid, "invalid_cost", "The cost of bcrypt is 4 to 31");
  const std::string salt = random.bytes(16);
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  const char* made =
      crypt_gensalt_rn("$2b$", unsigned(cost), salt.data(), int(salt.size()), setting, sizeof setting);
  std::string hash = made ? crypt_password(password, setting) : std::string();
  if (!is_bcrypt(hash)) return fail(ErrorKind::internal, "internal", {}, "libxcrypt refused bcrypt");
  return hash;
}

bool bcrypt_verify(std::string_view password, std::string_view hash) {
  if (!is_bcrypt(hash) || password.contains('\0')) return false;
  const std::string made = crypt_password(password, std::string(hash.substr(0, salt_end)));
  // Only the digest is compared: the last salt character has unused bits that libxcrypt clears.
  return made.size() == hash_size &&
         equal_constant_time(std::string_view(made).substr(salt_end), hash.substr(salt_end));
}

bool is_bcrypt(std::string_view hash) {
  if (hash.size() != hash_size || hash[0] != '$' || hash[1] != '2' || hash[3] != '$' || hash[6] != '$')
    return false;
  if (hash[2] != 'a' && hash[2] != 'b' && hash[2] != 'y') return false;
  if (!is_digit(hash[4]) || !is_digit(hash[5])) return false;
  const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
  if (cost < bcrypt_cost_min || cost > bcrypt_cost_max) return false;
  for (char c : hash.substr(7))
    if (!is_bcrypt_digit(c)) return false;
  return true;
}

int bcrypt_cost(std::string_view hash) {
  return is_bcrypt(hash) ? (hash[4] - '0') * 10 + (hash[5] - '0') : 0;
}

}  // namespace durward::crypto
