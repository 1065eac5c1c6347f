#include "adapters/event_streams/fan_out.h"

#include "domain/event_stream.h"

namespace durward::adapters {
namespace {

// A queue that is read again from its beginning is no news of last week; clocks of machines may differ.
constexpr Seconds clock_difference{60};

ports::Write line_up(const domain::Event& event, const domain::EventStream& stream,
                     const domain::EventSource& source, TimePoint now) {
  return ports::InsertEventDelivery{{.stream = stream.id,
                                     .id = event.id,
                                     .type = event.type,
                                     .event = domain::cloud_event(event, source, stream.id),
                                     .created_at = event.time,
                                     .queued_at = now,
                                     .due_at = now}};
}

}  // namespace

ports::QueueOptions event_stream_queue() { return {.name = "event_streams", .pattern = "user.*"}; }

// A stream that was made before the event gets it, also when another process made it a moment ago.
Async<> EventFanOut::handle(domain::Event event) {
  CO_ENSURE(co_await configuration_.catch_up(event.tenant));
  CO_TRY(const auto streams, co_await configuration_.event_streams(event.tenant));
  if (streams->empty()) co_return Result<>();
  CO_TRY(const auto tenant, co_await tenants_.find(event.tenant));
  if (!tenant) co_return Result<>();
  ports::Writes writes;
  for (const auto& stream : *streams)
    if (stream.wants(event.type) && stream.created_at <= event.time + clock_difference)
      writes.push_back(line_up(event, stream, {tenant->name, domain_}, clock_.now()));
  if (writes.empty()) co_return Result<>();
  CO_ENSURE(co_await committer_.commit(event.tenant, std::move(writes)));
  wake_();
  co_return Result<>();
}

Async<> EventFanOut::give_up(domain::Event) { co_return Result<>(); }

}  // namespace durward::adapters
