#pragma once
#include <cstdint>
#include <span>
#include <string_view>

// PBKDF2 with HMAC-SHA-256 (RFC 8018 §5.2) for many at once. A derivation is a chain of SHA-256 that waits
// for its own last step; several chains side by side, through the SHA instructions of x86-64, are six times
// as fast as one after the other in OpenSSL, which is used where there are none. Thread-safe.
namespace durward::crypto {

struct Pbkdf2 {
  std::string_view password, salt;
  uint32_t iterations;  // 1 or more
  std::span<char> out;  // every 32 bytes are a chain of their own
};

inline constexpr size_t pbkdf2_lanes_max = 4;  // chains side by side; more take turns

// Fills `out` of each. They may differ in everything.
void pbkdf2_sha256(std::span<const Pbkdf2> jobs);

bool has_fast_pbkdf2();  // whether this processor has the SHA instructions

}  // namespace durward::crypto
