#pragma once
#include <span>

#include "base/random.h"
#include "base/result.h"
#include "crypto/passwords/stored_hash.h"

// The schemes whose hashes are kept and checked. Thread-safe.
namespace durward::crypto::passwords {

// Whether the hash is complete, of a known scheme, and affordable: every attempt to sign in pays for it.
// Errors are invalid with the codes of an import job: ENUM_MISMATCH (no such scheme or digest), PATTERN (a
// part that does not fit), MAXIMUM (costs more than `limits`). Messages never hold the hash.
Result<> check(const StoredHash& stored);

// Of one hash: an attacker who brings a file must not bring a hash of a minute or of all memory.
namespace limits {
inline constexpr uint64_t memory = 256u << 20;           // bytes, argon2 and scrypt
inline constexpr uint64_t argon2_kib_passes = 2u << 20;  // memory times passes: about two seconds
inline constexpr uint64_t scrypt_bytes = 1u << 30;       // 128 N r p
inline constexpr uint64_t pbkdf2_digests = 4'000'000;    // iterations times blocks
inline constexpr int bcrypt_cost = 14;
}  // namespace limits

// Whether this is the password, in constant time once computed. Takes up to seconds and `limits::memory`;
// false for a hash that check() refuses, and for bcrypt, which as_bcrypt() hands to the lanes.
bool verify(const StoredHash& stored, std::string_view password);

// bcrypt of a salted or recoded password: what crypto/bcrypt must compare. Nothing for other schemes.
struct AsBcrypt {
  std::string password, hash;
};
std::optional<AsBcrypt> as_bcrypt(const StoredHash& stored, std::string_view password);

// What new passwords cost (RFC 9106; the fallback is what OWASP recommends). One lane: a hash is a core's
// work.
struct Argon2Cost {
  uint32_t memory_kib = 19456, passes = 2;
  bool operator==(const Argon2Cost&) const = default;
};
// A new argon2id hash. Takes tens of milliseconds.
std::string argon2id(std::string_view password, Argon2Cost cost, std::string_view salt);
// The cost of an argon2id hash as we make them; nothing for all others.
std::optional<Argon2Cost> argon2id_cost(std::string_view text);

}  // namespace durward::crypto::passwords
