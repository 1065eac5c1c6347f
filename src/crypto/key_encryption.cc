#include <openssl/rsa.h>

#include "crypto/key_detail.h"

namespace durward::crypto {

namespace {

using Init = int (*)(EVP_PKEY_CTX*);
using Act = int (*)(EVP_PKEY_CTX*, unsigned char*, size_t*, const unsigned char*, size_t);

Result<std::string> oaep(const detail::Key& key, Init init, Act act, std::string_view input) {
  const ErrorQueueGuard guard;
  const auto refused = [] { return fail(ErrorKind::invalid, "invalid_algorithm", "RSA-OAEP failed"); };
  if (key.type != KeyType::rsa) return refused();
  const OwnedPkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.pkey.get(), nullptr));
  const EVP_MD* sha256 = fetched(Digest::sha256);
  must(context && init(context.get()) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), sha256) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), sha256) == 1,
       "preparing RSA-OAEP");
  std::string out(size_t(EVP_PKEY_get_size(key.pkey.get())), '\0');
  size_t size = out.size();
  if (act(context.get(), bytes_of(out), &size, bytes_of(input), input.size()) != 1) return refused();
  out.resize(size);
  return out;
}

}  // namespace

Result<std::string> PublicKey::encrypt_oaep_sha256(std::string_view plaintext) const {
  return oaep(*key_, EVP_PKEY_encrypt_init, EVP_PKEY_encrypt, plaintext);
}

Result<std::string> PrivateKey::decrypt_oaep_sha256(std::string_view ciphertext) const {
  return oaep(*key_, EVP_PKEY_decrypt_init, EVP_PKEY_decrypt, ciphertext);
}

}  // namespace durward::crypto
