#include "extensions/trigger.h"

#include <algorithm>
#include <span>

#include "base/encoding.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "domain/trigger.h"
#include "extensions/script_cache.h"

namespace durward::extensions {
namespace {

using Bindings = std::vector<domain::BoundScript>;

std::string name_of(std::span<const domain::BoundScript> bindings) {
  if (bindings.empty()) return {};
  std::string ids;
  for (const auto& binding : bindings) ids += binding.binding_id + "\n";
  return to_base64url(crypto::sha256(ids));
}

std::string name_before(const Bindings& bound, Bindings::const_iterator at) {
  return name_of(std::span(bound).first(size_t(at - bound.begin())));
}

// One execution on its way.
struct Run {
  const ports::Services& services;
  TriggerCall call;
  std::shared_ptr<const domain::TenantScripts> scripts;  // keeps what `bound` refers to
  const Bindings& bound;
  size_t from = 0;       // the first binding that runs
  bool resumes = false;  // ... with its handler for people who come back
  json::Object cache;
  TriggerOutcome out;
  json::Array results;  // of the execution's record
  bool failed = false;
};

json::Object handler_input(const Run& run) {
  json::Object input = run.call.more;
  input["event"] = run.call.event;
  input["cache"] = run.cache;
  return input;
}

ports::ScriptCall call_from(const Run& run, size_t first) {
  const auto* trigger = domain::find_trigger(run.call.trigger);
  ports::ScriptCall out{
      .contract = ports::Contract::action,
      .trigger = run.call.trigger,
      .handler = std::string(run.resumes && first == run.from ? trigger->resume_handler : trigger->handler),
      .input = handler_input(run),
      .within = trigger_time};
  for (size_t i = first; i < run.bound.size(); ++i) out.scripts.push_back(run.bound[i].script);
  return out;
}

bool ends(std::string_view trigger, const std::vector<Command>& commands) {
  return std::ranges::any_of(commands,
                             [&](const auto& one) { return find_command(trigger, one.name)->ends; });
}

void note_failure(Run& run, const domain::BoundScript& binding, const ports::ScriptResult& result,
                  const ports::ScriptError& error) {
  run.failed = true;
  run.results.push_back(record_of(result, binding, error));
  if (!binding.fail_open)
    run.out.failure = Failure{.action = binding.script->name, .kind = error.kind, .message = error.message};
}

// What comes after a result: the next one, a new call from a binding on, or the end.
enum class Next { result, call, end };

Next take(Run& run, const domain::BoundScript& binding, const ports::ScriptResult& result) {
  auto error = result.error;
  auto commands = judge_all(run.call.trigger, result.commands);
  if (!commands && !error)
    error = ports::ScriptError{.kind = "invalid", .name = {}, .message = commands.error().message};
  if (error) {
    note_failure(run, binding, result, *error);
    return run.out.failure ? Next::end : Next::call;
  }
  const bool is_last = ends(run.call.trigger, *commands);
  run.out.performed.push_back({binding.binding_id, binding.script->name, std::move(*commands)});
  run.results.push_back(record_of(result, run.out.performed.back()));
  return is_last ? Next::end : Next::result;
}

// Nothing ran: bindings that fail open are passed over, the first that fails closed ends it.
void not_run(Run& run, size_t first, const Error& error) {
  run.failed = true;
  log::warning("scripts could not be run", {{"tenant", std::to_string(run.call.tenant.value)},
                                            {"trigger", run.call.trigger},
                                            {"reason", error.code}});
  for (size_t i = first; i < run.bound.size() && !run.out.failure; ++i) {
    const auto& binding = run.bound[i];
    run.results.push_back(record_of(binding, error));
    if (binding.fail_open) continue;
    run.out.failure = Failure{.action = binding.script->name,
                              .kind = error.code,
                              .message = error.message,
                              .is_overload = error.kind == ErrorKind::unavailable,
                              .retry_after = error.retry_after};
  }
}

void apply_cache(Run& run) {
  for (const auto& performed : run.out.performed) change_cache(run.cache, performed.commands, run.call.now);
}

void finish(Run& run) {
  if (!run.out.performed.empty())
    run.out.before = name_before(run.bound, std::ranges::find(run.bound, run.out.performed.back().binding,
                                                              &domain::BoundScript::binding_id));
  auto record =
      execution_of(run.services, run.call.trigger, std::move(run.results), run.failed, run.call.now);
  run.out.execution_id = record.execution.id;
  run.out.writes.push_back(std::move(record));
}

bool uses_cache(const Bindings& bound) {
  return std::ranges::any_of(bound,
                             [](const auto& binding) { return binding.script->code.contains("cache"); });
}

Bindings named(const domain::TenantScripts& scripts, const TriggerCall& call) {
  const auto action = scripts.actions.find(call.action_id);
  if (action == scripts.actions.end()) return {};
  return {{.script = action->second,
           .binding_id = call.action_id,
           .display_name = action->second->name,
           .version = std::string(domain::find_trigger(call.trigger)->version)}};
}

void find_start(Run& run) {
  const auto at = std::ranges::find(run.bound, run.call.resume_at, &domain::BoundScript::binding_id);
  if (run.call.resume_at.empty() || at == run.bound.end()) return;
  if (name_before(run.bound, at) != run.call.resume_before) return;
  run.from = size_t(at - run.bound.begin());
  run.resumes = true;
}

Async<> run_bindings(Run& run) {
  for (size_t first = run.from; first < run.bound.size();) {
    auto outcome = co_await run.services.scripts.run(run.call.tenant, call_from(run, first));
    if (!outcome) {
      not_run(run, first, outcome.error());
      co_return Result<>();
    }
    size_t at = first;
    Next next = Next::result;
    for (const auto& result : outcome->results) {
      if (at >= run.bound.size() || next != Next::result) break;
      next = take(run, run.bound[at++], result);
    }
    if (next == Next::end || (next == Next::result && at >= run.bound.size())) co_return Result<>();
    // A worker that told of fewer scripts than it was given, without an error, would be asked for ever.
    if (next == Next::result) {
      note_failure(run, run.bound[at], {.started_at = run.call.now, .ended_at = run.call.now},
                   {.kind = "crashed", .name = {}, .message = "The script told nothing."});
      if (run.out.failure) co_return Result<>();
      ++at;
    }
    first = at;
  }
  co_return Result<>();
}

}  // namespace

json::Object TriggerOutcome::trace() const {
  json::Array actions;
  for (const auto& one : performed) {
    json::Array names;
    for (const auto& command : one.commands) names.push_back(json::Value(command.name));
    actions.push_back(json::Object{{"name", one.name}, {"commands", std::move(names)}});
  }
  json::Object out{{"execution", execution_id}, {"actions", std::move(actions)}};
  if (failure) out["failed"] = json::Object{{"action", failure->action}, {"kind", failure->kind}};
  return out;
}

Async<bool> is_bound(const ports::Services& services, domain::TenantId tenant, std::string trigger) {
  CO_TRY(const auto scripts, co_await services.configuration.scripts(tenant));
  co_return !scripts->bound_to(trigger).empty();
}

Async<std::string> name_of_bindings(const ports::Services& services, domain::TenantId tenant,
                                    std::string trigger) {
  CO_TRY(const auto scripts, co_await services.configuration.scripts(tenant));
  co_return name_of(scripts->bound_to(trigger));
}

Async<TriggerOutcome> run_trigger(const ports::Services& services, TriggerCall call) {
  CO_TRY(auto scripts, co_await services.configuration.scripts(call.tenant));
  const Bindings of_action = named(*scripts, call);
  const Bindings& bound = call.action_id.empty() ? scripts->bound_to(call.trigger) : of_action;
  if (bound.empty()) co_return TriggerOutcome();
  Run run{.services = services, .call = std::move(call), .scripts = std::move(scripts), .bound = bound};
  find_start(run);
  const bool cached = uses_cache(bound);
  if (cached) run.cache = co_await read_cache(services, run.call.tenant, run.call.trigger, run.call.now);
  CO_ENSURE(co_await run_bindings(run));
  if (cached) {
    apply_cache(run);
    co_await write_cache(services, run.call.tenant, run.call.trigger, run.cache);
  }
  finish(run);
  co_return std::move(run.out);
}

}  // namespace durward::extensions
