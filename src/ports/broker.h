#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "ports/storage/outbox.h"

// Where events go from the outbox: work queues, a replayable stream, subjects heard by many. In process
// (adapters/events) or NATS JetStream (adapters/nats), with the same promises: at least once and in order of
// offset for who needs all events, so everybody who acts on one is idempotent by its id. Methods may block
// the calling thread for the network and are called on threads of the worker. Errors: unavailable.
namespace durward::ports {

class EventSink {
 public:
  virtual ~EventSink() = default;
  // The newest offset the broker holds, 0 when it is empty, nullopt when it cannot lose any. Makes what is
  // missing at the broker.
  virtual Async<std::optional<int64_t>> held() = 0;
  // Returns once the broker has acknowledged all, in order. On an error the first ones may be there.
  virtual Async<> publish(std::vector<domain::Event> events) = 0;
};

struct QueueOptions {
  std::string name;            // [a-z_]+
  std::string pattern;         // which events it gets
  Seconds ack_wait{120};       // a delivery not settled by then is handed out again
  int64_t pending_max = 1000;  // deliveries handed out or waiting for their retry; more wait behind them
};

struct Delivery {
  domain::Event event;
  int64_t attempt = 1;            // of this queue, 1 for the first
  std::shared_ptr<void> receipt;  // the adapter's own
};

// Each queue gets every matching event; each event of a queue goes to one worker at a time.
class WorkQueues {
 public:
  virtual ~WorkQueues() = default;
  virtual Async<> declare(QueueOptions queue) = 0;  // again is fine
  // At most `max`, as soon as there is one; none after `wait` or interrupt().
  virtual Async<std::vector<Delivery>> fetch(std::string queue, int64_t max, Milliseconds wait) = 0;
  virtual Async<> ack(std::string queue, Delivery delivery) = 0;
  virtual Async<> retry(std::string queue, Delivery delivery, Milliseconds pause) = 0;
  // When the oldest event happened that is not acknowledged yet; nothing when there is none.
  virtual Async<std::optional<TimePoint>> oldest(std::string queue) = 0;
  virtual void interrupt() = 0;  // who waits in fetch goes on
  // This process fetches no more: another may take over at once.
  virtual Async<> leave(std::string queue) = 0;
};

class EventStream {
 public:
  virtual ~EventStream() = default;
  // Published events after `offset`, in order. Fewer than `limit` only at the end.
  virtual Async<std::vector<domain::Event>> replay(EventFilter filter, int64_t offset, int64_t limit) = 0;
  // Calls `hear` for events published from now on, on a thread of the broker, until the result is destroyed.
  // At most once: for hints such as dropping a cached value. Who needs all uses a queue or replays.
  virtual Result<std::shared_ptr<void>> subscribe(EventFilter filter,
                                                  std::function<void(const domain::Event&)> hear) = 0;
};

class Broker : public EventSink, public WorkQueues, public EventStream {};

}  // namespace durward::ports
