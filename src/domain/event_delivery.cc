#include "domain/event_delivery.h"

#include <algorithm>

#include "crypto/hash.h"

namespace durward::domain {
namespace {

constexpr std::string_view prefix = "evt_";
constexpr std::string_view digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr size_t length = 22;  // 62^22 > 2^128
using Wide = unsigned __int128;

// Fills the other half, so that an id that was made up is not taken for one.
uint64_t check_of(int64_t id) {
  const auto hash = crypto::sha256(std::string(prefix) + std::to_string(id));
  uint64_t out = 0;
  for (size_t i = 0; i < 8; ++i) out = out << 8 | uint8_t(hash[i]);
  return out;
}

}  // namespace

std::string event_id(int64_t id) {
  Wide rest = Wide(uint64_t(id)) << 64 | check_of(id);
  std::string out(length, '0');
  for (size_t i = length; i-- > 0; rest /= digits.size()) out[i] = digits[size_t(rest % digits.size())];
  return std::string(prefix) + out;
}

std::optional<int64_t> parse_event_id(std::string_view text) {
  if (!text.starts_with(prefix) || text.size() != prefix.size() + length) return {};
  Wide value = 0;
  for (const char c : text.substr(prefix.size())) {
    const size_t digit = digits.find(c);
    if (digit == digits.npos) return {};
    value = value * digits.size() + digit;
  }
  const auto id = int64_t(uint64_t(value >> 64));
  if (id < 0 || event_id(id) != text) return {};
  return id;
}

json::Object EventDelivery::to_json() const {
  return {{"id", event_id(id)}, {"event_stream_id", stream}, {"status", is_failed() ? "failed" : "pending"},
          {"event_type", type}, {"attempts", attempts},      {"event", event}};
}

void note_failure(EventDelivery& delivery, std::string_view why, TimePoint at, Milliseconds took,
                  Milliseconds pause) {
  ++delivery.tries;
  if (delivery.attempts.size() >= delivery_attempts_max) delivery.attempts.erase(delivery.attempts.begin());
  delivery.attempts.push_back(json::Object{{"status", "failed"},
                                           {"timestamp", to_iso8601(at)},
                                           {"error_message", why},
                                           {"duration", took.count()}});
  delivery.due_at = at + pause;
  if (*delivery.due_at >= delivery.queued_at + delivery_time) delivery.due_at.reset();
}

}  // namespace durward::domain
