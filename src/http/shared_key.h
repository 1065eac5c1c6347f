#pragma once
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "http/client.h"

// Requests between roles, authenticated by a key that all roles share (docs/adr/0010-internal-calls.md). The
// field Durward-Key of a request is "id.time.nonce.mac": HMAC-SHA256 over method, Host, target, the SHA-256
// of the body, time (Unix milliseconds) and nonce. TLS hides the content; this says who asks.
namespace durward::http {

inline constexpr std::string_view shared_key_field = "Durward-Key";
inline constexpr size_t shared_key_size = 32;

class SharedKeys {
 public:
  // One key, or two while they are exchanged: separated by a comma or a new line, each 32 bytes in hex or
  // base64. The first signs, all are accepted. Error: invalid / bad_internal_key, which never shows the text.
  static Result<SharedKeys> parse(std::string_view text);

  void sign(ClientRequest& request, TimePoint now, Random& random) const;

 private:
  friend class SharedKeyChecker;
  struct Key {
    std::string id, secret;  // id: the first 8 hex digits of the secret's SHA-256
  };
  std::vector<Key> keys_;
};

// Checks what sign() made. A signature counts once and for 30 s in either direction, so the memory for nonces
// is bounded by time and by `nonces_max`. Thread-safe.
class SharedKeyChecker {
 public:
  explicit SharedKeyChecker(SharedKeys keys, size_t nonces_max = 200'000)
      : keys_(std::move(keys)), nonces_max_(nonces_max) {}

  // Returns the nonce, for callers that share what they have seen. Errors: unauthenticated / bad_internal_key
  // (missing, unknown, wrong, too old or used before: the message does not say which, `debug` does);
  // unavailable / too_many_nonces.
  Result<std::string> check(const Request& request, TimePoint now);

 private:
  Result<> remember(const std::string& nonce, TimePoint now);
  const SharedKeys keys_;
  const size_t nonces_max_;
  std::mutex mutex_;
  std::unordered_set<std::string> young_, old_;  // nonces of this and of the last period
  int64_t period_ = 0;
};

}  // namespace durward::http
