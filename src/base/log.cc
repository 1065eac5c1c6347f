#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <mutex>

#include "base/clock.h"

namespace durward::log {

namespace {

constexpr std::string_view level_names[] = {"debug", "info", "warning", "error"};
std::atomic<Level> threshold = Level::info;
std::mutex sink_mutex;

void write_to_stderr(std::string_view line) {
  while (!line.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, line.data(), line.size());
    if (n <= 0) return;
    line.remove_prefix(size_t(n));
  }
}

std::function<void(std::string_view)>& sink() {
  static std::function<void(std::string_view)> current = write_to_stderr;
  return current;
}

}  // namespace

void set_level(Level level) { threshold = level; }

void set_sink(std::function<void(std::string_view)> to) {
  std::lock_guard lock(sink_mutex);
  sink() = std::move(to);
}

void write(Level level, std::string_view message, json::Object fields) {
  if (level < threshold.load(std::memory_order_relaxed)) return;
  json::Object line{
      {"time", to_iso8601(SystemClock().now())}, {"level", level_names[size_t(level)]}, {"message", message}};
  for (auto& member : fields) line.insert_or_assign(member.key(), std::move(member.value()));
  std::string text = json::serialize(line);
  text += '\n';
  std::lock_guard lock(sink_mutex);
  sink()(text);
}

}  // namespace durward::log
