#include "crypto/aead.h"

#include "crypto/hash.h"
#include "crypto/openssl.h"

namespace durward::crypto {

namespace {

const EVP_CIPHER* aes_256_gcm() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  must(cipher != nullptr, "EVP_CIPHER_fetch");
  return cipher;
}

OwnedCipherContext begin(std::string_view key, std::string_view nonce, std::string_view aad, bool encrypt) {
  if (key.size() != aead_key_size) throw std::invalid_argument("an AEAD key has 32 bytes");
  OwnedCipherContext context(EVP_CIPHER_CTX_new());
  int size = 0;
  must(context &&
           EVP_CipherInit_ex2(context.get(), aes_256_gcm(), bytes_of(key), bytes_of(nonce), encrypt,
                              nullptr) == 1 &&
           EVP_CipherUpdate(context.get(), nullptr, &size, bytes_of(aad), int(aad.size())) == 1,
       "AES-256-GCM");
  return context;
}

std::unexpected<Error> unsealable() {
  return fail(ErrorKind::invalid, "unsealable", "The sealed value is not valid");
}

}  // namespace

std::string seal(std::string_view key, std::string_view plaintext, std::string_view aad, Random& random) {
  std::string out = random.bytes(aead_nonce_size);
  const auto context = begin(key, out, aad, true);
  out.resize(aead_nonce_size + plaintext.size() + aead_tag_size);
  unsigned char* body = bytes_of(out) + aead_nonce_size;
  int size = 0, rest = 0;
  must(EVP_CipherUpdate(context.get(), body, &size, bytes_of(plaintext), int(plaintext.size())) == 1 &&
           EVP_CipherFinal_ex(context.get(), body + size, &rest) == 1 &&
           EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, aead_tag_size,
                               body + plaintext.size()) == 1,
       "AES-256-GCM");
  return out;
}

Result<std::string> open(std::string_view key, std::string_view sealed, std::string_view aad) {
  if (sealed.size() < aead_nonce_size + aead_tag_size) return unsealable();
  const ErrorQueueGuard guard;
  const auto context = begin(key, sealed.substr(0, aead_nonce_size), aad, false);
  const auto body = sealed.substr(aead_nonce_size, sealed.size() - aead_nonce_size - aead_tag_size);
  std::string tag(sealed.substr(sealed.size() - aead_tag_size));
  std::string out(body.size() + 1, '\0');  // never a null pointer, also for an empty text
  int size = 0, rest = 0;
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, aead_tag_size, tag.data()) == 1 &&
           EVP_CipherUpdate(context.get(), bytes_of(out), &size, bytes_of(body), int(body.size())) == 1,
       "AES-256-GCM");
  if (EVP_CipherFinal_ex(context.get(), bytes_of(out) + size, &rest) != 1) {
    wipe(out);  // not authenticated: nobody may see it
    return unsealable();
  }
  out.resize(body.size());
  return out;
}

std::string hkdf_sha256(std::string_view key, std::string_view salt, std::string_view info, size_t length) {
  // RFC 5869 §2.3: L <= 255 * HashLen.
  if (length > 255 * 32) throw std::invalid_argument("HKDF-SHA256 gives at most 8160 bytes");
  const std::string prk = hmac_sha256(salt.empty() ? std::string(32, '\0') : std::string(salt), key);
  std::string out, block;
  for (char i = 1; out.size() < length; ++i) {
    block = hmac_sha256(prk, block + std::string(info) + i);
    out += block;
  }
  out.resize(length);
  return out;
}

}  // namespace durward::crypto
