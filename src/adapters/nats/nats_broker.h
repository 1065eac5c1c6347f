#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ports/broker.h"

namespace durward::adapters {

struct NatsOptions {
  std::vector<std::string> servers;  // nats://host:port or tls://host:port
  std::string user, password;        // empty: none
  std::string ca_file;               // of tls://; empty: the system's
  std::string stream = "durward";
  Seconds retention{7 * 86400};  // of the stream; not shorter than that of the outbox
  int64_t replicas = 1;          // of the stream, in a cluster of servers
  Milliseconds timeout{5000};    // of one request
};

// The broker on NATS JetStream: one stream, whose subjects are STREAM.events.TENANT.TYPE, and a durable pull
// consumer for each queue. It makes both itself, also again after the broker lost them. A server that is away
// is `unavailable`; the connection comes back by itself, with jittered pauses. Thread-safe; methods block.
class NatsBroker : public ports::Broker {
 public:
  // Does not need the server to be there. invalid/"bad_option" for addresses that are none.
  static Result<std::unique_ptr<NatsBroker>> open(NatsOptions options);
  ~NatsBroker() override;

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
  struct Impl;
  explicit NatsBroker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace durward::adapters
