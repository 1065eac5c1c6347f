#pragma once
#include <memory>

#include "adapters/events/dispatcher.h"
#include "adapters/events/rounds.h"
#include "ports/broker.h"
#include "server/notifying.h"
#include "server/streaming.h"

namespace durward::server {

// The role "worker": takes events from the outbox to the broker, delivers mails and phone messages, and
// events to event streams, sweeps expired rows.
class Worker {
 public:
  // Chooses the broker; does not need it to be there. Errors: those of its settings.
  static Result<std::unique_ptr<Worker>> open(Core& core, const Settings& settings);
  Worker(Core& core, std::unique_ptr<ports::Broker> broker, const Settings& settings,
         adapters::sandbox::EgressPolicy egress);
  ~Worker();  // stops

  void start();
  void stop();  // after what is under way; idempotent

 private:
  Async<bool> dispatch();
  Async<bool> sweep();

  Core& core_;
  const std::unique_ptr<ports::Broker> broker_;
  adapters::Dispatcher dispatcher_;
  adapters::Rounds dispatching_;
  Notifying notifying_;
  Streaming streaming_;
  adapters::Rounds sweeping_;
  bool started_ = false;
};

}  // namespace durward::server
