#include "crypto/keys.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>

#include "crypto/key_detail.h"
#include "crypto/openssl.h"

namespace durward::crypto {

namespace {

struct AlgorithmRow {
  std::string_view name;
  KeyType type;
};
constexpr std::array<AlgorithmRow, signature_algorithm_count> algorithm_rows = {{
    {"RS256", KeyType::rsa},
    {"RS384", KeyType::rsa},
    {"RS512", KeyType::rsa},
    {"PS256", KeyType::rsa},
    {"PS384", KeyType::rsa},
    {"PS512", KeyType::rsa},
    {"ES256", KeyType::ec_p256},
    {"ES384", KeyType::ec_p384},
    {"ES512", KeyType::ec_p521},
    {"EdDSA", KeyType::ed25519},
}};

std::unexpected<Error> invalid_key(std::string message) {
  return fail(ErrorKind::invalid, "invalid_key", std::move(message));
}

// Encrypted PEM is refused instead of asking at a terminal.
int no_password(char*, int, int, void*) { return 0; }

std::optional<KeyType> type_of(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA")) return KeyType::rsa;
  if (EVP_PKEY_is_a(key, "ED25519")) return KeyType::ed25519;
  if (!EVP_PKEY_is_a(key, "EC")) return {};
  char name[32] = {};
  size_t size = 0;
  if (EVP_PKEY_get_group_name(key, name, sizeof name, &size) != 1) return {};
  const std::string_view group(name, size);
  if (group == "prime256v1" || group == "P-256") return KeyType::ec_p256;
  if (group == "secp384r1" || group == "P-384") return KeyType::ec_p384;
  if (group == "secp521r1" || group == "P-521") return KeyType::ec_p521;
  return {};
}

bool fits_type(const detail::Key& key, SignatureAlgorithm alg) {
  // RFC 7518 §3.3, §3.5: an RSA key of 2048 bits or larger.
  if (key.type == KeyType::rsa && key.bits < rsa_bits_min) return false;
  return algorithm_rows[size_t(alg)].type == key.type;
}

std::string write_public(const detail::Key& key, int (*write)(BIO*, const EVP_PKEY*)) {
  const auto bio = write_bio();
  must(write(bio.get(), key.pkey.get()) == 1, "writing a public key");
  return text_of(*bio);
}

Result<std::shared_ptr<const detail::Key>> generated(EVP_PKEY* pkey) {
  must(pkey != nullptr, "key generation");
  return detail::adopt(OwnedPkey(pkey));
}

}  // namespace

namespace detail {

Result<std::shared_ptr<const Key>> adopt(OwnedPkey pkey) {
  const auto type = type_of(pkey.get());
  if (!type) return invalid_key("The key is not RSA, EC (P-256, P-384, P-521) or Ed25519");
  const int bits = EVP_PKEY_get_bits(pkey.get());
  if (*type == KeyType::rsa && (bits < rsa_bits_min || bits > rsa_bits_max))
    return invalid_key("An RSA key has at least 2048 and at most 16384 bits");
  auto key = std::make_shared<Key>();
  key->pkey = std::move(pkey);
  key->type = *type;
  key->bits = bits;
  return key;
}

}  // namespace detail

std::string_view to_string(SignatureAlgorithm alg) { return algorithm_rows[size_t(alg)].name; }

std::optional<SignatureAlgorithm> parse_signature_algorithm(std::string_view name) {
  for (size_t i = 0; i < algorithm_rows.size(); ++i)
    if (algorithm_rows[i].name == name) return SignatureAlgorithm(i);
  return {};
}

// ---- PublicKey

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  const ErrorQueueGuard guard;
  const auto bio = read_bio(pem);
  OwnedPkey key;
  if (pem.contains("-----BEGIN CERTIFICATE-----")) {
    const Owned<X509, X509_free> certificate(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
    if (certificate) key.reset(X509_get_pubkey(certificate.get()));
  } else if (!pem.contains("PRIVATE KEY")) {  // whoever pastes a private key here must hear of it
    key.reset(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_password, nullptr));
  }
  if (!key) return invalid_key("The text is not a public key in PEM");
  TRY(auto adopted, detail::adopt(std::move(key)));
  return PublicKey(std::move(adopted));
}

Result<PublicKey> PublicKey::from_der(std::string_view spki) {
  const ErrorQueueGuard guard;
  const unsigned char* at = bytes_of(spki);
  OwnedPkey key(d2i_PUBKEY(nullptr, &at, long(spki.size())));
  if (!key || at != bytes_of(spki) + spki.size()) return invalid_key("The bytes are not a public key in DER");
  TRY(auto adopted, detail::adopt(std::move(key)));
  return PublicKey(std::move(adopted));
}

Result<PublicKey> PublicKey::from_components(const PublicComponents& components) {
  const ErrorQueueGuard guard;
  auto key = detail::build_public(components);
  if (!key) return invalid_key("The components are not a public key");
  TRY(auto adopted, detail::adopt(std::move(key)));
  if (adopted->type != components.type) return invalid_key("The components are not a public key");
  return PublicKey(std::move(adopted));
}

KeyType PublicKey::type() const { return key_->type; }
int PublicKey::bits() const { return key_->bits; }
PublicComponents PublicKey::components() const { return detail::read_components(*key_); }
std::string PublicKey::to_pem() const { return write_public(*key_, PEM_write_bio_PUBKEY); }
std::string PublicKey::to_der() const { return write_public(*key_, i2d_PUBKEY_bio); }
bool PublicKey::fits(SignatureAlgorithm alg) const { return fits_type(*key_, alg); }
void* PublicKey::native() const { return key_->pkey.get(); }

bool PublicKey::verify(SignatureAlgorithm alg, std::string_view data, std::string_view signature) const {
  return fits(alg) && detail::verify(*key_, alg, data, signature);
}

bool PublicKey::verify_der(SignatureAlgorithm alg, std::string_view data, std::string_view signature) const {
  return fits(alg) && detail::verify_der(*key_, alg, data, signature);
}

// ---- PrivateKey

Result<PrivateKey> PrivateKey::generate_ec_p256() {
  TRY(auto key, generated(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")));
  return PrivateKey(std::move(key));
}

Result<PrivateKey> PrivateKey::generate_ed25519() {
  TRY(auto key, generated(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")));
  return PrivateKey(std::move(key));
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  const ErrorQueueGuard guard;
  const auto bio = read_bio(pem);
  OwnedPkey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key) return invalid_key("The text is not an unencrypted private key in PEM");
  TRY(auto adopted, detail::adopt(std::move(key)));
  return PrivateKey(std::move(adopted));
}

KeyType PrivateKey::type() const { return key_->type; }
int PrivateKey::bits() const { return key_->bits; }
PublicKey PrivateKey::public_key() const { return PublicKey(key_); }
bool PrivateKey::fits(SignatureAlgorithm alg) const { return fits_type(*key_, alg); }
void* PrivateKey::native() const { return key_->pkey.get(); }

std::string PrivateKey::to_pem() const {
  const auto bio = write_bio();
  must(PEM_write_bio_PKCS8PrivateKey(bio.get(), key_->pkey.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
       "writing a private key");
  return text_of(*bio);
}

Result<std::string> PrivateKey::sign(SignatureAlgorithm alg, std::string_view data) const {
  if (!fits(alg))
    return fail(ErrorKind::invalid, "invalid_algorithm",
                "The key cannot sign with " + std::string(to_string(alg)));
  return detail::sign(*key_, alg, data);
}

}  // namespace durward::crypto
