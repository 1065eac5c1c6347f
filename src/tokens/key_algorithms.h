#pragma once
#include <span>
#include <string>
#include <string_view>

#include "crypto/keys.h"
#include "domain/signing_key.h"

// Which algorithms a tenant's keys sign with, and under which `kid`. A JWK names one algorithm and strict
// verifiers hold it to that, so every further algorithm of a key is published as a JWK of its own, whose kid
// is
// "{kid}.{alg}": clients that know only the plain kid never meet it.
namespace durward::tokens {

struct KeyAlgorithm {
  std::string_view kty;
  crypto::SignatureAlgorithm alg;
  bool primary = false;  // goes by the plain kid
};
std::span<const KeyAlgorithm> key_algorithms();

std::string kid_for(const domain::SigningKey& key, const KeyAlgorithm& use);
// The key that signed under `kid` with `alg`; null when there is none that may be used any more.
const domain::SigningKey* find_signing_key(const domain::KeySet& keys, std::string_view kid,
                                           std::string_view alg);

}  // namespace durward::tokens
