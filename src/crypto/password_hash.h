#pragma once
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "crypto/bcrypt/setting.h"

// What a stored bcrypt hash is and how a new one begins. Computing one costs tens of milliseconds at the
// usual costs; crypto/bcrypt/lanes.h does it, several at once. Thread-safe.
namespace durward::crypto {

inline constexpr int bcrypt_cost_min = 4, bcrypt_cost_max = 31;
inline constexpr size_t bcrypt_password_max = 72;  // bytes beyond it do not count

// What a new "$2b$" hash of the password is computed from. Error: invalid / invalid_password for a password
// with a NUL byte (it would hash as its part before the NUL); invalid / invalid_cost outside 4..31.
Result<bcrypt::Setting> new_bcrypt_setting(std::string_view password, int cost, Random& random);

// What must be computed to verify; nothing for other hashes than $2a$, $2b$, $2x$ and $2y$, and for passwords
// with a NUL byte, which no hash has.
std::optional<bcrypt::Setting> bcrypt_setting_to_verify(std::string_view password, std::string_view hash);

// Whether the digest that was computed is that of the hash. In constant time.
bool is_bcrypt_digest(std::string_view hash, const bcrypt::Digest& digest);

bool is_bcrypt(std::string_view hash);   // complete and well-formed, 60 characters
int bcrypt_cost(std::string_view hash);  // 0 when it is not bcrypt

}  // namespace durward::crypto
