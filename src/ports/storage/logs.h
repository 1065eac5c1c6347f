#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "domain/log_record.h"
#include "domain/tenant.h"

namespace durward::ports {

struct LogQuery {
  std::string type, user_id, client_id, connection, ip;  // empty: any
  std::optional<TimePoint> since, until;
  bool newest_first = true;
  int64_t offset = 0, limit = 50;
  std::optional<int64_t> after;  // checkpoint: records with a larger id, oldest first
  bool may_be_stale = false;     // shown to somebody and nothing else; see storage/stale_reads.h
};

class Logs {
 public:
  virtual ~Logs() = default;
  virtual Async<std::optional<domain::LogRecord>> find(domain::TenantId, int64_t id) = 0;
  virtual Async<std::vector<domain::LogRecord>> list(domain::TenantId, LogQuery) = 0;
};

}  // namespace durward::ports
