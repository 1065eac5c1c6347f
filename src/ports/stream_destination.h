#pragma once
#include "base/task.h"
#include "domain/event_stream.h"
#include "domain/tenant.h"

namespace durward::ports {

// Brings an event to where its stream leads. Returns once it has arrived. Errors, whose message the tenant's
// administrators see: unavailable when the destination as a whole cannot be reached now, so that the next
// event would fare no better; any other when it did not take this one. Thread-safe.
class StreamDestination {
 public:
  virtual ~StreamDestination() = default;
  virtual Async<> deliver(domain::TenantId tenant, domain::EventStream stream, json::Object event) = 0;
};

}  // namespace durward::ports
