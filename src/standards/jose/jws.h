#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "crypto/keys.h"

// JSON Web Signatures in compact form and JSON Web Tokens (RFC 7515, 7518, 7519, 8725). Errors of
// verification: invalid / invalid_token with a public reason that never contains a part of the token.
namespace durward::jose {

inline constexpr size_t token_size_max = 16 * 1024;

enum class Algorithm {
  RS256,
  RS384,
  RS512,
  PS256,
  PS384,
  PS512,
  ES256,
  ES384,
  ES512,
  EdDSA,
  HS256,
  HS384,
  HS512
};
std::string_view to_string(Algorithm alg);
std::optional<Algorithm> parse_algorithm(std::string_view name);  // case matters; "none" is never one
bool is_symmetric(Algorithm alg);
Algorithm from_signature_algorithm(crypto::SignatureAlgorithm alg);

// ---- signing

struct SigningKeyRef {
  crypto::SignatureAlgorithm alg = crypto::SignatureAlgorithm::RS256;
  std::string kid;
  crypto::PrivateKey key;
};

// Adds `alg` and, when the key has one, `kid` to the header; other members come first as given.
Result<std::string> sign_compact(json::Object header, const json::Object& payload, const SigningKeyRef& key);
// HS256, HS384 or HS512; adds `alg`. The secret is used as it is: RFC 7518 §3.2 wants at least the digest's
// size, shorter ones (clients chose them long ago) are accepted when not empty.
Result<std::string> sign_compact(json::Object header, const json::Object& payload, Algorithm hmac,
                                 std::string_view secret);

// For keys that sign many tokens: holds the encoded header, so a token costs one encoding of its payload and
// the signature. Immutable and thread-safe; keep one per key and `typ`.
class Signer {
 public:
  explicit Signer(SigningKeyRef key, std::string_view typ = "JWT");

  Result<std::string> sign(const json::Object& payload) const {
    return sign_serialized(json::serialize(payload));
  }
  Result<std::string> sign_serialized(std::string_view payload_json) const;

  const SigningKeyRef& key() const { return key_; }

 private:
  SigningKeyRef key_;
  std::string prefix_;  // base64url(header) + '.'
};

// ---- verifying

// A public key verifies asymmetric algorithms only, a secret symmetric ones only, whatever the header says.
struct VerificationKey {
  std::string kid;               // empty: tried for any kid
  std::optional<Algorithm> alg;  // when set, the only algorithm this key serves (RFC 8725 §3.1)
  std::variant<crypto::PublicKey, std::string> material;
};

// What arrived, not yet trusted.
struct UnverifiedJwt {
  json::Object header;
  json::Object payload;
  Algorithm alg = Algorithm::RS256;
  std::string kid;  // empty when absent
};

struct VerifiedJwt {
  json::Object header;
  json::Object payload;
  Algorithm alg = Algorithm::RS256;
  std::string kid;
};

struct VerifyOptions {
  std::vector<Algorithm> allowed;  // RFC 8725 §3.1: the caller's list, never the token's wish
  size_t size_max = token_size_max;
};

// Given the parsed but unverified token, finds its key; an error is passed on unchanged.
using KeyResolver = std::function<Result<VerificationKey>(const UnverifiedJwt&)>;

Result<VerifiedJwt> verify_compact(std::string_view token, std::span<const VerificationKey> keys,
                                   const VerifyOptions& options);
Result<VerifiedJwt> verify_compact(std::string_view token, const KeyResolver& resolver,
                                   const VerifyOptions& options);

// Reads without verifying, under the same strict syntax: to find out whose key is needed. Trust nothing in
// it.
Result<UnverifiedJwt> decode_unverified(std::string_view token, size_t size_max = token_size_max);

// ---- claims

struct ClaimRules {
  TimePoint now;
  Seconds leeway{0};
  std::string issuer;                  // empty: not checked
  std::vector<std::string> audiences;  // empty: not checked; else one of them must be in `aud`
  std::string typ;                     // empty: not checked; else the header's typ, RFC 8725 §3.11
  bool require_exp = true;
  bool check_exp = true;           // false for id_token_hint, which may be expired
  std::optional<Seconds> age_max;  // `iat` required and not older
};

// RFC 7519 §4.1 and 8725 §3.8, §3.9. Times must be numbers.
Result<> check_claims(const VerifiedJwt& jwt, const ClaimRules& rules);

}  // namespace durward::jose
