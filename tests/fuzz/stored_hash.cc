// A stored hash reads as it was written, and whatever check() takes can be computed.
#include "crypto/passwords/schemes.h"
#include "crypto/password_hash.h"
#include "must.h"

using namespace durward::crypto;

// So that an input does not take a second: the limits themselves are for one hash, not for a million.
static bool is_cheap(const passwords::StoredHash& stored) {
  for (const char* name : {"i", "m", "t", "n", "r", "p", "rounds", "mem", "l"})
    if (stored.number(name, 1).value_or(0) > (std::string_view(name) == "mem" ? 6u : 64u)) return false;
  return stored.parameters.size() >= 2 || (!stored.scheme.starts_with("pbkdf2") && !stored.scheme.ends_with("scrypt"));
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = text_of(data, size);
  bcrypt_cost(text);
  passwords::argon2id_cost(text);
  const auto stored = passwords::parse_stored_hash(text);
  if (!stored) return 0;
  const auto written = passwords::to_text(*stored);
  const auto again = passwords::parse_stored_hash(written);
  MUST(again && again->scheme == stored->scheme && again->parameters == stored->parameters);
  MUST(again->salt == stored->salt && again->hash == stored->hash);
  if (!passwords::check(*stored)) {
    MUST(!passwords::verify(*stored, "p") && !passwords::as_bcrypt(*stored, "p"));
    return 0;
  }
  if (is_cheap(*stored)) passwords::verify(*stored, "p\xc3\xa4");
  return 0;
}
