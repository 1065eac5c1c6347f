#pragma once
#include "ports/services.h"

// The trigger event-stream: the action that a stream names gets each of its events.
namespace durward::extensions {

// Runs the deployed action with `message`, an event of CloudEvents, as event.message, and keeps the record of
// the execution. Errors: unavailable when code cannot be run now, not_found/"action_not_deployed",
// conflict/"action_failed" with what went wrong in words for the tenant's administrators.
Async<> run_event_stream(const ports::Services& services, domain::TenantId tenant, std::string action_id,
                         json::Object message);

}  // namespace durward::extensions
