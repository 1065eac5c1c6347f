#include "crypto/x509.h"

#include <openssl/asn1.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/openssl.h"

namespace durward::crypto {

namespace {

using OwnedX509 = Owned<X509, X509_free>;
using OwnedExtension = Owned<X509_EXTENSION, X509_EXTENSION_free>;
using OwnedNames = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;

constexpr int ten_years_in_days = 3652;
constexpr auto clock_skew =
    std::chrono::minutes(5);  // a client whose clock is a little behind must not refuse

std::unexpected<Error> invalid_certificate(std::string message) {
  return fail(ErrorKind::invalid, "invalid_certificate", std::move(message));
}

EVP_PKEY* native(const PrivateKey& key) { return static_cast<EVP_PKEY*>(key.native()); }

Certificate to_certificate(X509& x509) {
  const auto pem = write_bio(), der = write_bio();
  must(PEM_write_bio_X509(pem.get(), &x509) == 1 && i2d_X509_bio(der.get(), &x509) == 1,
       "writing a certificate");
  return {text_of(*pem), text_of(*der)};
}

OwnedX509 to_x509(const Certificate& certificate) {
  const unsigned char* at = bytes_of(certificate.der);
  return OwnedX509(d2i_X509(nullptr, &at, long(certificate.der.size())));
}

void set_serial(X509& x509, Random& random) {
  std::string bytes = random.bytes(16);
  bytes[0] = char((bytes[0] & 0x7f) | 0x40);  // RFC 5280 §4.1.2.2: positive, at most 20 octets
  const OwnedBignum number(BN_bin2bn(bytes_of(bytes), int(bytes.size()), nullptr));
  must(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&x509)), "serial number");
}

void set_validity(X509& x509, TimePoint now, int days) {
  const auto begin = std::time_t(to_unix_seconds(now - clock_skew));
  must(ASN1_TIME_set(X509_getm_notBefore(&x509), begin) &&
           ASN1_TIME_adj(X509_getm_notAfter(&x509), std::time_t(to_unix_seconds(now)), days, 0),
       "validity");
}

void set_common_name(X509_NAME& name, std::string_view text) {
  text =
      text.substr(0, 64);  // RFC 5280 appendix A.1, ub-common-name; the subject alternative names are whole
  must(X509_NAME_add_entry_by_NID(&name, NID_commonName, MBSTRING_UTF8, bytes_of(text), int(text.size()), -1,
                                  0) == 1,
       "common name");
}

OwnedX509 begin_certificate(const PrivateKey& key, std::string_view common_name, TimePoint now, int days,
                            Random& random) {
  OwnedX509 x509(X509_new());
  must(x509 && X509_set_version(x509.get(), X509_VERSION_3) == 1, "X509_new");
  set_serial(*x509, random);
  set_validity(*x509, now, days);
  set_common_name(*X509_get_subject_name(x509.get()), common_name);
  must(X509_set_pubkey(x509.get(), native(key)) == 1, "X509_set_pubkey");
  return x509;
}

// `value` is a constant of this file, never input.
void add_extension(X509& x509, X509& issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, &issuer, &x509, nullptr, nullptr, 0);
  const OwnedExtension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  must(extension && X509_add_ext(&x509, extension.get(), -1) == 1, "X509_add_ext");
}

void finish(X509& x509, X509& issuer, const PrivateKey& issuer_key) {
  must(X509_set_issuer_name(&x509, X509_get_subject_name(&issuer)) == 1, "X509_set_issuer_name");
  // Ed25519 hashes by itself.
  const EVP_MD* md = issuer_key.type() == KeyType::ed25519 ? nullptr : fetched(Digest::sha256);
  must(X509_sign(&x509, native(issuer_key), md) > 0, "X509_sign");
}

bool is_dns_name(std::string_view name) {
  if (name.starts_with("*.")) name.remove_prefix(2);
  if (name.empty() || name.size() > 253 || name.front() == '.' || name.contains("..")) return false;
  for (char c : name)
    if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '-' &&
        c != '.' && c != '_')
      return false;
  return true;
}

GENERAL_NAME* to_general_name(const std::string& name) {
  GENERAL_NAME* out = GENERAL_NAME_new();
  must(out != nullptr, "GENERAL_NAME_new");
  if (ASN1_OCTET_STRING* address = a2i_IPADDRESS(name.c_str())) {
    GENERAL_NAME_set0_value(out, GEN_IPADD, address);
    return out;
  }
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  must(text && ASN1_STRING_set(text, name.data(), int(name.size())) == 1, "ASN1_STRING_set");
  GENERAL_NAME_set0_value(out, GEN_DNS, text);
  return out;
}

bool is_address(const std::string& name) {
  const ErrorQueueGuard guard;
  const Owned<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> address(a2i_IPADDRESS(name.c_str()));
  return address != nullptr;
}

void add_alternative_names(X509& x509, const std::vector<std::string>& names) {
  const ErrorQueueGuard guard;
  const OwnedNames list(GENERAL_NAMES_new());
  must(list != nullptr, "GENERAL_NAMES_new");
  for (const auto& name : names) must(sk_GENERAL_NAME_push(list.get(), to_general_name(name)) > 0, "push");
  must(X509_add1_ext_i2d(&x509, NID_subject_alt_name, list.get(), 0, X509V3_ADD_DEFAULT) == 1,
       "subjectAltName");
}

Result<> check_names(const std::vector<std::string>& names) {
  if (names.empty()) return invalid_certificate("A server certificate needs a name");
  for (const auto& name : names)
    if (name.contains('\0') || (!is_dns_name(name) && !is_address(name)))
      return invalid_certificate("'" + name + "' is not a DNS name or an IP address");
  return {};
}

std::string upper_hex(std::string_view bytes) {
  std::string out = to_hex(bytes);
  for (char& c : out)
    if (c >= 'a') c = char(c - 'a' + 'A');
  return out;
}

}  // namespace

Result<CertificateAuthority> CertificateAuthority::create(std::string_view common_name, TimePoint now,
                                                          Random& random) {
  if (common_name.empty()) return invalid_certificate("An authority needs a name");
  TRY(auto key, PrivateKey::generate_ec_p256());
  const auto x509 = begin_certificate(key, common_name, now, ten_years_in_days, random);
  add_extension(*x509, *x509, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(*x509, *x509, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(*x509, *x509, NID_subject_key_identifier, "hash");
  finish(*x509, *x509, key);
  return CertificateAuthority(to_certificate(*x509), std::move(key));
}

Result<CertificateAuthority> CertificateAuthority::load(std::string_view certificate_pem,
                                                        std::string_view key_pem) {
  TRY(auto certificate, parse_certificate(certificate_pem));
  TRY(auto key, PrivateKey::from_pem(key_pem));
  const ErrorQueueGuard guard;
  const auto x509 = to_x509(certificate);
  if (!x509 || X509_check_private_key(x509.get(), native(key)) != 1)
    return invalid_certificate("The certificate does not belong to the key");
  if (X509_check_ca(x509.get()) == 0) return invalid_certificate("The certificate is not an authority's");
  return CertificateAuthority(std::move(certificate), std::move(key));
}

Result<ServerCertificate> CertificateAuthority::issue_server(const std::vector<std::string>& names,
                                                             TimePoint now, Random& random, int days) const {
  ENSURE(check_names(names));
  TRY(auto key, PrivateKey::generate_ec_p256());
  const auto issuer = to_x509(certificate_);
  must(issuer != nullptr, "reading the authority's certificate");
  const auto x509 = begin_certificate(key, names.front(), now, days, random);
  add_extension(*x509, *issuer, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(*x509, *issuer, NID_key_usage, "critical,digitalSignature");
  add_extension(*x509, *issuer, NID_ext_key_usage, "serverAuth");
  add_extension(*x509, *issuer, NID_subject_key_identifier, "hash");
  add_extension(*x509, *issuer, NID_authority_key_identifier, "keyid");
  add_alternative_names(*x509, names);
  finish(*x509, *issuer, key_);
  return ServerCertificate{to_certificate(*x509).pem + certificate_.pem, key.to_pem()};
}

Result<Certificate> make_self_signed(const PrivateKey& key, std::string_view common_name, TimePoint now,
                                     Random& random) {
  if (common_name.empty()) return invalid_certificate("A certificate needs a name");
  const auto x509 = begin_certificate(key, common_name, now, ten_years_in_days, random);
  add_extension(*x509, *x509, NID_subject_key_identifier, "hash");
  finish(*x509, *x509, key);
  return to_certificate(*x509);
}

Result<Certificate> parse_certificate(std::string_view pem_or_der) {
  const ErrorQueueGuard guard;
  OwnedX509 x509;
  if (pem_or_der.contains("-----BEGIN")) {
    x509.reset(PEM_read_bio_X509(read_bio(pem_or_der).get(), nullptr, nullptr, nullptr));
  } else {
    const unsigned char* at = bytes_of(pem_or_der);
    x509.reset(d2i_X509(nullptr, &at, long(pem_or_der.size())));
    if (x509 && at != bytes_of(pem_or_der) + pem_or_der.size()) x509.reset();
  }
  if (!x509) return invalid_certificate("The text is not an X.509 certificate");
  return to_certificate(*x509);
}

Result<PublicKey> certificate_key(const Certificate& certificate) {
  return PublicKey::from_pem(certificate.pem);
}

Result<TimePoint> certificate_not_after(const Certificate& certificate) {
  const ErrorQueueGuard guard;
  const auto x509 = to_x509(certificate);
  std::tm at{};
  if (!x509 || ASN1_TIME_to_tm(X509_get0_notAfter(x509.get()), &at) != 1)
    return invalid_certificate("The certificate has no readable end");
  return from_unix_seconds(timegm(&at));
}

Result<std::string> certificate_subject(const Certificate& certificate) {
  const ErrorQueueGuard guard;
  const auto x509 = to_x509(certificate);
  if (!x509) return invalid_certificate("The text is not an X.509 certificate");
  char* line = X509_NAME_oneline(X509_get_subject_name(x509.get()), nullptr, 0);
  must(line != nullptr, "X509_NAME_oneline");
  std::string out(line);
  OPENSSL_free(line);
  return out;
}

std::string thumbprint_sha1(const Certificate& certificate) { return upper_hex(sha1(certificate.der)); }
std::string thumbprint_sha256(const Certificate& certificate) { return upper_hex(sha256(certificate.der)); }

std::string fingerprint_sha1_colons(const Certificate& certificate) {
  const std::string hex = thumbprint_sha1(certificate);
  std::string out;
  for (size_t i = 0; i < hex.size(); i += 2) out += (i ? ":" : "") + hex.substr(i, 2);
  return out;
}

Result<std::string> to_pkcs7_pem(const Certificate& certificate) {
  const ErrorQueueGuard guard;
  const auto x509 = to_x509(certificate);
  if (!x509) return invalid_certificate("The text is not an X.509 certificate");
  const Owned<PKCS7, PKCS7_free> wrapped(PKCS7_new());
  must(wrapped && PKCS7_set_type(wrapped.get(), NID_pkcs7_signed) == 1 &&
           PKCS7_content_new(wrapped.get(), NID_pkcs7_data) == 1 &&
           PKCS7_add_certificate(wrapped.get(), x509.get()) == 1,
       "PKCS7");
  const auto bio = write_bio();
  must(PEM_write_bio_PKCS7(bio.get(), wrapped.get()) == 1, "PEM_write_bio_PKCS7");
  return text_of(*bio);
}

}  // namespace durward::crypto
