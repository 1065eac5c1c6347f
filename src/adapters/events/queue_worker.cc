#include "adapters/events/queue_worker.h"

#include "base/executor.h"
#include "base/log.h"

namespace durward::adapters {

namespace {

// 30 s, doubled with each attempt up to an hour: twelve attempts take about six hours.
Seconds pause_after(int64_t attempt, const QueueWorkerOptions& options) {
  const auto pause = options.first_pause * (int64_t(1) << std::min<int64_t>(attempt - 1, 20));
  return std::min(pause, options.longest_pause);
}

std::string label(const ports::QueueOptions& queue) { return "queue=\"" + queue.name + "\""; }

}  // namespace

QueueWorker::QueueWorker(ports::WorkQueues& queues, ports::Outbox& outbox, Consumer& consumer,
                         const Clock& clock, ports::QueueOptions queue, QueueWorkerOptions options,
                         metrics::Registry& registry)
    : queues_(queues),
      outbox_(outbox),
      consumer_(consumer),
      clock_(clock),
      queue_(std::move(queue)),
      options_(options),
      registry_(registry),
      age_(registry.gauge("durward_queue_age_seconds", "Age of the oldest event not yet acknowledged.",
                          label(queue_))),
      rounds_({.name = queue_.name + "-queue", .pause = Milliseconds(500)}, [this] { return round(); }) {}

void QueueWorker::start() { rounds_.start(); }

void QueueWorker::stop() {
  rounds_.stop([this] { queues_.interrupt(); });
  if (!std::exchange(declared_, false)) return;
  if (auto left = run_sync(queues_.leave(queue_.name)); !left)
    log::warning("a queue was not left", {{"queue", queue_.name}, {"error", left.error().code}});
}

Async<int64_t> QueueWorker::run_once() { return handle_due(Milliseconds(0)); }

Async<bool> QueueWorker::round() {
  CO_ENSURE(co_await handle_due(options_.wait));
  co_return true;  // fetch waits, nobody else has to
}

Async<int64_t> QueueWorker::handle_due(Milliseconds wait) {
  if (!declared_) CO_ENSURE(co_await queues_.declare(queue_));
  declared_ = true;
  CO_ENSURE(co_await measure());
  CO_TRY(auto deliveries, co_await queues_.fetch(queue_.name, options_.batch, wait));
  const auto fetched = int64_t(deliveries.size());
  if (options_.side_by_side && !rounds_.is_stopping()) {
    CO_ENSURE(co_await handle_all(std::move(deliveries)));
    co_return fetched;
  }
  int64_t handled = 0;
  for (auto& delivery : deliveries) {
    if (rounds_.is_stopping()) {
      CO_ENSURE(co_await queues_.retry(queue_.name, std::move(delivery), Milliseconds(0)));
      continue;
    }
    CO_ENSURE(co_await handle(std::move(delivery)));
    ++handled;
  }
  co_return handled;
}

// Deliveries under way on the executor of the round, which goes on when none is left.
struct QueueWorker::Batch {
  size_t left = 0;
  std::function<void()> resume;
  Result<> outcome;
  std::exception_ptr failure;
};

Detached QueueWorker::handle_beside(ports::Delivery delivery, Batch& batch) {
  try {
    if (auto done = co_await handle(std::move(delivery)); !done) batch.outcome = std::move(done);
  } catch (...) {
    batch.failure = std::current_exception();
  }
  if (--batch.left == 0 && batch.resume) batch.resume();
}

Async<> QueueWorker::handle_all(std::vector<ports::Delivery> deliveries) {
  Batch batch{.left = deliveries.size() + 1};
  for (auto& delivery : deliveries) handle_beside(std::move(delivery), batch);
  co_await Suspend{[&batch](std::function<void()> resume) {
    batch.resume = std::move(resume);
    if (--batch.left == 0) batch.resume();
  }};
  if (batch.failure) std::rethrow_exception(batch.failure);
  co_return std::move(batch.outcome);
}

Async<> QueueWorker::measure() {
  const TimePoint now = clock_.now();
  if (measured_at_ && now < *measured_at_ + options_.measure) co_return Result<>();
  CO_TRY(const auto oldest, co_await queues_.oldest(queue_.name));
  const auto age = std::chrono::duration_cast<Seconds>(oldest ? now - *oldest : Milliseconds(0));
  age_.set(std::max<int64_t>(0, age.count()));
  measured_at_ = now;
  co_return Result<>();
}

Async<> QueueWorker::handle(ports::Delivery delivery) {
  if (auto done = co_await consumer_.handle(delivery.event); !done)
    co_return co_await settle(std::move(delivery), std::move(done).error());
  count("done");
  co_return co_await queues_.ack(queue_.name, std::move(delivery));
}

Async<> QueueWorker::settle(ports::Delivery delivery, Error error) {
  if (error.kind == ErrorKind::invalid || delivery.attempt >= options_.attempts_max)
    co_return co_await bury(std::move(delivery), std::move(error));
  count("retried");
  log::warning("an event is handled again later", {{"queue", queue_.name},
                                                   {"event", delivery.event.id},
                                                   {"attempt", delivery.attempt},
                                                   {"error", error.code},
                                                   {"debug", error.debug}});
  const auto pause = pause_after(delivery.attempt, options_);
  CO_ENSURE(co_await consumer_.postponed(delivery.event, clock_.now() + pause));
  co_return co_await queues_.retry(queue_.name, std::move(delivery), pause);
}

Async<> QueueWorker::bury(ports::Delivery delivery, Error error) {
  count("dead");
  log::error("an event could not be handled", {{"queue", queue_.name},
                                               {"event", delivery.event.id},
                                               {"attempts", delivery.attempt},
                                               {"error", error.code},
                                               {"debug", error.debug}});
  CO_ENSURE(co_await outbox_.bury(
      {queue_.name, delivery.event, delivery.attempt, std::move(error.code), clock_.now()}));
  CO_ENSURE(co_await consumer_.give_up(delivery.event));
  co_return co_await queues_.ack(queue_.name, std::move(delivery));
}

void QueueWorker::count(std::string_view outcome) {
  registry_
      .counter("durward_deliveries_total", "Events of queues by outcome.",
               label(queue_) + ",outcome=\"" + std::string(outcome) + "\"")
      .add();
}

}  // namespace durward::adapters
