#pragma once
#include <string>

#include "base/metrics.h"

namespace durward::adapters::records {

// One counter an operation: durward_store_reads_total{op="users.find"}.
class ReadCounters {
 public:
  ReadCounters(metrics::Registry& registry, std::string port) : registry_(registry), port_(std::move(port)) {}
  metrics::Counter& operator()(std::string_view op) const {
    return registry_.counter("durward_store_reads_total", "Reads of the store.",
                             "op=\"" + port_ + "." + std::string(op) + "\"");
  }

 private:
  metrics::Registry& registry_;
  std::string port_;
};

}  // namespace durward::adapters::records
