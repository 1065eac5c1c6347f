#pragma once
#include <optional>
#include <string>

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

// Work that survives a restart, with its secrets (a mail holds the link that resets a password): InsertJob
// writes it with the change it belongs to, and the event KIND.requested, which holds only the id, brings it
// to a worker. A finished job is gone, so an event delivered twice finds nothing to do.
class Jobs {
 public:
  virtual ~Jobs() = default;
  // The job, for `lease`; nothing when it is finished. conflict/"job_busy" while another holds it or its time
  // has not come.
  virtual Async<std::optional<Job>> claim(int64_t id, TimePoint now, Seconds lease) = 0;
  virtual Async<> complete(int64_t id) = 0;
  virtual Async<> retry(int64_t id, TimePoint not_before) = 0;    // gives it back and counts an attempt
  virtual Async<> release(int64_t id, TimePoint not_before) = 0;  // gives it back as it was
  // Deletes expired short-lived rows in batches; returns how many. Called by the worker. Announces again, by
  // a second event, a job that was due `forgotten_after` ago: a server of a version without events wrote it.
  static constexpr Seconds forgotten_after{180};
  virtual Async<int64_t> sweep(TimePoint now, int64_t limit) = 0;
};

}  // namespace durward::ports
