#pragma once
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

// bcrypt by libxcrypt, one password at a time. Every call costs tens of milliseconds at the usual costs: keep
// it off the threads that serve connections. Thread-safe.
namespace durward::crypto {

inline constexpr int bcrypt_cost_min = 4, bcrypt_cost_max = 31;
inline constexpr size_t bcrypt_password_max = 72;  // bytes beyond it do not count

// A new "$2b$" hash. Error: invalid / invalid_password for a password with a NUL byte (it would hash as its
// part before the NUL); invalid / invalid_cost outside 4..31.
Result<std::string> bcrypt_hash(std::string_view password, int cost, Random& random);

// Takes $2a$, $2b$ and $2y$; false for other hashes and for passwords with a NUL byte. Compares in constant
// time.
bool bcrypt_verify(std::string_view password, std::string_view hash);

bool is_bcrypt(std::string_view hash);   // complete and well-formed, 60 characters
int bcrypt_cost(std::string_view hash);  // 0 when it is not bcrypt

}  // namespace durward::crypto
