#include "crypto/hash.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include <array>

#include "crypto/openssl.h"

namespace durward::crypto {

namespace {

std::string digest(Digest algorithm, std::string_view data) {
  thread_local std::array<OwnedDigestContext, 5> contexts;
  auto& context = contexts[size_t(algorithm)];
  if (!context) context.reset(EVP_MD_CTX_new());
  must(context != nullptr, "EVP_MD_CTX_new");
  const EVP_MD* md = fetched(algorithm);
  std::string out(size_t(EVP_MD_get_size(md)), '\0');
  must(EVP_DigestInit_ex2(context.get(), md, nullptr) == 1 &&
           EVP_DigestUpdate(context.get(), data.data(), data.size()) == 1 &&
           EVP_DigestFinal_ex(context.get(), bytes_of(out), nullptr) == 1,
       "digest");
  return out;
}

using OwnedMacContext = Owned<EVP_MAC_CTX, EVP_MAC_CTX_free>;

std::string hmac(Digest algorithm, std::string_view key, std::string_view data) {
  static EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  must(mac != nullptr, "EVP_MAC_fetch");
  const OwnedMacContext context(EVP_MAC_CTX_new(mac));
  must(context != nullptr, "EVP_MAC_CTX_new");
  const EVP_MD* md = fetched(algorithm);
  auto* name = const_cast<char*>(EVP_MD_get0_name(md));
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                   OSSL_PARAM_construct_end()};
  // An empty key is a null pointer to EVP_MAC_init ("keep the key"), so it gets an address.
  const unsigned char* key_bytes = key.empty() ? bytes_of(std::string_view("")) : bytes_of(key);
  std::string out(size_t(EVP_MD_get_size(md)), '\0');
  size_t size = 0;
  must(EVP_MAC_init(context.get(), key_bytes, key.size(), parameters) == 1 &&
           EVP_MAC_update(context.get(), bytes_of(data), data.size()) == 1 &&
           EVP_MAC_final(context.get(), bytes_of(out), &size, out.size()) == 1 && size == out.size(),
       "hmac");
  return out;
}

}  // namespace

std::string sha256(std::string_view data) { return digest(Digest::sha256, data); }
std::string sha384(std::string_view data) { return digest(Digest::sha384, data); }
std::string sha512(std::string_view data) { return digest(Digest::sha512, data); }
std::string sha1(std::string_view data) { return digest(Digest::sha1, data); }
std::string md5(std::string_view data) { return digest(Digest::md5, data); }

std::string hmac_sha1(std::string_view key, std::string_view data) { return hmac(Digest::sha1, key, data); }
std::string hmac_sha256(std::string_view key, std::string_view data) {
  return hmac(Digest::sha256, key, data);
}
std::string hmac_sha384(std::string_view key, std::string_view data) {
  return hmac(Digest::sha384, key, data);
}
std::string hmac_sha512(std::string_view key, std::string_view data) {
  return hmac(Digest::sha512, key, data);
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(std::string& secret) {
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

}  // namespace durward::crypto
