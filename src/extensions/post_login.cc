#include "extensions/post_login.h"

#include <algorithm>

#include "extensions/login_commands.h"
#include "extensions/login_event.h"
#include "extensions/rules.h"
#include "extensions/trigger.h"

namespace durward::extensions {
namespace {

// One login on its way through its scripts.
struct Run {
  LoginFacts facts;
  LoginVerdict verdict;
  json::Array rules_executed;
};

Async<> change_user(const ports::Services& services, Run& run) {
  const std::string wanted = wanted_user(run.facts, run.verdict);
  if (wanted.empty()) co_return Result<>();
  CO_TRY(auto primary, co_await services.users.find(run.facts.context.tenant->id, wanted));
  become(run.facts, run.verdict, std::move(primary));
  co_return Result<>();
}

void write_user(Run& run) {
  if (!run.verdict.user_changed) return;
  auto& user = run.verdict.user;
  user.updated_at = run.facts.context.now;
  std::vector<domain::Identifier> identifiers;
  for (const auto& identity : user.identities)
    std::ranges::move(domain::identifiers_of(user, identity), std::back_inserter(identifiers));
  run.verdict.writes.push_back(ports::ReplaceUser{user, std::move(identifiers)});
}

Async<> rules_step(const ports::Services& services, Run& run, const json::Array& roles) {
  auto& verdict = run.verdict;
  if (verdict.progress.rules_done) co_return Result<>();
  CO_TRY(auto rules, co_await run_rules(services, run.facts, roles));
  verdict.progress.rules_done = true;
  // Who came back for the rules has not been at an action yet.
  run.facts.came_back.reset();
  if (!rules.ran) co_return Result<>();
  verdict.tokens = std::move(rules.tokens);
  verdict.denial = std::move(rules.denial);
  if (!verdict.denial && rules.wants_factor) no_factor(verdict);
  verdict.progress.primary_user = std::move(rules.primary_user);
  run.rules_executed = std::move(rules.executed);
  verdict.trace["rules"] = std::move(rules.trace);
  std::ranges::move(rules.writes, std::back_inserter(verdict.writes));
  if (rules.redirect) {
    verdict.redirect = std::move(rules.redirect);
    verdict.progress.rules_done = false;
  }
  co_return Result<>();
}

Async<> actions_step(const ports::Services& services, Run& run, json::Array roles) {
  auto& verdict = run.verdict;
  TriggerCall call{.tenant = run.facts.context.tenant->id,
                   .trigger = std::string(post_login_trigger),
                   .event = login_event(run.facts, verdict.progress, roles),
                   .now = run.facts.context.now};
  call.more["roles"] = std::move(roles);
  call.more["rules_executed"] = run.rules_executed;
  if (run.facts.came_back) {
    call.more["continue"] = *run.facts.came_back;
    call.resume_at = verdict.progress.binding;
    call.resume_before = verdict.progress.before;
  }
  CO_TRY(auto outcome, co_await run_trigger(services, std::move(call)));
  verdict = decide(run.facts, std::move(verdict), outcome.performed, outcome.failure);
  if (verdict.redirect) verdict.progress.before = outcome.before;
  if (!outcome.execution_id.empty()) verdict.trace["actions"] = outcome.trace();
  std::ranges::move(outcome.writes, std::back_inserter(verdict.writes));
  co_return Result<>();
}

}  // namespace

Async<bool> has_login_scripts(const ports::Services& services, domain::TenantId tenant) {
  CO_TRY(const auto scripts, co_await services.configuration.scripts(tenant));
  co_return !scripts->rules.empty() || !scripts->bound_to(post_login_trigger).empty();
}

Async<LoginVerdict> post_login(const ports::Services& services, LoginFacts facts) {
  const auto tenant = facts.context.tenant->id;
  Run run{.facts = std::move(facts), .verdict = {}};
  auto& verdict = run.verdict;
  verdict = begin_verdict(run.facts);
  CO_TRY(verdict.ran, co_await has_login_scripts(services, tenant));
  if (!verdict.ran) co_return std::move(verdict);

  CO_TRY(auto roles, co_await roles_of_user(services, tenant, run.facts.user.user_id));
  CO_ENSURE(co_await rules_step(services, run, roles));
  if (verdict.denial || verdict.redirect) {
    conclude(run.facts, verdict);
  } else {
    CO_ENSURE(co_await actions_step(services, run, std::move(roles)));
  }
  CO_ENSURE(co_await change_user(services, run));
  write_user(run);
  co_return std::move(verdict);
}

}  // namespace durward::extensions
