#include "http/shared_key.h"

#include <array>
#include <charconv>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace durward::http {

namespace {

constexpr int64_t window_ms = 30'000;
// Two windows: a signature from the future may come again until its time is over on both sides.
constexpr int64_t period_ms = 2 * window_ms;
constexpr size_t nonce_size = 22;

std::unexpected<Error> refuse(std::string why) {
  return fail(ErrorKind::unauthenticated, "bad_internal_key",
              "The caller is not a role of this installation.", std::move(why));
}

std::string mac_of(std::string_view secret, std::string_view method, std::string_view host,
                   std::string_view target, std::string_view body, std::string_view time,
                   std::string_view nonce) {
  std::string text = "durward-internal-1";
  for (const std::string_view part : {method, host, target, time, nonce}) text.append("\n").append(part);
  text.append("\n").append(crypto::sha256(body));
  return to_base64url(crypto::hmac_sha256(secret, text));
}

std::optional<std::string> decode(std::string_view text) {
  auto key = text.size() == 2 * shared_key_size ? from_hex(text) : from_base64(text);
  if (!key) key = from_base64url(text);
  if (!key || key->size() != shared_key_size) return {};
  return key;
}

// "id.time.nonce.mac"; none of the parts has a dot.
std::optional<std::array<std::string_view, 4>> split(std::string_view field) {
  std::array<std::string_view, 4> parts;
  for (size_t i = 0; i < parts.size(); ++i) {
    const size_t dot = field.find('.');
    if ((dot == field.npos) != (i + 1 == parts.size())) return {};
    parts[i] = field.substr(0, dot);
    field.remove_prefix(std::min(dot, field.size() - 1) + 1);
  }
  return parts;
}

}  // namespace

Result<SharedKeys> SharedKeys::parse(std::string_view text) {
  const auto bad =
      fail(ErrorKind::invalid, "bad_internal_key",
           "internal-key must be one or two keys of 32 bytes in hex or base64, separated by a comma.");
  SharedKeys out;
  while (!trim(text).empty()) {
    const size_t end = std::min(text.find_first_of(",\n"), text.size());
    const auto word = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    const auto secret = decode(word);
    if (!secret || out.keys_.size() == 2) return bad;
    out.keys_.push_back({to_hex(crypto::sha256(*secret)).substr(0, 8), *secret});
  }
  if (out.keys_.empty()) return bad;
  return out;
}

void SharedKeys::sign(ClientRequest& request, TimePoint now, Random& random) const {
  const Key& key = keys_.front();
  const std::string time = std::to_string(to_unix_ms(now)), nonce = random.url_safe(nonce_size);
  const std::string mac = mac_of(key.secret, to_string(request.method), request.origin.authority(),
                                 request.target, request.body, time, nonce);
  request.headers.set(shared_key_field, key.id + "." + time + "." + nonce + "." + mac);
}

Result<std::string> SharedKeyChecker::check(const Request& request, TimePoint now) {
  if (request.headers.count(shared_key_field) != 1) return refuse("no signature, or several");
  const auto parts = split(request.headers.get(shared_key_field));
  if (!parts) return refuse("malformed");
  const auto [id, time, nonce, mac] = *parts;
  const std::string target = request.query.empty() ? request.path : request.path + "?" + request.query;
  bool good = false;
  for (const auto& key : keys_.keys_)
    if (key.id == id)
      good = crypto::equal_constant_time(
          mac_of(key.secret, request.method_text, request.host, target, request.body, time, nonce), mac);
  if (!good) return refuse("unknown key or wrong signature");
  int64_t ms = 0;
  std::from_chars(time.data(), time.data() + time.size(), ms);
  if (std::abs(to_unix_ms(now) - ms) > window_ms) return refuse("too old, or the clocks differ");
  std::string seen(nonce);
  ENSURE(remember(seen, now));
  return seen;
}

Result<> SharedKeyChecker::remember(const std::string& nonce, TimePoint now) {
  std::lock_guard lock(mutex_);
  if (const int64_t period = to_unix_ms(now) / period_ms; period != period_) {
    old_ = period == period_ + 1 ? std::move(young_) : std::unordered_set<std::string>();
    young_.clear();
    period_ = period;
  }
  if (old_.contains(nonce) || young_.contains(nonce)) return refuse("used before");
  if (young_.size() + old_.size() >= nonces_max_)
    return fail(ErrorKind::unavailable, "too_many_nonces", "The server is overloaded.");
  young_.insert(nonce);
  return {};
}

}  // namespace durward::http
