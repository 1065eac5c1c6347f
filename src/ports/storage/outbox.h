#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "domain/event.h"

// The outbox: every change that others hear about, written with the change (AppendEvent), kept for a set time
// and read again from any offset. Worker's ports: like Tenants and Jobs they reach across tenants.
namespace durward::ports {

struct EventFilter {
  std::string pattern = ">";               // domain::matches
  std::optional<domain::TenantId> tenant;  // none: any
};

struct EventQuery {
  int64_t after = 0;  // offset; 0: from the oldest
  int64_t limit = 100;
  EventFilter filter = {};
  std::optional<int64_t> until;  // no event with a larger offset
};
struct EventPage {
  std::vector<domain::Event> events;  // in order of offset
  int64_t scanned_to = 0;  // go on after this one; `after` when nothing was there. One read looks at a
                           // bounded number of events, so a page may be empty although more follow.
};

struct OutboxSpan {
  int64_t oldest = 0, newest = 0;  // offsets; 0 when empty
};

// An exclusive right for a time, by its name. Whoever holds it proves it with `owner`, drawn per process.
struct Lease {
  std::string name, owner;
};

class Leases {
 public:
  virtual ~Leases() = default;
  // Takes or renews: true when it is `lease.owner`'s until now + `time`. Another gets it when that time is
  // over.
  virtual Async<bool> acquire(Lease lease, TimePoint now, Seconds time) = 0;
  virtual Async<> release(Lease lease) = 0;  // somebody else's stays
};

// An event that a queue could not handle in all its attempts.
struct DeadLetter {
  std::string queue;
  domain::Event event;
  int64_t attempts = 0;
  std::string reason;  // error code; no secret
  TimePoint at;
};

class Outbox {
 public:
  virtual ~Outbox() = default;
  // Offsets grow in the order in which events become visible: who has read up to one never misses a smaller
  // one that is committed later.
  virtual Async<EventPage> read(EventQuery query) = 0;
  virtual Async<OutboxSpan> span() = 0;
  // How far a reader has come; 0 for a new one.
  virtual Async<int64_t> position(std::string reader) = 0;
  // conflict/"lease_lost" unless `held` is held at `now`: who was replaced moves nothing any more.
  virtual Async<> set_position(std::string reader, int64_t offset, Lease held, TimePoint now) = 0;
  // Twice for one queue and event id is fine. Kept as long as events are.
  virtual Async<> bury(DeadLetter letter) = 0;
  // Newest first; of all queues when `queue` is empty.
  virtual Async<std::vector<DeadLetter>> dead_letters(std::string queue, int64_t limit) = 0;
  // Called (from any thread) after a commit of this process that appended an event; it must not commit.
  virtual void on_event(std::function<void()> wake) = 0;
};

}  // namespace durward::ports
