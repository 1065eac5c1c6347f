#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/keys.h"

// X.509 certificates (RFC 5280): a local authority for development and labs, self-signed certificates that
// carry tenants' signing keys, thumbprints and PKCS#7 wrapping. Errors: invalid / invalid_certificate.
namespace durward::crypto {

struct Certificate {
  std::string pem;
  std::string der;
};

struct ServerCertificate {
  std::string chain_pem;  // the certificate, then the authority's
  std::string key_pem;    // PKCS#8
};

// An EC P-256 authority valid for ten years. Immutable; thread-safe.
class CertificateAuthority {
 public:
  static Result<CertificateAuthority> create(std::string_view common_name, TimePoint now, Random& random);
  static Result<CertificateAuthority> load(std::string_view certificate_pem, std::string_view key_pem);

  const Certificate& certificate() const { return certificate_; }
  std::string key_pem() const { return key_.to_pem(); }

  // `names`: DNS names (a left-most label "*" is allowed) and IPv4/IPv6 addresses, at least one. The first is
  // the common name. The key is a new EC P-256 key.
  Result<ServerCertificate> issue_server(const std::vector<std::string>& names, TimePoint now, Random& random,
                                         int days = 397) const;

 private:
  CertificateAuthority(Certificate certificate, PrivateKey key)
      : certificate_(std::move(certificate)), key_(std::move(key)) {}
  Certificate certificate_;
  PrivateKey key_;
};

// Ten years, no extensions but the key identifiers: what JWKS `x5c` and SAML metadata show for a signing key.
Result<Certificate> make_self_signed(const PrivateKey& key, std::string_view common_name, TimePoint now,
                                     Random& random);

Result<Certificate> parse_certificate(std::string_view pem_or_der);
Result<PublicKey> certificate_key(const Certificate& certificate);
Result<TimePoint> certificate_not_after(const Certificate& certificate);
Result<std::string> certificate_subject(const Certificate& certificate);  // "/CN=example.com"

std::string thumbprint_sha1(const Certificate& certificate);          // 40 hex digits, upper case
std::string thumbprint_sha256(const Certificate& certificate);        // 64 hex digits, upper case
std::string fingerprint_sha1_colons(const Certificate& certificate);  // "AB:CD:..."
Result<std::string> to_pkcs7_pem(const Certificate& certificate);     // degenerate SignedData, RFC 2315 §9

}  // namespace durward::crypto
