#include "tokens/key_algorithms.h"

namespace durward::tokens {

namespace {

using crypto::SignatureAlgorithm;

constexpr KeyAlgorithm algorithms[] = {{"RSA", SignatureAlgorithm::RS256, true},
                                       {"EC", SignatureAlgorithm::ES256, true},
                                       {"RSA", SignatureAlgorithm::PS256, false},
                                       {"RSA", SignatureAlgorithm::RS512, false}};

}  // namespace

std::span<const KeyAlgorithm> key_algorithms() { return algorithms; }

std::string kid_for(const domain::SigningKey& key, const KeyAlgorithm& use) {
  return use.primary ? key.kid : key.kid + "." + std::string(to_string(use.alg));
}

const domain::SigningKey* find_signing_key(const domain::KeySet& keys, std::string_view kid,
                                           std::string_view alg) {
  for (const auto& use : algorithms) {
    if (to_string(use.alg) != alg) continue;
    for (const auto& key : keys.keys)
      if (key.kty == use.kty && !key.revoked_at && !key.kid.empty() && kid_for(key, use) == kid) return &key;
  }
  return nullptr;
}

}  // namespace durward::tokens
