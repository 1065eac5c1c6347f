#include "crypto/x509.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace durward::crypto {
namespace {

const TimePoint start = *parse_iso8601("2026-01-31T09:30:00.000Z");

X509* read(std::string_view pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), int(pem.size()));
  X509* out = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return out;
}

// What a TLS client does: build the chain and check it at `at`.
bool chain_is_good(std::string_view leaf_pem, std::string_view root_pem, TimePoint at) {
  X509 *leaf = read(leaf_pem), *root = read(root_pem);
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, root);
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, leaf, nullptr);
  X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
  X509_STORE_CTX_set_time(context, 0, std::time_t(to_unix_seconds(at)));
  X509_STORE_CTX_set_flags(context, X509_V_FLAG_X509_STRICT);
  const bool good = X509_verify_cert(context) == 1;
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  X509_free(leaf);
  X509_free(root);
  return good;
}

TEST(x509, a_server_certificate_chains_to_its_authority_while_it_is_valid) {
  SeededRandom random(1);
  const auto ca = CertificateAuthority::create("Local authority", start, random).value();
  const auto server =
      ca.issue_server({"*.localhost", "localhost", "127.0.0.1", "::1"}, start, random).value();
  EXPECT_TRUE(chain_is_good(server.chain_pem, ca.certificate().pem, start));
  EXPECT_TRUE(chain_is_good(server.chain_pem, ca.certificate().pem, start + std::chrono::days(396)));
  EXPECT_FALSE(chain_is_good(server.chain_pem, ca.certificate().pem, start + std::chrono::days(398)));
  EXPECT_FALSE(chain_is_good(server.chain_pem, ca.certificate().pem, start - std::chrono::hours(1)));
  const auto other = CertificateAuthority::create("Local authority", start, random).value();
  EXPECT_FALSE(chain_is_good(server.chain_pem, other.certificate().pem, start));
}

TEST(x509, a_server_certificate_names_hosts_wildcards_and_addresses) {
  SeededRandom random(2);
  const auto ca = CertificateAuthority::create("Local authority", start, random).value();
  const auto server =
      ca.issue_server({"example.com", "*.example.com", "127.0.0.1", "::1"}, start, random).value();
  X509* leaf = read(server.chain_pem);
  EXPECT_EQ(X509_check_host(leaf, "example.com", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(leaf, "a.example.com", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(leaf, "a.b.example.com", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_host(leaf, "other.com", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(leaf, "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf, "::1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf, "127.0.0.2", 0), 0);
  X509_free(leaf);
}

TEST(x509, names_that_are_no_hosts_are_refused) {
  SeededRandom random(3);
  const auto ca = CertificateAuthority::create("Local authority", start, random).value();
  const std::vector<std::vector<std::string>> bad = {{},       {""},     {"a b"},   {"a,DNS:evil.com"},
                                                     {".com"}, {"a..b"}, {"a.*.b"}, {std::string("a\0b", 3)}};
  for (const auto& names : bad)
    EXPECT_EQ(ca.issue_server(names, start, random).error().code, "invalid_certificate");
}

TEST(x509, an_authority_survives_saving_and_refuses_another_key) {
  SeededRandom random(4);
  const auto ca = CertificateAuthority::create("Local authority", start, random).value();
  const auto again = CertificateAuthority::load(ca.certificate().pem, ca.key_pem()).value();
  const auto server = again.issue_server({"localhost"}, start, random).value();
  EXPECT_TRUE(chain_is_good(server.chain_pem, ca.certificate().pem, start));
  const auto other = PrivateKey::generate_ec_p256().value();
  EXPECT_FALSE(CertificateAuthority::load(ca.certificate().pem, other.to_pem()));
  EXPECT_FALSE(CertificateAuthority::load(server.chain_pem, server.key_pem));  // not an authority's
}

TEST(x509, a_self_signed_certificate_carries_the_signing_key_for_ten_years) {
  SeededRandom random(5);
  const auto key = PrivateKey::generate_rsa().value();
  const auto certificate = make_self_signed(key, "acme.example.com", start, random).value();
  EXPECT_EQ(certificate_subject(certificate).value(), "/CN=acme.example.com");
  EXPECT_EQ(certificate_key(certificate).value().to_der(), key.public_key().to_der());
  EXPECT_EQ(certificate_not_after(certificate).value(), start + std::chrono::days(3652));
  X509* x509 = read(certificate.pem);
  EXPECT_EQ(X509_verify(x509, static_cast<EVP_PKEY*>(key.native())), 1);
  X509_free(x509);
}

TEST(x509, thumbprints_are_digests_of_the_der_form) {
  SeededRandom random(6);
  const auto certificate =
      make_self_signed(PrivateKey::generate_ec_p256().value(), "acme.example.com", start, random).value();
  EXPECT_EQ(to_lower(thumbprint_sha1(certificate)), to_hex(sha1(certificate.der)));
  EXPECT_EQ(to_lower(thumbprint_sha256(certificate)), to_hex(sha256(certificate.der)));
  const std::string colons = fingerprint_sha1_colons(certificate);
  EXPECT_EQ(colons.size(), 59u);
  EXPECT_EQ(colons.substr(0, 2) + colons.substr(3, 2), thumbprint_sha1(certificate).substr(0, 4));
  EXPECT_EQ(colons[2], ':');
}

TEST(x509, pkcs7_wraps_the_certificate) {
  SeededRandom random(7);
  const auto certificate =
      make_self_signed(PrivateKey::generate_ec_p256().value(), "acme.example.com", start, random).value();
  const std::string pem = to_pkcs7_pem(certificate).value();
  EXPECT_TRUE(pem.starts_with("-----BEGIN PKCS7-----"));
  BIO* bio = BIO_new_mem_buf(pem.data(), int(pem.size()));
  PKCS7* wrapped = PEM_read_bio_PKCS7(bio, nullptr, nullptr, nullptr);
  ASSERT_TRUE(wrapped);
  STACK_OF(X509)* inside = wrapped->d.sign->cert;
  ASSERT_EQ(sk_X509_num(inside), 1);
  X509* original = read(certificate.pem);
  EXPECT_EQ(X509_cmp(sk_X509_value(inside, 0), original), 0);
  X509_free(original);
  PKCS7_free(wrapped);
  BIO_free(bio);
}

TEST(x509, a_certificate_parses_from_pem_and_der_and_nothing_else) {
  SeededRandom random(8);
  const auto certificate =
      make_self_signed(PrivateKey::generate_ec_p256().value(), "acme.example.com", start, random).value();
  EXPECT_EQ(parse_certificate(certificate.pem).value().der, certificate.der);
  EXPECT_EQ(parse_certificate(certificate.der).value().pem, certificate.pem);
  for (const std::string& bad :
       {std::string(), std::string("nonsense"), certificate.der + "x",
        std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")})
    EXPECT_EQ(parse_certificate(bad).error().code, "invalid_certificate");
}

}  // namespace
}  // namespace durward::crypto
