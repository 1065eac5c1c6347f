#include "http/access.h"

#include <cmath>

#include "base/log.h"

namespace durward::http {

namespace {

std::string label(std::string_view route) {
  std::string out = "route=\"";
  for (char c : route) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + '"';
}

std::string_view name_of(std::string_view route) { return route.empty() ? "none" : route; }

void write_line(const AccessRecord& r) {
  json::Object line;
  line.reserve(12);
  line.emplace("method", r.method);
  line.emplace("path", r.path);
  line.emplace("status", r.status);
  line.emplace("bytes", r.bytes);
  line.emplace("duration_ms", std::round(r.seconds * 1e6) / 1e3);
  line.emplace("remote_ip", r.remote_ip);
  line.emplace("request_id", r.request_id);
  line.emplace("route", r.route);
  line.emplace("tenant", r.tenant);
  log::info("request", std::move(line));
}

}  // namespace

AccessRecorder::AccessRecorder(metrics::Registry& registry, bool log)
    : connections(registry.gauge("durward_http_connections", "Open client connections.")),
      in_flight(registry.gauge("durward_http_requests_in_flight", "Requests being answered.")),
      registry_(registry),
      log_(log) {}

AccessRecorder::Route& AccessRecorder::route(std::string_view id) {
  if (auto it = routes_.find(id); it != routes_.end()) return it->second;
  Route& made = routes_[std::string(id)];
  made.seconds =
      &registry_.histogram("durward_http_request_seconds", "Time from request to response.", label(id));
  return made;
}

metrics::Counter& AccessRecorder::counter(Route& route, std::string_view id, int status) {
  for (auto& [known, counter] : route.by_status)
    if (known == status) return *counter;
  const std::string labels = label(id) + ",status=\"" + std::to_string(status) + '"';
  auto& made = registry_.counter("durward_http_requests_total", "Answered requests.", labels);
  route.by_status.emplace_back(status, &made);
  return made;
}

void AccessRecorder::record(const AccessRecord& r) {
  const std::string_view id = name_of(r.route);
  Route& known = route(id);
  counter(known, id, r.status).add();
  known.seconds->observe(r.seconds);
  if (log_) write_line(r);
}

}  // namespace durward::http
