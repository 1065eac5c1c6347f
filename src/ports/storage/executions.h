#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "domain/execution.h"
#include "domain/tenant.h"

namespace durward::ports {

struct ExecutionQuery {
  std::optional<int64_t> after;  // those with a larger key; absent: the newest ones
  int64_t limit = 50;
};

// What scripts did, for domain::execution_life; writing is AppendExecution (storage/commit.h). Expired ones
// are not found. Thread-safe.
class Executions {
 public:
  virtual ~Executions() = default;
  virtual Async<std::optional<domain::Execution>> find(domain::TenantId, std::string id) = 0;
  // Oldest first.
  virtual Async<std::vector<domain::Execution>> list(domain::TenantId, ExecutionQuery) = 0;
};

}  // namespace durward::ports
