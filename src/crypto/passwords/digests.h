#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

// Digests by the names that password hashes use, and what is made of them. They live in an OpenSSL context of
// their own with the legacy provider, so that MD4 and Whirlpool are there for old hashes and for nothing else
// in the program. Thread-safe.
namespace durward::crypto::passwords {

// "SHA256", "RSA-SHA256", "rmd160" -> "sha256", "sha256", "ripemd160". Nothing when this is no digest for
// passwords, or OpenSSL of this host does not have it (the legacy provider is a file that may be missing).
std::optional<std::string> digest_name(std::string_view name);

// `name` is one that digest_name gave; for another it throws std::runtime_error.
size_t digest_size(std::string_view name);
std::string digest(std::string_view name, std::string_view data);
std::string hmac(std::string_view name, std::string_view key, std::string_view data);
std::string pbkdf2(std::string_view name, std::string_view password, std::string_view salt,
                   uint32_t iterations, size_t size);

}  // namespace durward::crypto::passwords
