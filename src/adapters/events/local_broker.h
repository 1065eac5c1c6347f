#pragma once
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>

#include "adapters/events/local_queue.h"
#include "base/clock.h"
#include "ports/broker.h"

namespace durward::adapters {

// The broker in process. The outbox is its stream: a queue is a reader of the outbox whose position is the
// newest event below which everything is settled; what is handed out or waits for its retry is in memory.
// After a restart what was not settled is handed out again. When several processes share a store, one at a
// time serves a queue (lease "queue:NAME"), and subscribers hear the events that their own process publishes.
class LocalBroker : public ports::Broker {
 public:
  LocalBroker(ports::Outbox& outbox, ports::Leases& leases, const Clock& clock, std::string owner,
              Seconds lease = Seconds(10));
  ~LocalBroker() override;

  Async<std::optional<int64_t>> held() override;
  Async<> publish(std::vector<domain::Event> events) override;

  Async<> declare(ports::QueueOptions queue) override;
  Async<std::vector<ports::Delivery>> fetch(std::string queue, int64_t max, Milliseconds wait) override;
  Async<> ack(std::string queue, ports::Delivery delivery) override;
  Async<> retry(std::string queue, ports::Delivery delivery, Milliseconds pause) override;
  Async<std::optional<TimePoint>> oldest(std::string queue) override;
  void interrupt() override;
  Async<> leave(std::string queue) override;

  Async<std::vector<domain::Event>> replay(ports::EventFilter filter, int64_t offset, int64_t limit) override;
  Result<std::shared_ptr<void>> subscribe(ports::EventFilter filter,
                                          std::function<void(const domain::Event&)> hear) override;

 private:
  struct Subscribers;
  LocalQueue& find(const std::string& name);
  void await_change(LocalQueue& queue, uint64_t seen, Milliseconds wait);
  uint64_t changes();

  ports::Outbox& outbox_;
  ports::Leases& leases_;
  const Clock& clock_;
  const std::string owner_;
  const Seconds lease_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t changes_ = 0;  // publications and interruptions
  std::map<std::string, std::unique_ptr<LocalQueue>> queues_;
  std::shared_ptr<Subscribers> subscribers_;
};

}  // namespace durward::adapters
