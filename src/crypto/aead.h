#pragma once
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

// Authenticated encryption with AES-256-GCM (NIST SP 800-38D) and key derivation (RFC 5869). Thread-safe.
namespace durward::crypto {

inline constexpr size_t aead_key_size = 32, aead_nonce_size = 12, aead_tag_size = 16;

// nonce || ciphertext || tag, the nonce drawn from `random`: at most 2^32 messages under one key. `aad` is
// bound, not stored. A key that is not 32 bytes is a broken invariant (std::invalid_argument).
std::string seal(std::string_view key, std::string_view plaintext, std::string_view aad, Random& random);

// Error: invalid / unsealable for anything not sealed with this key and `aad`; never says why.
Result<std::string> open(std::string_view key, std::string_view sealed, std::string_view aad);

// RFC 5869 with SHA-256; `length` <= 255 * 32 bytes.
std::string hkdf_sha256(std::string_view key, std::string_view salt, std::string_view info, size_t length);

}  // namespace durward::crypto
