#include "base/clock.h"

#include <cstdio>

namespace durward {

TimePoint SystemClock::now() const {
  return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
}

TimePoint FixedClock::now() const {
  std::lock_guard lock(mutex_);
  return now_;
}

void FixedClock::advance(Milliseconds by) {
  std::lock_guard lock(mutex_);
  now_ += by;
}

std::string to_iso8601(TimePoint at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  char out[40];
  std::snprintf(out, sizeof out, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", int(date.year()),
                unsigned(date.month()), unsigned(date.day()), int(time.hours().count()),
                int(time.minutes().count()), int(time.seconds().count()), int(time.subseconds().count()));
  return out;
}

std::string to_iso8601_nanoseconds(TimePoint at) {
  auto out = to_iso8601(at);
  out.insert(out.size() - 1, "000000");
  return out;
}

std::optional<TimePoint> parse_iso8601(std::string_view text) {
  int y, mo, d, h = 0, mi = 0, s = 0, used = 0;
  const std::string copy(text.substr(0, 40));
  if (std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &y, &mo, &d, &h, &mi, &s, &used) != 6) return {};
  const std::chrono::year_month_day date{std::chrono::year(y), std::chrono::month(unsigned(mo)),
                                         std::chrono::day(unsigned(d))};
  if (!date.ok() || h > 23 || mi > 59 || s > 60) return {};
  std::string_view rest = std::string_view(copy).substr(size_t(used));
  int ms = 0;
  if (rest.starts_with('.')) {
    int scale = 100;
    for (rest.remove_prefix(1); !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; rest.remove_prefix(1)) {
      ms += (rest[0] - '0') * scale;
      scale /= 10;
    }
  }
  int offset_minutes = 0;
  if (rest != "Z") {
    int oh, om;
    char sign;
    if (std::sscanf(std::string(rest).c_str(), "%c%2d:%2d", &sign, &oh, &om) != 3) return {};
    if (sign != '+' && sign != '-') return {};
    offset_minutes = (sign == '+' ? 1 : -1) * (oh * 60 + om);
  }
  return TimePoint(std::chrono::sys_days(date)) + std::chrono::hours(h) +
         std::chrono::minutes(mi - offset_minutes) + Seconds(s) + Milliseconds(ms);
}

}  // namespace durward
