#pragma once
#include <string>

#include "adapters/events/held_lease.h"
#include "base/metrics.h"
#include "ports/broker.h"

namespace durward::adapters {

struct DispatcherOptions {
  int64_t batch = 256;
  Seconds lease{10};  // a leader that died is replaced after this
  Seconds check{5};   // how often the broker is asked what it holds
};

// Takes events from the outbox to the broker, in order, each at least once. One process of a fleet does at a
// time: the one that holds the lease "dispatcher"; others look on and take over when it runs out. A broker
// that holds less than was published (it lost its store, or the last seconds of it) is filled again from
// there.
//
// Metrics: durward_outbox_age_seconds (of the oldest event not yet published), durward_outbox_lag_events,
// durward_outbox_leader, durward_events_published_total. Also who does not lead keeps the first two.
class Dispatcher {
 public:
  static constexpr const char* reader = "dispatcher";

  // `owner` is unique to the process. All references outlive it.
  Dispatcher(ports::Outbox& outbox, ports::Leases& leases, ports::EventSink& sink, const Clock& clock,
             std::string owner, DispatcherOptions options, metrics::Registry& registry);

  // One batch; returns how many events were published. Errors: of the store and the broker; nothing is lost,
  // the next round tries again. One caller at a time.
  Async<int64_t> round();
  // Lets another lead at once.
  Async<> resign();

 private:
  Async<int64_t> start_of(int64_t position);
  Async<int64_t> dispatch(ports::EventPage page);
  Async<> move_to(int64_t offset);
  Async<> measure(const ports::EventPage& page, int64_t position);

  ports::Outbox& outbox_;
  ports::EventSink& sink_;
  const Clock& clock_;
  const DispatcherOptions options_;
  HeldLease lease_;
  std::optional<TimePoint> checked_at_;
  metrics::Gauge &age_, &lag_, &leader_;
  metrics::Counter& published_;
};

}  // namespace durward::adapters
