#include "crypto/openssl.h"

#include <array>

namespace durward::crypto {

OwnedBio read_bio(std::string_view text) {
  OwnedBio bio(BIO_new_mem_buf(text.data(), int(text.size())));
  must(bio != nullptr, "BIO_new_mem_buf");
  return bio;
}

OwnedBio write_bio() {
  OwnedBio bio(BIO_new(BIO_s_secmem()));
  must(bio != nullptr, "BIO_new");
  return bio;
}

std::string text_of(BIO& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(&bio, &data);
  return size > 0 ? std::string(data, size_t(size)) : std::string();
}

const EVP_MD* fetched(Digest digest) {
  static const auto all = [] {
    constexpr std::array names = {"MD5", "SHA1", "SHA2-256", "SHA2-384", "SHA2-512"};
    std::array<const EVP_MD*, names.size()> out{};
    for (size_t i = 0; i < names.size(); ++i) {
      out[i] = EVP_MD_fetch(nullptr, names[i], nullptr);
      must(out[i] != nullptr, "EVP_MD_fetch");
    }
    return out;
  }();
  return all[size_t(digest)];
}

}  // namespace durward::crypto
