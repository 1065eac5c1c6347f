#include "domain/session.h"

#include "base/encoding.h"
#include "crypto/hash.h"

namespace durward::domain {

std::string Handle::to_string() const {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += char(uint64_t(id) >> shift & 255);
  return to_base64url(bytes + secret);
}

std::optional<Handle> Handle::parse(std::string_view text, size_t secret_bytes) {
  if (text.size() > 128) return {};
  auto bytes = from_base64url(text);
  if (!bytes || bytes->size() != 8 + secret_bytes) return {};
  uint64_t id = 0;
  for (size_t i = 0; i < 8; ++i) id = id << 8 | uint8_t((*bytes)[i]);
  if (id == 0 || id > uint64_t(INT64_MAX)) return {};
  return Handle{int64_t(id), bytes->substr(8)};
}

std::string RefreshToken::public_id() const {
  return Handle{id, crypto::sha256("refresh token id:" + secret_sha256).substr(0, public_token_id_bytes)}
      .to_string();
}

}  // namespace durward::domain
