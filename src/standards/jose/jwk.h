#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "crypto/keys.h"

// JSON Web Keys (RFC 7517, 7518 §6, 8037 §2): public keys only; a JWK with private members is refused so that
// nobody publishes or accepts one by accident. Errors: invalid / invalid_jwk.
namespace durward::jose {

struct PublicJwk {
  crypto::PublicKey key;
  std::string kid;                                // empty when absent
  std::optional<crypto::SignatureAlgorithm> alg;  // when the JWK names one
  std::string use;                                // "sig", "enc" or empty
};

struct JwkOptions {
  std::string kid;
  std::string use = "sig";
  std::optional<crypto::SignatureAlgorithm> alg;
  std::string certificate_der;  // adds x5t and x5c
};

json::Object to_jwk(const crypto::PublicKey& key, const JwkOptions& options = {});

Result<PublicJwk> parse_jwk(const json::Object& jwk);

// RFC 7517 §5: keys of unknown type or curve are skipped; a set without usable keys is an empty vector. At
// most 100 keys.
Result<std::vector<PublicJwk>> parse_jwks(const json::Object& jwks);

// base64url of the SHA-256 (RFC 7638 §3); also DPoP's `jkt`.
std::string thumbprint(const crypto::PublicKey& key);

}  // namespace durward::jose
