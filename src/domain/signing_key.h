#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "crypto/keys.h"

namespace durward::domain {

// A tenant's signing key. RSA keys sign RS256, RS512 and PS256, EC keys (P-256) ES256.
struct SigningKey {
  std::string kid;     // 21 URL-safe characters
  std::string kty;     // "RSA", "EC"
  std::string status;  // "current", "next", "previous"
  std::string cert_pem, pkcs7_pem;
  std::string fingerprint, thumbprint;
  crypto::PrivateKey key;
  TimePoint created_at;
  std::optional<TimePoint> current_since, current_until, revoked_at;
};

// JWKS shows current, next and previous keys that are not revoked.
struct KeySet {
  std::vector<SigningKey> keys;
  const SigningKey* current(std::string_view kty) const {
    for (const auto& key : keys)
      if (key.status == "current" && key.kty == kty && !key.revoked_at) return &key;
    return nullptr;
  }
  const SigningKey* by_kid(std::string_view kid) const {
    for (const auto& key : keys)
      if (key.kid == kid) return &key;
    return nullptr;
  }
};

}  // namespace durward::domain
