#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "domain/event_delivery.h"
#include "domain/tenant.h"

namespace durward::ports {

struct EventDeliveryQuery {
  std::vector<std::string> types = {};                          // empty: any
  std::optional<TimePoint> created_from = {}, created_to = {};  // from, and before
  std::optional<int64_t> before = {};                           // those with a smaller id
  int64_t limit = 50;
};

struct StreamClaiming {
  TimePoint now;
  Seconds lease{60};
  int64_t limit = 64;      // streams
  int64_t tenant_max = 4;  // of one tenant's that are served at once
};
// The right to serve a stream, until `until`.
struct StreamClaim {
  domain::TenantId tenant;
  std::string stream;
  TimePoint until;
  int64_t failures = 0;  // how often in a row its destination could not be reached
};

// Events on their way to event streams. They are written by a commit (InsertEventDelivery ...). A stream is
// served by one worker at a time, so its events go in order as long as they arrive; streams know nothing of
// each other. Rows live for domain::delivery_life, and of a stream only the newest
// domain::stream_deliveries_max stay (Jobs::sweep). Thread-safe.
class EventDeliveries {
 public:
  virtual ~EventDeliveries() = default;
  virtual Async<std::optional<domain::EventDelivery>> find(domain::TenantId, std::string stream,
                                                           int64_t id) = 0;
  // Those that failed at least once and have not arrived since, newest first.
  virtual Async<std::vector<domain::EventDelivery>> list(domain::TenantId, std::string stream,
                                                         EventDeliveryQuery) = 0;

  // Worker's ports, across tenants.
  // Streams with something due whose pause is over and that nobody serves, those that waited longest first.
  virtual Async<std::vector<StreamClaim>> claim(StreamClaiming) = 0;
  // What is due of a claimed stream, in order of being due; none when its claim is over.
  virtual Async<std::vector<domain::EventDelivery>> due(StreamClaim, TimePoint now, int64_t limit) = 0;
  virtual Async<> delivered(domain::TenantId, std::string stream, int64_t id) = 0;  // none is fine
  // Stores `tries`, `attempts` and `due_at`; none is fine.
  virtual Async<> failed(domain::TenantId, domain::EventDelivery) = 0;
  // Gives a claim back, with its `failures`; nobody takes it again before `paused_until`. One that is over is
  // fine.
  virtual Async<> release(StreamClaim, TimePoint paused_until) = 0;
};

}  // namespace durward::ports
