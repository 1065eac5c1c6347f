#pragma once
#include <string>
#include <vector>

#include "adapters/nats/handles.h"
#include "base/clock.h"
#include "domain/event.h"
#include "ports/storage/outbox.h"

namespace durward::adapters::nats {

struct StreamOptions {
  std::string name;     // of the stream and the first word of its subjects
  Seconds retention{};  // as long as the outbox keeps events
  int64_t replicas = 1;
};

// The stream of all events: subject NAME.events.TENANT.TYPE, message id = event id, body = the event as JSON.
// Message numbers of the broker are not offsets; a repeated stretch only goes back, so everything after an
// offset comes after any message with at most that offset.
class EventLog {
 public:
  EventLog(jsCtx* js, StreamOptions options) : js_(js), options_(std::move(options)) {}

  const std::string& name() const { return options_.name; }
  std::string subject(const domain::Event& event) const;
  std::string subject(const ports::EventFilter& filter) const;

  Result<> make();  // fine when it exists
  Result<int64_t> newest_offset();
  // Of the first message from this number on; nothing when there is none.
  Result<std::optional<TimePoint>> time_of_next(const ports::EventFilter& filter, uint64_t sequence);
  Result<> append(const domain::Event& event);
  Result<std::vector<domain::Event>> read(const ports::EventFilter& filter, int64_t offset, int64_t limit);

 private:
  Result<StreamInfo> info();
  Result<int64_t> offset_at(uint64_t sequence, uint64_t first);
  Result<uint64_t> first_after(int64_t offset);
  Result<Subscription> reader(const ports::EventFilter& filter, uint64_t first);

  jsCtx* js_;
  const StreamOptions options_;
};

// invalid/"invalid_event" for what is none.
Result<domain::Event> event_of(natsMsg* message);

}  // namespace durward::adapters::nats
