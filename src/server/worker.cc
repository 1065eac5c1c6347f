#include "server/worker.h"

#include "adapters/events/local_broker.h"
#include "adapters/nats/nats_broker.h"
#include "base/executor.h"
#include "base/log.h"

namespace durward::server {

namespace {
constexpr int64_t sweep_limit = 5000;

adapters::NatsOptions nats_options(const Settings& settings) {
  adapters::NatsOptions options;
  options.servers = settings.list("events");
  options.user = settings.text("events-user");
  options.password = settings.text("events-password");
  options.ca_file = settings.text("events-ca");
  options.retention = Seconds(settings.integer("event-days") * 86400);
  return options;
}

Result<std::unique_ptr<ports::Broker>> open_broker(Core& core, const Settings& settings) {
  if (settings.list("events").empty())
    return std::make_unique<adapters::LocalBroker>(core.outbox(), core.leases(), core.clock(),
                                                   core.process_id());
  return adapters::NatsBroker::open(nats_options(settings));
}
}  // namespace

Result<std::unique_ptr<Worker>> Worker::open(Core& core, const Settings& settings) {
  TRY(auto broker, open_broker(core, settings));
  TRY(auto egress, adapters::sandbox::EgressPolicy::parse(settings.list("egress-allow")));
  return std::make_unique<Worker>(core, std::move(broker), settings, std::move(egress));
}

Worker::Worker(Core& core, std::unique_ptr<ports::Broker> broker, const Settings& settings,
               adapters::sandbox::EgressPolicy egress)
    : core_(core),
      broker_(std::move(broker)),
      dispatcher_(core.outbox(), core.leases(), *broker_, core.clock(), core.process_id(), {},
                  core.metrics()),
      dispatching_({.name = "dispatcher"}, [this] { return dispatch(); }),
      notifying_(core, *broker_, settings, std::move(egress)),
      streaming_(core, *broker_, settings),
      sweeping_({.name = "sweeper", .pause = Seconds(60)}, [this] { return sweep(); }) {}

Worker::~Worker() { stop(); }

void Worker::start() {
  started_ = true;
  core_.outbox().on_event(dispatching_.waker());
  dispatching_.start();
  notifying_.start();
  streaming_.start();
  sweeping_.start();
}

void Worker::stop() {
  if (!std::exchange(started_, false)) return;
  core_.outbox().on_event({});
  dispatching_.stop();
  notifying_.stop();
  streaming_.stop();
  sweeping_.stop();
  if (auto resigned = run_sync(dispatcher_.resign()); !resigned)
    log::warning("the lease of the dispatcher was not given back", {{"error", resigned.error().code}});
}

Async<bool> Worker::dispatch() {
  CO_TRY(const int64_t published, co_await dispatcher_.round());
  co_return published > 0;
}

Async<bool> Worker::sweep() {
  CO_TRY(const int64_t removed, co_await core_.jobs().sweep(core_.clock().now(), sweep_limit));
  co_return removed >= sweep_limit;
}

}  // namespace durward::server
