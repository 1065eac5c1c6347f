#include "crypto/passwords/digests.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include <algorithm>
#include <map>

#include "base/encoding.h"
#include "crypto/openssl.h"
#include "crypto/pbkdf2.h"

namespace durward::crypto::passwords {

namespace {

struct Name {
  std::string_view ours, of_openssl;
};
constexpr Name names[] = {
    {"md4", "MD4"},
    {"md5", "MD5"},
    {"ripemd160", "RIPEMD160"},
    {"whirlpool", "WHIRLPOOL"},
    {"sha1", "SHA1"},
    {"sha224", "SHA2-224"},
    {"sha256", "SHA2-256"},
    {"sha384", "SHA2-384"},
    {"sha512", "SHA2-512"},
    {"sha512-224", "SHA2-512/224"},
    {"sha512-256", "SHA2-512/256"},
    {"sha3-224", "SHA3-224"},
    {"sha3-256", "SHA3-256"},
    {"sha3-384", "SHA3-384"},
    {"sha3-512", "SHA3-512"},
    {"blake2b512", "BLAKE2B-512"},
    {"blake2s256", "BLAKE2S-256"},
    {"sm3", "SM3"},
};
// What Node.js, from which most hashes come, calls some of them too.
constexpr Name aliases[] = {{"rmd160", "ripemd160"},        {"ripemd", "ripemd160"}, {"sha-1", "sha1"},
                            {"sha-224", "sha224"},          {"sha-256", "sha256"},   {"sha-384", "sha384"},
                            {"sha-512", "sha512"},          {"ssl3-md5", "md5"},     {"ssl3-sha1", "sha1"},
                            {"sm3withrsaencryption", "sm3"}};

using OwnedMac = Owned<EVP_MAC_CTX, EVP_MAC_CTX_free>;
using OwnedKdf = Owned<EVP_KDF_CTX, EVP_KDF_CTX_free>;

// Lives as long as the process, as OpenSSL's own does.
struct Context {
  Context() {
    const ErrorQueueGuard guard;
    must(library && OSSL_PROVIDER_load(library, "default"), "OSSL_PROVIDER_load");
    OSSL_PROVIDER_load(library, "legacy");  // without it the table is shorter
    for (const auto& [ours, of_openssl] : names)
      if (EVP_MD* md = EVP_MD_fetch(library, of_openssl.data(), nullptr)) digests.emplace(ours, md);
    mac = EVP_MAC_fetch(library, "HMAC", nullptr);
    kdf = EVP_KDF_fetch(library, "PBKDF2", nullptr);
    must(mac && kdf, "fetching HMAC and PBKDF2");
  }
  OSSL_LIB_CTX* const library = OSSL_LIB_CTX_new();
  std::map<std::string_view, EVP_MD*> digests;
  EVP_MAC* mac = nullptr;
  EVP_KDF* kdf = nullptr;
};

const Context& context() {
  static const Context& it = *new Context;
  return it;
}

const EVP_MD* of(std::string_view name) {
  const auto found = context().digests.find(name);
  must(found != context().digests.end(), "a digest that is not there");
  return found->second;
}

OSSL_PARAM octets(const char* key, std::string_view value) {
  return OSSL_PARAM_construct_octet_string(key, const_cast<char*>(value.data()), value.size());
}
OSSL_PARAM digest_parameter(std::string_view name) {
  return OSSL_PARAM_construct_utf8_string("digest", const_cast<char*>(EVP_MD_get0_name(of(name))), 0);
}

}  // namespace

std::optional<std::string> digest_name(std::string_view name) {
  std::string wanted = to_lower(name);
  if (wanted.starts_with("rsa-")) wanted.erase(0, 4);
  for (const auto& [alias, ours] : aliases)
    if (wanted == alias) wanted = ours;
  if (!context().digests.contains(wanted)) return std::nullopt;
  return wanted;
}

size_t digest_size(std::string_view name) { return size_t(EVP_MD_get_size(of(name))); }

std::string digest(std::string_view name, std::string_view data) {
  std::string out(digest_size(name), '\0');
  must(EVP_Digest(data.data(), data.size(), bytes_of(out), nullptr, of(name), nullptr) == 1, "digest");
  return out;
}

std::string hmac(std::string_view name, std::string_view key, std::string_view data) {
  const OwnedMac mac(EVP_MAC_CTX_new(context().mac));
  const OSSL_PARAM parameters[] = {digest_parameter(name), OSSL_PARAM_construct_end()};
  // An empty key is a null pointer to EVP_MAC_init ("keep the key"), so it gets an address.
  const unsigned char* key_bytes = key.empty() ? bytes_of(std::string_view("")) : bytes_of(key);
  std::string out(digest_size(name), '\0');
  size_t size = 0;
  must(mac && EVP_MAC_init(mac.get(), key_bytes, key.size(), parameters) == 1 &&
           EVP_MAC_update(mac.get(), bytes_of(data), data.size()) == 1 &&
           EVP_MAC_final(mac.get(), bytes_of(out), &size, out.size()) == 1,
       "hmac");
  return out;
}

std::string pbkdf2(std::string_view name, std::string_view password, std::string_view salt,
                   uint32_t iterations, size_t size) {
  std::string out(size, '\0');
  if (name == "sha256") {
    const Pbkdf2 jobs[] = {{password, salt, iterations, out}};
    pbkdf2_sha256(jobs);
    return out;
  }
  const OwnedKdf kdf(EVP_KDF_CTX_new(context().kdf));
  int without_lower_bounds = 1;
  uint64_t count = iterations;
  const OSSL_PARAM parameters[] = {digest_parameter(name),
                                   octets(OSSL_KDF_PARAM_PASSWORD, password),
                                   octets(OSSL_KDF_PARAM_SALT, salt),
                                   OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_ITER, &count),
                                   OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &without_lower_bounds),
                                   OSSL_PARAM_construct_end()};
  must(kdf && EVP_KDF_derive(kdf.get(), bytes_of(out), out.size(), parameters) == 1, "PBKDF2");
  return out;
}

}  // namespace durward::crypto::passwords
