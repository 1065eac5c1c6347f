#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "crypto/key_detail.h"

namespace durward::crypto::detail {

namespace {

enum class Scheme { pkcs1, pss, ecdsa, eddsa };
struct SchemeRow {
  Scheme scheme;
  Digest digest;      // unused by EdDSA
  size_t field_size;  // of ECDSA: half of a signature, RFC 7518 §3.4
};
constexpr std::array<SchemeRow, signature_algorithm_count> scheme_rows = {{
    {Scheme::pkcs1, Digest::sha256, 0},
    {Scheme::pkcs1, Digest::sha384, 0},
    {Scheme::pkcs1, Digest::sha512, 0},
    {Scheme::pss, Digest::sha256, 0},
    {Scheme::pss, Digest::sha384, 0},
    {Scheme::pss, Digest::sha512, 0},
    {Scheme::ecdsa, Digest::sha256, 32},
    {Scheme::ecdsa, Digest::sha384, 48},
    {Scheme::ecdsa, Digest::sha512, 66},
    {Scheme::eddsa, Digest::sha512, 0},
}};

using Init = int (*)(EVP_MD_CTX*, EVP_PKEY_CTX**, const EVP_MD*, ENGINE*, EVP_PKEY*);

OwnedDigestContext prepare(const Key& key, const SchemeRow& row, Init init) {
  OwnedDigestContext context(EVP_MD_CTX_new());
  const EVP_MD* md = row.scheme == Scheme::eddsa ? nullptr : fetched(row.digest);
  EVP_PKEY_CTX* parameters = nullptr;
  must(context && init(context.get(), &parameters, md, nullptr, key.pkey.get()) == 1,
       "preparing a signature");
  if (row.scheme == Scheme::pss)
    // RFC 7518 §3.5: the salt has the size of the digest; MGF1 uses the same digest, which is OpenSSL's
    // default.
    must(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1,
         "preparing PSS");
  return context;
}

// The thread's working copy. It may be used up by one call, so finishing needs no second copy inside OpenSSL.
EVP_MD_CTX* working_copy(PreparedContext& prepared, const Key& key, const SchemeRow& row, Init init) {
  std::call_once(prepared.once, [&] { prepared.context = prepare(key, row, init); });
  thread_local const OwnedDigestContext copy(EVP_MD_CTX_new());
  must(copy && EVP_MD_CTX_copy_ex(copy.get(), prepared.context.get()) == 1, "EVP_MD_CTX_copy_ex");
  EVP_MD_CTX_set_flags(copy.get(), EVP_MD_CTX_FLAG_FINALISE);
  return copy.get();
}

using OwnedEcdsa = Owned<ECDSA_SIG, ECDSA_SIG_free>;

std::string to_raw(std::string_view der, size_t field_size) {
  const unsigned char* at = bytes_of(der);
  const OwnedEcdsa parsed(d2i_ECDSA_SIG(nullptr, &at, long(der.size())));
  must(parsed != nullptr, "d2i_ECDSA_SIG");
  std::string out(2 * field_size, '\0');
  const int size = int(field_size);
  must(BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), bytes_of(out), size) == size &&
           BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), bytes_of(out) + field_size, size) == size,
       "BN_bn2binpad");
  return out;
}

// Empty when it is no raw signature. Zeros are refused by OpenSSL (CVE-2022-21449 was elsewhere).
std::string to_der(std::string_view raw, size_t field_size) {
  if (raw.size() != 2 * field_size) return {};
  const OwnedEcdsa made(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes_of(raw), int(field_size), nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(raw) + field_size, int(field_size), nullptr);
  must(made && r && s && ECDSA_SIG_set0(made.get(), r, s) == 1, "ECDSA_SIG_set0");
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(made.get(), &der);
  must(size > 0, "i2d_ECDSA_SIG");
  std::string out(reinterpret_cast<char*>(der), size_t(size));
  OPENSSL_free(der);
  return out;
}

}  // namespace

std::string sign(const Key& key, SignatureAlgorithm alg, std::string_view data) {
  const SchemeRow& row = scheme_rows[size_t(alg)];
  EVP_MD_CTX* context = working_copy(key.signing[size_t(alg)], key, row, EVP_DigestSignInit);
  size_t size = size_t(EVP_PKEY_get_size(key.pkey.get()));
  std::string out(size, '\0');
  const bool done = EVP_DigestSign(context, bytes_of(out), &size, bytes_of(data), data.size()) == 1;
  EVP_MD_CTX_reset(context);  // lets go of the key
  must(done, "EVP_DigestSign");
  out.resize(size);
  return row.field_size ? to_raw(out, row.field_size) : out;
}

bool verify_der(const Key& key, SignatureAlgorithm alg, std::string_view data, std::string_view signature) {
  const ErrorQueueGuard guard;
  const SchemeRow& row = scheme_rows[size_t(alg)];
  EVP_MD_CTX* context = working_copy(key.verifying[size_t(alg)], key, row, EVP_DigestVerifyInit);
  const int good =
      EVP_DigestVerify(context, bytes_of(signature), signature.size(), bytes_of(data), data.size());
  EVP_MD_CTX_reset(context);
  return good == 1;
}

bool verify(const Key& key, SignatureAlgorithm alg, std::string_view data, std::string_view signature) {
  const size_t field_size = scheme_rows[size_t(alg)].field_size;
  if (!field_size) return verify_der(key, alg, data, signature);
  const std::string der = to_der(signature, field_size);
  return !der.empty() && verify_der(key, alg, data, der);
}

}  // namespace durward::crypto::detail
