#pragma once
#include <string>
#include <vector>

#include "base/task.h"
#include "domain/tenant.h"

namespace durward::ports {

struct Job {
  int64_t id = 0;
  domain::TenantId tenant;
  std::string kind;
  json::Object payload;
  int attempts = 0;
};

// Work that survives a restart (InsertJob writes it with the change it belongs to). At least once: a job
// whose lease ran out is handed out again, so doing it twice must be harmless.
class Jobs {
 public:
  virtual ~Jobs() = default;
  virtual Async<std::vector<Job>> claim(TimePoint now, Seconds lease, int64_t limit) = 0;
  virtual Async<> complete(int64_t id) = 0;
  virtual Async<> retry(int64_t id, TimePoint not_before) = 0;  // counts an attempt
  // Deletes expired short-lived rows in batches; returns how many. Called by the worker.
  virtual Async<int64_t> sweep(TimePoint now, int64_t limit) = 0;
  // Called (from any thread) after a commit that inserted a job, so that the worker need not poll.
  virtual void on_job(std::function<void()> wake) = 0;
};

}  // namespace durward::ports
