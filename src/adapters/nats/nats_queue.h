#pragma once
#include <mutex>

#include "adapters/nats/nats_stream.h"
#include "ports/broker.h"

namespace durward::adapters::nats {

// One queue: a durable pull consumer of the stream, made when it is missing, so also after the broker lost
// it. Thread-safe.
class Queue {
 public:
  Queue(jsCtx* js, EventLog& log, ports::QueueOptions options)
      : js_(js), log_(log), options_(std::move(options)) {}

  // What is there, or comes within `wait`.
  Result<std::vector<ports::Delivery>> fetch(int64_t max, Milliseconds wait);
  Result<std::optional<TimePoint>> oldest();
  // After waiting in vain: is it still there? If not, the next fetch makes it again.
  Result<> verify();
  Result<> ack(const ports::Delivery& delivery);
  Result<> retry(const ports::Delivery& delivery, Milliseconds pause);
  void leave();

 private:
  Result<std::shared_ptr<natsSubscription>> subscription();
  Result<ConsumerInfo> info();  // null when the consumer is gone
  Result<> make_consumer(const std::string& subject);
  std::vector<ports::Delivery> deliveries(natsMsgList& list, const std::shared_ptr<natsSubscription>& source);

  jsCtx* js_;
  EventLog& log_;
  const ports::QueueOptions options_;
  std::mutex mutex_;
  std::shared_ptr<natsSubscription> subscription_;
};

}  // namespace durward::adapters::nats
