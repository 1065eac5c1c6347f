#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"

namespace durward::domain {

// An event on its way to one event stream (docs/adr/0027-event-streams.md). One that has arrived is gone.
struct EventDelivery {
  std::string stream;  // its id
  int64_t id = 0;      // from Sequence, of the event; event_id holds it
  std::string type;    // "user.created"
  json::Object event;  // CloudEvents 1.0, as it is delivered
  TimePoint created_at;
  TimePoint queued_at;              // when it was, or was put back, in line: given up `delivery_time` later
  std::optional<TimePoint> due_at;  // absent: given up
  int64_t tries = 0;                // that failed, since it is in line
  // The newest ones: {status, timestamp, error_message, duration} (Auth0 Management API).
  json::Array attempts;

  bool is_failed() const { return tries > 0 || !due_at; }
  json::Object to_json() const;  // as the deliveries of a stream are shown
};

// "evt_" and 22 characters [0-9A-Za-z]: the same for an event in every stream and delivery. An id is read
// back, so that no index of ids is needed.
std::string event_id(int64_t id);
std::optional<int64_t> parse_event_id(std::string_view text);

inline constexpr Seconds delivery_time{86400};            // how long one is tried
inline constexpr Seconds delivery_life{10 * 86400};       // how long one is kept
inline constexpr int64_t stream_deliveries_max = 10'000;  // of one stream; the oldest go first
inline constexpr size_t delivery_attempts_max = 20;       // kept of one delivery

// What follows from a delivery that failed at `at`: the attempt is noted, and the next one is after `pause`,
// or never when that is too late.
void note_failure(EventDelivery& delivery, std::string_view why, TimePoint at, Milliseconds took,
                  Milliseconds pause);

}  // namespace durward::domain
