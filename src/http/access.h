#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/metrics.h"
#include "http/message.h"

// What is remembered of a request once it is answered: a log line and metrics. Never its query, cookies or
// body.
namespace durward::http {

struct AccessRecord {
  std::string method, path, remote_ip, request_id;
  int status = 0;
  size_t bytes = 0;  // of the response, head and body
  double seconds = 0;
  std::string route, tenant;
};

// One per I/O thread: keeps the metrics it has already looked up.
class AccessRecorder {
 public:
  AccessRecorder(metrics::Registry& registry, bool log);
  void record(const AccessRecord& record);
  metrics::Gauge& connections;
  metrics::Gauge& in_flight;

 private:
  struct Route {
    std::vector<std::pair<int, metrics::Counter*>> by_status;
    metrics::Histogram* seconds = nullptr;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  Route& route(std::string_view id);
  metrics::Counter& counter(Route& route, std::string_view id, int status);

  metrics::Registry& registry_;
  bool log_;
  std::unordered_map<std::string, Route, Hash, std::equal_to<>> routes_;
};

}  // namespace durward::http
