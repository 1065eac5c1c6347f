#include "extensions/registration.h"

#include <algorithm>

#include "base/excerpt.h"
#include "extensions/hooks.h"

namespace durward::extensions {
namespace {

constexpr std::string_view trigger = "pre-user-registration";

json::Object event_of(const RegistrationFacts& facts) {
  json::Object event{{"tenant", tenant_event(*facts.context.tenant)},
                     {"connection", connection_event(facts.connection)},
                     {"request", request_event(facts.context, facts.request)},
                     {"user", facts.user}};
  if (facts.client) event["client"] = client_event(*facts.client);
  json::Object transaction = facts.transaction;
  for (const auto name : {"acr_values", "requested_scopes", "ui_locales"})
    transaction.emplace(name, json::Array());
  event["transaction"] = std::move(transaction);
  return event;
}

void apply(RegistrationVerdict& verdict, const Command& command) {
  verdict.metadata.note(command);
  if (verdict.denial) return;
  if (command.name == "access.deny")
    verdict.denial = Error{ErrorKind::invalid, "extensibility_error", excerpt(command.text(1), words_max),
                           excerpt(command.text(0), words_max)};
  if (command.name == "validation.error")
    verdict.denial = Error{ErrorKind::invalid, "validation_error", excerpt(command.text(1), words_max),
                           excerpt(command.text(0), words_max)};
}

}  // namespace

Async<RegistrationVerdict> pre_user_registration(const ports::Services& services, RegistrationFacts facts) {
  RegistrationVerdict verdict;
  const auto tenant = facts.context.tenant->id;
  CO_TRY(const bool bound, co_await is_bound(services, tenant, std::string(trigger)));
  if (!bound) co_return co_await pre_user_registration_hook(services, std::move(facts), std::move(verdict));
  CO_TRY(auto outcome, co_await run_trigger(services, {.tenant = tenant,
                                                       .trigger = std::string(trigger),
                                                       .event = event_of(facts),
                                                       .now = facts.context.now}));
  for (const auto& performed : outcome.performed)
    for (const auto& command : performed.commands) apply(verdict, command);
  if (outcome.failure)
    verdict.denial = outcome.failure->to_error(
        {ErrorKind::invalid, "extensibility_error", "The registration could not be completed.", {}});
  verdict.trace = outcome.trace();
  verdict.writes = std::move(outcome.writes);
  co_return verdict;
}

}  // namespace durward::extensions
