#include "adapters/event_streams/courier.h"

#include "base/log.h"

namespace durward::adapters {

using domain::EventDelivery;
using domain::EventStream;
using ports::StreamClaim;

void Courier::Bench::post(std::function<void()> job) {
  pool_.submit([this, job = std::move(job)] {
    const Scope scope(this);
    job();
  });
}

Courier::Courier(ports::EventDeliveries& deliveries, ports::Configuration& configuration,
                 ports::Committer& committer, ports::StreamDestination& destination, const Clock& clock,
                 Random& random, CourierOptions options, metrics::Registry& registry)
    : deliveries_(deliveries),
      configuration_(configuration),
      committer_(committer),
      destination_(destination),
      clock_(clock),
      random_(random),
      options_(options),
      registry_(registry),
      served_(registry.gauge("durward_event_streams_served", "Event streams that are delivered to now.")),
      rounds_({.name = "event-courier", .pause = Milliseconds(500)}, [this] { return round(); }) {}

Courier::~Courier() { stop(); }

void Courier::start() { rounds_.start(); }

void Courier::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  rounds_.stop();
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return turns_ == 0; });
}

bool Courier::is_stopping() {
  std::lock_guard lock(mutex_);
  return stopping_;
}

Async<std::vector<StreamClaim>> Courier::claim(int64_t limit) {
  return deliveries_.claim(
      {.now = clock_.now(), .lease = options_.lease, .limit = limit, .tenant_max = options_.tenant_max});
}

Async<bool> Courier::round() {
  int64_t room = 0;
  {
    std::lock_guard lock(mutex_);
    room = options_.streams_max - turns_;
  }
  if (room <= 0) co_return false;
  CO_TRY(auto claims, co_await claim(room));
  for (auto& one : claims) begin(std::move(one));
  co_return false;
}

Async<int64_t> Courier::run_once() {
  CO_TRY(auto claims, co_await claim(options_.streams_max));
  for (const auto& one : claims) CO_ENSURE(co_await serve(one));
  co_return int64_t(claims.size());
}

void Courier::begin(StreamClaim claim) {
  {
    std::lock_guard lock(mutex_);
    served_.set(++turns_);
  }
  bench_.post([this, claim = std::move(claim)] { carry(this, claim); });
}

// A claim that was not given back is over after its lease.
Detached Courier::carry(Courier* self, StreamClaim claim) {
  try {
    if (const auto done = co_await self->serve(claim); !done)
      log::warning("an event stream was not served",
                   {{"stream", claim.stream}, {"error", done.error().code}, {"debug", done.error().debug}});
  } catch (const std::exception& failure) {
    log::error("an event stream was not served", {{"stream", claim.stream}, {"reason", failure.what()}});
  }
  self->rounds_.waker()();
  std::lock_guard lock(self->mutex_);
  self->served_.set(--self->turns_);
  self->ended_.notify_all();
}

Async<std::optional<EventStream>> Courier::stream_of(StreamClaim claim) {
  CO_TRY(const auto streams, co_await configuration_.event_streams(claim.tenant));
  for (const auto& stream : *streams)
    if (stream.id == claim.stream) co_return stream;
  co_return std::nullopt;
}

Async<> Courier::put_aside(StreamClaim claim, bool is_gone) {
  if (!is_gone) co_return co_await deliveries_.release(claim, clock_.now() + options_.disabled_pause);
  ports::Writes writes{ports::RemoveEventDeliveries{claim.stream}};
  co_return co_await committer_.commit(claim.tenant, std::move(writes));
}

// Whether the stream is still there and enabled is asked before each delivery.
Async<> Courier::serve(StreamClaim claim) {
  const TimePoint begun = clock_.now();
  TimePoint paused_until = begun;
  CO_TRY(auto due, co_await deliveries_.due(claim, begun, options_.batch));
  for (auto& delivery : due) {
    if (is_stopping() || clock_.now() >= begun + options_.turn) break;
    CO_TRY(auto stream, co_await stream_of(claim));
    if (!stream || !stream->is_enabled) co_return co_await put_aside(std::move(claim), !stream);
    CO_TRY(const bool reached, co_await attempt(claim.tenant, *std::move(stream), std::move(delivery)));
    claim.failures = reached ? 0 : claim.failures + 1;
    if (reached) continue;
    paused_until = clock_.now() + pause_after(claim.failures, options_.longest_stream_pause);
    break;
  }
  co_return co_await deliveries_.release(std::move(claim), paused_until);
}

Async<bool> Courier::attempt(domain::TenantId tenant, EventStream stream, EventDelivery delivery) {
  const TimePoint begun = clock_.now();
  const auto done = co_await destination_.deliver(tenant, stream, delivery.event);
  if (done) {
    count(stream, "delivered");
    CO_ENSURE(co_await deliveries_.delivered(tenant, delivery.stream, delivery.id));
    co_return true;
  }
  const TimePoint now = clock_.now();
  domain::note_failure(delivery, done.error().message, now, now - begun,
                       pause_after(delivery.tries + 1, options_.longest_pause));
  count(stream, delivery.due_at ? "failed" : "given_up");
  CO_ENSURE(co_await deliveries_.failed(tenant, std::move(delivery)));
  co_return done.error().kind != ErrorKind::unavailable;
}

// Somewhere between four and six fifths, so that what failed together does not come back together.
Milliseconds Courier::pause_after(int64_t failures, Seconds longest) {
  const auto doubled = options_.first_pause * (int64_t(1) << std::clamp<int64_t>(failures - 1, 0, 20));
  const Milliseconds pause = std::min(doubled, longest);
  uint8_t drawn[1];
  random_.fill(drawn);
  return pause * 4 / 5 + pause * 2 / 5 * drawn[0] / 255;
}

void Courier::count(const EventStream& stream, std::string_view outcome) {
  registry_
      .counter("durward_event_deliveries_total", "Deliveries to event streams by outcome.",
               std::string("destination=\"") + (stream.action_id.empty() ? "webhook" : "action") +
                   "\",outcome=\"" + std::string(outcome) + "\"")
      .add();
}

}  // namespace durward::adapters
