#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace durward::crypto::passwords {

// A hash as it is kept, in the PHC string format: $scheme[$v=19][$name=value,...]$salt$hash, base64 without
// padding. To the parameters of PHC come two of our own: "pos=suffix", the salt stands behind the password,
// and "enc=utf16le" or "enc=latin1", the password was recoded before.
//   $argon2id$v=19$m=19456,t=2,p=1$...   $pbkdf2-sha256$i=100000,l=32$...   $sha256$pos=suffix$c2FsdA$...
struct StoredHash {
  std::string scheme;
  std::vector<std::pair<std::string, std::string>> parameters;  // "v" first where there is one
  std::string salt, hash;                                       // bytes

  // Empty when it is not there.
  std::string_view parameter(std::string_view name) const;
  // Nothing when it is there but no decimal number up to 2^32 - 1.
  std::optional<uint32_t> number(std::string_view name, uint32_t fallback) const;
};

// Form only; schemes.h says whether it makes sense. Nothing for other text.
std::optional<StoredHash> parse_stored_hash(std::string_view text);
std::string to_text(const StoredHash& stored);

// Base64 as hashes come in: either alphabet, padded or not.
std::optional<std::string> from_any_base64(std::string_view text);

}  // namespace durward::crypto::passwords
