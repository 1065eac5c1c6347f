#pragma once
#include <memory>
#include <string>

#include "adapters/events/rounds.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "ports/broker.h"

namespace durward::adapters {

// Who does the work of a queue. An event may come twice: whoever acts on it is idempotent by its id.
class Consumer {
 public:
  virtual ~Consumer() = default;
  // Done, or an error: `invalid` never will be, all others may be after a pause.
  virtual Async<> handle(domain::Event event) = 0;
  // It failed and comes again at `until`.
  virtual Async<> postponed(domain::Event, TimePoint) { co_return Result<>(); }
  // The event becomes a dead letter; what belongs to it may go.
  virtual Async<> give_up(domain::Event event) = 0;
};

struct QueueWorkerOptions {
  int64_t attempts_max = 12;
  int64_t batch = 16;
  bool side_by_side = false;                     // those of a batch at once, in no order
  Seconds measure{5};                            // how often the queue is asked for its age
  Milliseconds wait{1000};                       // for the next event, where the broker does not wake us
  Seconds first_pause{30}, longest_pause{3600};  // between attempts, doubled each time
};

// Hands the events of one queue to a consumer, in order, one after the other unless the options say
// otherwise; acknowledges what is done, tries again later what is not, and buries in the outbox what failed
// for good, before the broker forgets it.
//
// Metrics: durward_deliveries_total{queue,outcome} with done, retried, dead;
// durward_queue_age_seconds{queue}, of the oldest event not yet acknowledged.
class QueueWorker {
 public:
  QueueWorker(ports::WorkQueues& queues, ports::Outbox& outbox, Consumer& consumer, const Clock& clock,
              ports::QueueOptions queue, QueueWorkerOptions options, metrics::Registry& registry);

  void start();
  void stop();  // after the event being handled; the rest goes to the next worker. Idempotent.
  // One round, for tests: handles what is due; returns how many. Not while started.
  Async<int64_t> run_once();

 private:
  Async<bool> round();
  Async<> measure();
  Async<int64_t> handle_due(Milliseconds wait);
  Async<> handle_all(std::vector<ports::Delivery> deliveries);
  struct Batch;
  Detached handle_beside(ports::Delivery delivery, Batch& batch);
  Async<> handle(ports::Delivery delivery);
  Async<> settle(ports::Delivery delivery, Error error);
  Async<> bury(ports::Delivery delivery, Error error);
  void count(std::string_view outcome);

  ports::WorkQueues& queues_;
  ports::Outbox& outbox_;
  Consumer& consumer_;
  const Clock& clock_;
  const ports::QueueOptions queue_;
  const QueueWorkerOptions options_;
  metrics::Registry& registry_;
  metrics::Gauge& age_;
  bool declared_ = false;
  std::optional<TimePoint> measured_at_;
  Rounds rounds_;
};

}  // namespace durward::adapters
