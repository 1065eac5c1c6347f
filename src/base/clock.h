#pragma once
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

// Time is a capability: whoever needs it takes a `const Clock&`. domain/ and standards/ take time points as
// arguments.
namespace durward {

using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;
using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;  // thread-safe
};

class SystemClock : public Clock {
 public:
  TimePoint now() const override;
};

// Stands still until told otherwise (tests, --fixed-time).
class FixedClock : public Clock {
 public:
  explicit FixedClock(TimePoint at) : now_(at) {}
  TimePoint now() const override;
  void advance(Milliseconds by);

 private:
  mutable std::mutex mutex_;
  TimePoint now_;
};

// 2026-01-31T09:30:00.000Z, the API's form.
std::string to_iso8601(TimePoint at);
// 2026-01-31T09:30:00.000000000Z, the form of actions.
std::string to_iso8601_nanoseconds(TimePoint at);
std::optional<TimePoint> parse_iso8601(std::string_view text);
inline int64_t to_unix_seconds(TimePoint at) {
  return std::chrono::floor<Seconds>(at).time_since_epoch().count();
}
inline int64_t to_unix_ms(TimePoint at) { return at.time_since_epoch().count(); }
inline TimePoint from_unix_ms(int64_t ms) { return TimePoint(Milliseconds(ms)); }
inline TimePoint from_unix_seconds(int64_t s) { return TimePoint(Seconds(s)); }

}  // namespace durward
