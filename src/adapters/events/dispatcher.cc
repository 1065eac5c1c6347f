#include "adapters/events/dispatcher.h"

#include "base/log.h"

namespace durward::adapters {

Dispatcher::Dispatcher(ports::Outbox& outbox, ports::Leases& leases, ports::EventSink& sink,
                       const Clock& clock, std::string owner, DispatcherOptions options,
                       metrics::Registry& registry)
    : outbox_(outbox),
      sink_(sink),
      clock_(clock),
      options_(options),
      lease_(leases, clock, {reader, std::move(owner)}, options.lease),
      age_(registry.gauge("durward_outbox_age_seconds", "Age of the oldest event not yet published.")),
      lag_(registry.gauge("durward_outbox_lag_events", "Events not yet published.")),
      leader_(registry.gauge("durward_outbox_leader", "1 in the process that publishes events.")),
      published_(registry.counter("durward_events_published_total", "Events taken to the broker.")) {}

Async<int64_t> Dispatcher::round() {
  // In this order: a leader elsewhere publishes before it moves the position, so a broker that holds less
  // than the position read before really lost something.
  CO_TRY(int64_t position, co_await outbox_.position(reader));
  CO_TRY(position, co_await start_of(position));
  CO_TRY(auto page, co_await outbox_.read({.after = position, .limit = options_.batch}));
  CO_ENSURE(co_await measure(page, position));
  if (page.scanned_to == position) co_return 0;
  CO_TRY(const bool leads, co_await lease_.hold());
  leader_.set(leads);
  if (!leads) co_return 0;
  co_return co_await dispatch(std::move(page));
}

// Where to go on: the position, or before it what the broker still holds.
Async<int64_t> Dispatcher::start_of(int64_t position) {
  const TimePoint now = clock_.now();
  if (checked_at_ && now < *checked_at_ + options_.check) co_return position;
  CO_TRY(const auto held, co_await sink_.held());
  if (held && *held < position) {
    CO_TRY(const bool leads, co_await lease_.hold());
    if (!leads) co_return position;
    log::warning("the broker lost events and is filled again", {{"held", *held}, {"published", position}});
    CO_ENSURE(co_await move_to(*held));
    position = *held;
  }
  checked_at_ = now;
  co_return position;
}

Async<int64_t> Dispatcher::dispatch(ports::EventPage page) {
  const auto count = int64_t(page.events.size());
  if (auto done = co_await sink_.publish(std::move(page.events)); !done) {
    checked_at_.reset();
    co_return std::unexpected(std::move(done).error());
  }
  published_.add(uint64_t(count));
  CO_ENSURE(co_await move_to(page.scanned_to));
  co_return count;
}

Async<> Dispatcher::move_to(int64_t offset) {
  auto moved = co_await outbox_.set_position(reader, offset, lease_.lease(), clock_.now());
  if (moved) co_return Result<>();
  lease_.lost();
  leader_.set(0);
  co_return std::unexpected(std::move(moved).error());
}

Async<> Dispatcher::measure(const ports::EventPage& page, int64_t position) {
  CO_TRY(const auto span, co_await outbox_.span());
  const auto age = page.events.empty() ? Milliseconds(0) : clock_.now() - page.events.front().time;
  age_.set(std::max<int64_t>(0, std::chrono::duration_cast<Seconds>(age).count()));
  lag_.set(std::max<int64_t>(0, span.newest - std::max(position, span.oldest - 1)));
  co_return Result<>();
}

Async<> Dispatcher::resign() {
  leader_.set(0);
  return lease_.release();
}

}  // namespace durward::adapters
