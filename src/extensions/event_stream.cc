#include "extensions/event_stream.h"

#include "base/log.h"
#include "extensions/trigger.h"

namespace durward::extensions {
namespace {

Error error_of(const Failure& failure) {
  return {failure.is_overload ? ErrorKind::unavailable : ErrorKind::conflict, "action_failed",
          failure.to_text(), failure.kind, failure.retry_after};
}

}  // namespace

Async<> run_event_stream(const ports::Services& services, domain::TenantId tenant, std::string action_id,
                         json::Object message) {
  CO_TRY(auto outcome, co_await run_trigger(services, {.tenant = tenant,
                                                       .trigger = "event-stream",
                                                       .event = {{"message", std::move(message)}},
                                                       .action_id = std::move(action_id),
                                                       .now = services.clock.now()}));
  if (outcome.execution_id.empty())
    co_return fail(ErrorKind::not_found, "action_not_deployed", "The action is not deployed.");
  // The action ran: a record that is lost is no reason to run it again.
  const auto kept = co_await services.committer.commit(tenant, std::move(outcome.writes));
  if (!kept) log::warning("a record of scripts was lost", {{"error", kept.error().code}});
  if (outcome.failure) co_return std::unexpected(error_of(*outcome.failure));
  co_return Result<>();
}

}  // namespace durward::extensions
