#include "extensions/credentials_exchange.h"

#include <algorithm>

#include "base/excerpt.h"
#include "extensions/hooks.h"

namespace durward::extensions {
namespace {

constexpr std::string_view trigger = "credentials-exchange";
constexpr size_t claims_max = 100 << 10;

json::Object event_of(const ProgramFacts& facts) {
  return {
      {"tenant", tenant_event(*facts.context.tenant)},
      {"client", client_event(*facts.client)},
      {"request", request_event(facts.context, facts.request)},
      {"resource_server", json::Object{{"identifier", facts.audience}}},
      {"accessToken", json::Object{{"customClaims", json::Object()}, {"scope", json::array_of(facts.scope)}}},
      {"transaction", json::Object{{"requested_scopes", json::array_of(facts.scope)},
                                   {"target_scopes", json::array_of(facts.scope)}}}};
}

// RFC 6749 §5.2 knows the first two; the API's third one is our trouble.
Error denial_of(const Command& command) {
  const std::string code = command.text(0);
  const auto kind = code == "server_error" ? ErrorKind::internal : ErrorKind::invalid;
  return {kind, code, excerpt(command.text(1), words_max), {}};
}

void apply(ProgramVerdict& verdict, const Command& command) {
  auto& scope = verdict.scope;
  if (command.name == "access.deny" && !verdict.denial) verdict.denial = denial_of(command);
  if (command.name == "accessToken.setCustomClaim" && judge_claim(command.text(0)) == ClaimName::free) {
    if (command.args[1].is_null())
      verdict.claims.erase(command.text(0));
    else
      verdict.claims[command.text(0)] = command.args[1];
  }
  if (command.name == "transaction.addTargetScope" &&
      std::ranges::find(scope, command.text(0)) == scope.end())
    scope.push_back(command.text(0));
  if (command.name == "transaction.removeTargetScope") std::erase(scope, command.text(0));
  if (command.name == "transaction.clearTargetScopes") scope.clear();
  if (command.name == "transaction.setTargetScopes") {
    scope.clear();
    for (const auto& word : command.args[0].get_array()) scope.emplace_back(json::view(word.get_string()));
  }
}

}  // namespace

Async<ProgramVerdict> credentials_exchange(const ports::Services& services, ProgramFacts facts) {
  ProgramVerdict verdict{.scope = facts.scope};
  const auto tenant = facts.context.tenant->id;
  CO_TRY(const bool bound, co_await is_bound(services, tenant, std::string(trigger)));
  if (!bound) co_return co_await credentials_exchange_hook(services, std::move(facts), std::move(verdict));
  CO_TRY(auto outcome, co_await run_trigger(services, {.tenant = tenant,
                                                       .trigger = std::string(trigger),
                                                       .event = event_of(facts),
                                                       .now = facts.context.now}));
  for (const auto& performed : outcome.performed)
    for (const auto& command : performed.commands) apply(verdict, command);
  if (outcome.failure)
    verdict.denial = outcome.failure->to_error(
        {ErrorKind::internal, "server_error", "The token request could not be completed.", {}});
  if (!verdict.denial && json::serialize(verdict.claims).size() > claims_max)
    verdict.denial = Error{ErrorKind::internal, "server_error", "The custom claims are too large.", {}};
  verdict.trace = outcome.trace();
  verdict.writes = std::move(outcome.writes);
  co_return verdict;
}

}  // namespace durward::extensions
