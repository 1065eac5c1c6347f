#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/json.h"

// Structured log lines: one JSON object a line on stderr, `time` and `level` first. Secrets, tokens and
// passwords never appear; callers pass ids. Thread-safe.
namespace durward::log {

enum class Level { debug, info, warning, error };

void set_level(Level level);
// Replaces the sink (default: stderr); for tests and --log-file.
void set_sink(std::function<void(std::string_view line)> sink);
void write(Level level, std::string_view message, json::Object fields = {});
inline void info(std::string_view message, json::Object fields = {}) {
  write(Level::info, message, std::move(fields));
}
inline void warning(std::string_view message, json::Object fields = {}) {
  write(Level::warning, message, std::move(fields));
}
inline void error(std::string_view message, json::Object fields = {}) {
  write(Level::error, message, std::move(fields));
}

}  // namespace durward::log
