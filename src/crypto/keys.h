#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

// Asymmetric keys. PrivateKey and PublicKey are immutable values that share one key: cheap to copy, safe to
// use from any thread at once. Errors: invalid / invalid_key (text or components that are no acceptable key),
// invalid / invalid_algorithm (the key cannot be used with it); neither shows key material.
namespace durward::crypto {

enum class KeyType { rsa, ec_p256, ec_p384, ec_p521, ed25519 };

// RFC 7518 §3.1, RFC 8037 §3.1.
enum class SignatureAlgorithm { RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA };
inline constexpr size_t signature_algorithm_count = 10;
inline constexpr int rsa_bits_min = 2048, rsa_bits_max = 16384;

std::string_view to_string(SignatureAlgorithm alg);                                  // "RS256"
std::optional<SignatureAlgorithm> parse_signature_algorithm(std::string_view name);  // case matters

// Big-endian bytes. RSA: n and e without leading zeros. EC: x and y padded to the size of the field. Ed25519:
// x.
struct PublicComponents {
  KeyType type = KeyType::rsa;
  std::string n, e, x, y;
};

namespace detail {
struct Key;
}

class PublicKey {
 public:
  static Result<PublicKey> from_pem(std::string_view pem);  // SPKI, or the key of an X.509 certificate
  static Result<PublicKey> from_der(std::string_view spki);
  static Result<PublicKey> from_components(const PublicComponents& components);

  KeyType type() const;
  int bits() const;
  PublicComponents components() const;
  std::string to_pem() const;  // SPKI
  std::string to_der() const;  // SPKI

  // RSA below 2048 bits and a key of another type than `alg` needs do not fit.
  bool fits(SignatureAlgorithm alg) const;
  // False for every reason there can be. ECDSA signatures are r || s (RFC 7518 §3.4).
  bool verify(SignatureAlgorithm alg, std::string_view data, std::string_view signature) const;
  // ECDSA signatures in ASN.1 DER, as WebAuthn and X.509 carry them; otherwise as verify().
  bool verify_der(SignatureAlgorithm alg, std::string_view data, std::string_view signature) const;
  // RSA-OAEP with SHA-256 (RFC 7518 §4.3).
  Result<std::string> encrypt_oaep_sha256(std::string_view plaintext) const;

  // The OpenSSL EVP_PKEY*, for crypto/ and TLS only; owned by this object.
  void* native() const;

 private:
  friend class PrivateKey;
  explicit PublicKey(std::shared_ptr<const detail::Key> key) : key_(std::move(key)) {}
  std::shared_ptr<const detail::Key> key_;
};

class PrivateKey {
 public:
  // RSA-2048 of two primes from OpenSSL's generator. Its EVP_RSA_gen spends four times as long for the same
  // criteria (FIPS 186-5 appendix A.1.3), most of it in a constant-time gcd for every candidate.
  static Result<PrivateKey> generate_rsa();
  // RSA-2048 from `random` alone, so the same seed gives the same key: for --seed-random and tests, whose
  // tokens must repeat. Up to a second.
  static Result<PrivateKey> generate_rsa_repeatable(Random& random);
  static Result<PrivateKey> generate_ec_p256();
  static Result<PrivateKey> generate_ed25519();
  static Result<PrivateKey> from_pem(
      std::string_view pem);  // PKCS#8, or the older forms of one type; unencrypted

  KeyType type() const;
  int bits() const;
  std::string to_pem() const;  // PKCS#8, unencrypted: for sealed storage only
  PublicKey public_key() const;

  bool fits(SignatureAlgorithm alg) const;
  // ECDSA signatures are r || s (RFC 7518 §3.4). Costs little more than the bare key operation: the prepared
  // state is kept per key and algorithm and copied per call.
  Result<std::string> sign(SignatureAlgorithm alg, std::string_view data) const;
  Result<std::string> decrypt_oaep_sha256(std::string_view ciphertext) const;

  // The OpenSSL EVP_PKEY*, for crypto/ and TLS only; owned by this object.
  void* native() const;

 private:
  explicit PrivateKey(std::shared_ptr<const detail::Key> key) : key_(std::move(key)) {}
  std::shared_ptr<const detail::Key> key_;
};

}  // namespace durward::crypto
