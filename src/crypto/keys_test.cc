#include "crypto/keys.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <thread>
#include <vector>

#include "base/encoding.h"

namespace durward::crypto {
namespace {

using enum SignatureAlgorithm;

const PrivateKey& rsa() {
  static const PrivateKey key = PrivateKey::generate_rsa().value();
  return key;
}
const PrivateKey& ec() {
  static const PrivateKey key = PrivateKey::generate_ec_p256().value();
  return key;
}
const PrivateKey& ed() {
  static const PrivateKey key = PrivateKey::generate_ed25519().value();
  return key;
}

std::string pem_of(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string out(data, size_t(size));
  BIO_free(bio);
  EVP_PKEY_free(key);
  return out;
}
PrivateKey ec_on(const char* group) {
  return PrivateKey::from_pem(pem_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", group))).value();
}

TEST(keys, every_algorithm_verifies_its_own_signature_and_nothing_else) {
  const PrivateKey p384 = ec_on("P-384"), p521 = ec_on("P-521");
  const std::vector<std::pair<SignatureAlgorithm, PrivateKey>> cases = {
      {RS256, rsa()}, {RS384, rsa()}, {RS512, rsa()}, {PS256, rsa()}, {PS384, rsa()},
      {PS512, rsa()}, {ES256, ec()},  {ES384, p384},  {ES512, p521},  {EdDSA, ed()}};
  for (const auto& [alg, key] : cases) {
    const std::string signature = key.sign(alg, "data").value();
    EXPECT_TRUE(key.public_key().verify(alg, "data", signature)) << to_string(alg);
    EXPECT_FALSE(key.public_key().verify(alg, "Data", signature)) << to_string(alg);
    EXPECT_FALSE(key.public_key().verify(alg, "data", signature + "x")) << to_string(alg);
    EXPECT_FALSE(key.public_key().verify(alg, "data", "")) << to_string(alg);
    std::string changed = signature;
    changed[changed.size() / 2] ^= 1;
    EXPECT_FALSE(key.public_key().verify(alg, "data", changed)) << to_string(alg);
  }
}

TEST(keys, a_signature_of_another_algorithm_of_the_same_key_is_refused) {
  const std::string signature = rsa().sign(RS256, "data").value();
  for (auto alg : {RS384, RS512, PS256, PS384, PS512})
    EXPECT_FALSE(rsa().public_key().verify(alg, "data", signature)) << to_string(alg);
}

TEST(keys, ecdsa_signatures_are_raw_and_of_fixed_size) {
  for (int i = 0; i < 200; ++i) EXPECT_EQ(ec().sign(ES256, std::to_string(i)).value().size(), 64u);
  EXPECT_EQ(ec_on("P-384").sign(ES384, "x").value().size(), 96u);
  EXPECT_EQ(ec_on("P-521").sign(ES512, "x").value().size(), 132u);
}

TEST(keys, an_ecdsa_signature_of_zeros_is_refused) {
  EXPECT_FALSE(ec().public_key().verify(ES256, "data", std::string(64, '\0')));
}

TEST(keys, an_algorithm_that_does_not_fit_the_key_is_refused) {
  EXPECT_EQ(rsa().sign(ES256, "x").error().code, "invalid_algorithm");
  EXPECT_EQ(ec().sign(RS256, "x").error().code, "invalid_algorithm");
  EXPECT_EQ(ec().sign(ES384, "x").error().code, "invalid_algorithm");
  EXPECT_EQ(ed().sign(ES256, "x").error().code, "invalid_algorithm");
  EXPECT_FALSE(ec().public_key().fits(RS256));
  EXPECT_FALSE(ec().public_key().verify(RS256, "x", std::string(256, 'x')));
}

TEST(keys, rsa_below_2048_bits_is_refused) {
  const std::string pem = pem_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t(1024)));
  EXPECT_EQ(PrivateKey::from_pem(pem).error().code, "invalid_key");
}

TEST(keys, an_unknown_curve_is_refused) {
  const std::string pem = pem_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "secp256k1"));
  EXPECT_EQ(PrivateKey::from_pem(pem).error().code, "invalid_key");
}

TEST(keys, pem_and_der_round_trip) {
  for (const auto& key : {rsa(), ec(), ed()}) {
    const PrivateKey again = PrivateKey::from_pem(key.to_pem()).value();
    EXPECT_EQ(again.to_pem(), key.to_pem());
    EXPECT_TRUE(key.to_pem().starts_with("-----BEGIN PRIVATE KEY-----"));
    const PublicKey open = key.public_key();
    EXPECT_EQ(PublicKey::from_pem(open.to_pem()).value().to_der(), open.to_der());
    EXPECT_EQ(PublicKey::from_der(open.to_der()).value().to_pem(), open.to_pem());
    EXPECT_EQ(PublicKey::from_components(open.components()).value().to_der(), open.to_der());
  }
}

TEST(keys, a_private_key_is_not_taken_for_a_public_one) {
  EXPECT_EQ(PublicKey::from_pem(ec().to_pem()).error().code, "invalid_key");
  EXPECT_EQ(PrivateKey::from_pem(ec().public_key().to_pem()).error().code, "invalid_key");
}

TEST(keys, nonsense_is_refused_and_leaves_no_openssl_error_behind) {
  EXPECT_FALSE(PrivateKey::from_pem("nonsense"));
  EXPECT_FALSE(PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"));
  EXPECT_FALSE(PublicKey::from_der("nonsense"));
  EXPECT_FALSE(PublicKey::from_der(ec().public_key().to_der() + "x"));
  EXPECT_FALSE(rsa().public_key().verify(RS256, "x", "y"));
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(keys, encrypted_pem_is_refused_without_asking) {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_256_cbc(), "pass", 4, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  EXPECT_EQ(PrivateKey::from_pem({data, size_t(size)}).error().code, "invalid_key");
  BIO_free(bio);
  EVP_PKEY_free(key);
}

TEST(keys, components_that_are_no_key_are_refused) {
  auto point = ec().public_key().components();
  point.y[31] ^= 1;  // not on the curve
  EXPECT_FALSE(PublicKey::from_components(point));
  point.y.pop_back();
  EXPECT_FALSE(PublicKey::from_components(point));
  auto numbers = rsa().public_key().components();
  EXPECT_EQ(numbers.e, std::string("\1\0\1", 3));
  for (const std::string& e : {std::string(), std::string("\1"), std::string("\2"), std::string(9, '\1')}) {
    numbers.e = e;
    EXPECT_FALSE(PublicKey::from_components(numbers)) << to_hex(e);
  }
  EXPECT_FALSE(PublicKey::from_components({.type = KeyType::ed25519, .x = "short"}));
}

TEST(keys, ed25519_matches_rfc_8032_test_3) {
  const auto key = PublicKey::from_components(
      {.type = KeyType::ed25519,
       .x = *from_hex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")});
  const std::string signature = *from_hex(
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
      "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a");
  EXPECT_TRUE(key->verify(EdDSA, *from_hex("af82"), signature));
  EXPECT_FALSE(key->verify(EdDSA, *from_hex("af83"), signature));
}

TEST(keys, one_key_signs_and_verifies_on_many_threads) {
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&good, t] {
      for (int i = 0; i < 100; ++i) {
        const std::string data = std::to_string(t) + ":" + std::to_string(i);
        const PrivateKey& key = i % 2 ? ec() : rsa();
        const auto alg = i % 2 ? ES256 : RS256;
        good += key.public_key().verify(alg, data, key.sign(alg, data).value());
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
}

TEST(keys, oaep_round_trips_and_refuses_other_keys) {
  const std::string sealed = rsa().public_key().encrypt_oaep_sha256("content key").value();
  EXPECT_EQ(rsa().decrypt_oaep_sha256(sealed).value(), "content key");
  EXPECT_FALSE(rsa().decrypt_oaep_sha256(sealed.substr(1) + "x"));
  EXPECT_FALSE(ec().public_key().encrypt_oaep_sha256("content key"));
}

TEST(keys, der_signatures_verify_for_webauthn) {
  const std::string raw = ec().sign(ES256, "data").value();
  EXPECT_FALSE(ec().public_key().verify_der(ES256, "data", raw));
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, static_cast<EVP_PKEY*>(ec().native()));
  std::string der(80, '\0');
  size_t size = der.size();
  ASSERT_EQ(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(der.data()), &size,
                           reinterpret_cast<const unsigned char*>("data"), 4),
            1);
  EVP_MD_CTX_free(context);
  EXPECT_TRUE(ec().public_key().verify_der(ES256, "data", der.substr(0, size)));
  EXPECT_TRUE(rsa().public_key().verify_der(RS256, "data", rsa().sign(RS256, "data").value()));
}

TEST(keys, a_generated_rsa_key_is_whole_and_never_the_same) {
  const auto key = PrivateKey::generate_rsa().value();
  EXPECT_EQ(key.bits(), 2048);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(static_cast<EVP_PKEY*>(key.native()), nullptr);
  EXPECT_EQ(EVP_PKEY_check(context), 1);
  EVP_PKEY_CTX_free(context);
  EXPECT_NE(key.to_pem(), rsa().to_pem());
}

TEST(keys, the_same_seed_gives_the_same_rsa_key_and_tokens) {
  SeededRandom one(7), again(7), other(8);
  const auto key = PrivateKey::generate_rsa_repeatable(one).value();
  EXPECT_EQ(key.bits(), 2048);
  EXPECT_EQ(key.to_pem(), PrivateKey::generate_rsa_repeatable(again)->to_pem());
  EXPECT_NE(key.to_pem(), PrivateKey::generate_rsa_repeatable(other)->to_pem());
  EXPECT_TRUE(key.public_key().verify(RS256, "x", key.sign(RS256, "x").value()));
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(static_cast<EVP_PKEY*>(key.native()), nullptr);
  EXPECT_EQ(EVP_PKEY_check(context), 1);
  EVP_PKEY_CTX_free(context);
}

TEST(keys, algorithm_names_are_case_sensitive) {
  EXPECT_EQ(parse_signature_algorithm("RS256"), RS256);
  EXPECT_EQ(parse_signature_algorithm("EdDSA"), EdDSA);
  for (auto name : {"rs256", "none", "HS256", "", "eddsa"})
    EXPECT_FALSE(parse_signature_algorithm(name)) << name;
}

}  // namespace
}  // namespace durward::crypto
