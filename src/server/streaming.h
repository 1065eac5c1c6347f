#pragma once
#include "adapters/event_streams/courier.h"
#include "adapters/event_streams/fan_out.h"
#include "adapters/event_streams/webhook.h"
#include "ports/broker.h"
#include "server/wiring.h"

namespace durward::server {

// Webhooks, and actions of the tenant.
class StreamDestinations : public ports::StreamDestination {
 public:
  explicit StreamDestinations(Core& core) : core_(core), webhook_(core.tenant_fetcher()) {}
  Async<> deliver(domain::TenantId tenant, domain::EventStream stream, json::Object event) override;

 private:
  Core& core_;
  adapters::Webhook webhook_;
};

// What the worker does for event streams: events become deliveries, deliveries go where their streams lead.
class Streaming {
 public:
  // All arguments outlive it, but the settings.
  Streaming(Core& core, ports::Broker& broker, const Settings& settings);
  void start();
  void stop();  // after what is under way; idempotent

 private:
  StreamDestinations destinations_;
  adapters::Courier courier_;
  adapters::EventFanOut fan_out_;
  adapters::QueueWorker queue_;
};

}  // namespace durward::server
