#pragma once
#include <string>
#include <string_view>

// Digests and message authentication over OpenSSL. Results are raw bytes; encode them with base/encoding.h.
// Every function is thread-safe. Failure of the library itself is a broken invariant and throws
// std::runtime_error.
namespace durward::crypto {

std::string sha256(std::string_view data);
std::string sha384(std::string_view data);
std::string sha512(std::string_view data);
std::string sha1(std::string_view data);  // thumbprints, TOTP and old imports only
std::string md5(std::string_view data);   // gravatar addresses and old imports only

std::string hmac_sha1(std::string_view key, std::string_view data);  // RFC 4226 only
std::string hmac_sha256(std::string_view key, std::string_view data);
std::string hmac_sha384(std::string_view key, std::string_view data);
std::string hmac_sha512(std::string_view key, std::string_view data);

// Time depends on the lengths only, never on the content.
bool equal_constant_time(std::string_view a, std::string_view b);

// Overwrites and empties; the compiler may not remove it.
void wipe(std::string& secret);

}  // namespace durward::crypto
