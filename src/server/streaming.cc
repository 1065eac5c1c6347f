#include "server/streaming.h"

#include "extensions/event_stream.h"

namespace durward::server {

Async<> StreamDestinations::deliver(domain::TenantId tenant, domain::EventStream stream, json::Object event) {
  if (stream.action_id.empty()) return webhook_.deliver(tenant, std::move(stream), std::move(event));
  return extensions::run_event_stream(core_.services(), tenant, std::move(stream.action_id),
                                      std::move(event));
}

Streaming::Streaming(Core& core, ports::Broker& broker, const Settings& settings)
    : destinations_(core),
      courier_(core.services().event_deliveries, core.services().configuration, core.services().committer,
               destinations_, core.clock(), core.random(), {}, core.metrics()),
      fan_out_(core.services().configuration, core.services().tenants, core.services().committer,
               core.clock(), settings.text("base-domain")),
      queue_(broker, core.outbox(), fan_out_, core.clock(), adapters::event_stream_queue(), {},
             core.metrics()) {
  fan_out_.on_delivery(courier_.waker());
}

void Streaming::start() {
  courier_.start();
  queue_.start();
}

void Streaming::stop() {
  queue_.stop();
  courier_.stop();
}

}  // namespace durward::server
