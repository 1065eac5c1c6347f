#include "crypto/password_hash.h"

#include "crypto/hash.h"

namespace durward::crypto {

namespace {
constexpr size_t hash_size = 60, salt_end = 29;  // "$2b$10$" + 22 characters of salt + 31 of digest
}  // namespace

Result<bcrypt::Setting> new_bcrypt_setting(std::string_view password, int cost, Random& random) {
  if (password.contains('\0'))
    return fail(ErrorKind::invalid, "invalid_password", "The password may not contain a NUL character");
  if (cost < bcrypt_cost_min || cost > bcrypt_cost_max)
    return fail(ErrorKind::invalid, "invalid_cost", "The cost of bcrypt is 4 to 31");
  bcrypt::Setting setting{.cost = cost};
  const std::string salt = random.bytes(16);
  for (size_t i = 0; i < salt.size(); ++i) setting.salt[i / 4] = setting.salt[i / 4] << 8 | uint8_t(salt[i]);
  return setting;
}

std::optional<bcrypt::Setting> bcrypt_setting_to_verify(std::string_view password, std::string_view hash) {
  if (hash.size() != hash_size || password.contains('\0')) return std::nullopt;
  return bcrypt::parse_setting(hash);
}

// Only the digest is compared: the last characters of salt and digest have bits that nothing fills.
bool is_bcrypt_digest(std::string_view hash, const bcrypt::Digest& digest) {
  return hash.size() == hash_size && equal_constant_time(bcrypt::digest_text(digest), hash.substr(salt_end));
}

bool is_bcrypt(std::string_view hash) {
  return hash.size() == hash_size && bcrypt::parse_setting(hash).has_value();
}

int bcrypt_cost(std::string_view hash) {
  const auto setting = hash.size() == hash_size ? bcrypt::parse_setting(hash) : std::nullopt;
  return setting ? setting->cost : 0;
}

}  // namespace durward::crypto
