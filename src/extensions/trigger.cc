#include "extensions/trigger.h"

#include <algorithm>

#include "base/log.h"
#include "domain/execution.h"
#include "domain/trigger.h"
#include "extensions/script_cache.h"

namespace durward::extensions {
namespace {

using Bindings = std::vector<domain::BoundScript>;

// One execution on its way.
struct Run {
  const ports::Services& services;
  TriggerCall call;
  std::shared_ptr<const domain::TenantScripts> scripts;  // keeps what `bound` refers to
  const Bindings& bound;
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
      .handler = std::string(run.call.resumes && first == run.call.from ? trigger->resume_handler
                                                                        : trigger->handler),
      .input = handler_input(run),
      .within = trigger_time};
  for (size_t i = first; i < run.bound.size(); ++i) out.scripts.push_back(run.bound[i].script);
  return out;
}

json::Array console_of(const std::vector<ports::ConsoleLine>& lines) {
  json::Array out;
  for (const auto& line : lines)
    out.push_back(json::Object{{"at", to_iso8601(line.at)}, {"level", line.level}, {"text", line.text}});
  return out;
}

json::Object record_of(const ports::ScriptResult& result, const std::optional<ports::ScriptError>& error) {
  json::Object out{{"action_name", result.name}};
  if (error)
    out["error"] =
        json::Object{{"id", error->kind},
                     {"msg", error->name.empty() ? error->message : error->name + ": " + error->message}};
  out["started_at"] = to_iso8601(result.started_at);
  out["ended_at"] = to_iso8601(result.ended_at);
  if (!result.console.empty()) out["console"] = console_of(result.console);
  return out;
}

bool ends(std::string_view trigger, const std::vector<Command>& commands) {
  return std::ranges::any_of(commands,
                             [&](const auto& one) { return find_command(trigger, one.name)->ends; });
}

void note_failure(Run& run, const domain::BoundScript& binding, const ports::ScriptError& error) {
  run.failed = true;
  if (!binding.fail_open)
    run.out.failure = Failure{.action = binding.script->name, .kind = error.kind, .message = error.message};
}

// What comes after a result: the next one, a new call from a binding on, or the end.
enum class Next { result, call, end };

Next take(Run& run, size_t binding, const ports::ScriptResult& result) {
  auto error = result.error;
  auto commands = judge_all(run.call.trigger, result.commands);
  if (!commands && !error)
    error = ports::ScriptError{.kind = "invalid", .name = {}, .message = commands.error().message};
  run.results.push_back(record_of(result, error));
  if (error) {
    note_failure(run, run.bound[binding], *error);
    return run.out.failure ? Next::end : Next::call;
  }
  const bool is_last = ends(run.call.trigger, *commands);
  run.out.performed.push_back({binding, result.name, std::move(*commands)});
  return is_last ? Next::end : Next::result;
}

// Nothing ran: bindings that fail open are passed over, the first that fails closed ends it.
void not_run(Run& run, size_t first, const Error& error) {
  run.failed = true;
  log::warning("scripts could not be run", {{"tenant", std::to_string(run.call.tenant.value)},
                                            {"trigger", run.call.trigger},
                                            {"reason", error.code}});
  const auto closed = std::find_if(run.bound.begin() + ptrdiff_t(first), run.bound.end(),
                                   [](const auto& binding) { return !binding.fail_open; });
  if (closed == run.bound.end()) return;
  run.out.failure = Failure{.action = closed->script->name,
                            .kind = error.code,
                            .message = error.message,
                            .is_overload = error.kind == ErrorKind::unavailable,
                            .retry_after = error.retry_after};
}

void apply_cache(Run& run) {
  for (const auto& performed : run.out.performed) change_cache(run.cache, performed.commands, run.call.now);
}

void finish(Run& run) {
  const auto& [services, call, scripts, bound, cache, out, results, failed] = run;
  domain::Execution execution;
  execution.key = services.sequence.next();
  execution.id = domain::Execution::id_of(execution.key, services.random.bytes(16));
  execution.trigger_id = call.trigger;
  execution.status = failed ? "partial" : "final";
  execution.results = std::move(run.results);
  execution.created_at = call.now;
  execution.updated_at = call.now;
  run.out.execution_id = execution.id;
  run.out.writes.push_back(ports::AppendExecution{std::move(execution)});
}

bool uses_cache(const Bindings& bound, size_t from) {
  return std::any_of(bound.begin() + ptrdiff_t(from), bound.end(), [](const auto& binding) {
    return binding.script->code.find("cache") != std::string::npos;
  });
}

Async<> run_bindings(Run& run) {
  for (size_t first = run.call.from; first < run.bound.size();) {
    auto outcome = co_await run.services.scripts.run(run.call.tenant, call_from(run, first));
    if (!outcome) {
      not_run(run, first, outcome.error());
      co_return Result<>();
    }
    size_t at = first;
    Next next = Next::result;
    for (const auto& result : outcome->results) {
      if (at >= run.bound.size() || next != Next::result) break;
      next = take(run, at++, result);
    }
    if (next == Next::end || (next == Next::result && at >= run.bound.size())) co_return Result<>();
    // A worker that told of fewer scripts than it was given, without an error, would be asked for ever.
    if (next == Next::result) {
      note_failure(run, run.bound[at],
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

Async<TriggerOutcome> run_trigger(const ports::Services& services, TriggerCall call) {
  CO_TRY(auto scripts, co_await services.configuration.scripts(call.tenant));
  const Bindings& bound = scripts->bound_to(call.trigger);
  if (call.from >= bound.size()) co_return TriggerOutcome();
  Run run{.services = services, .call = std::move(call), .scripts = std::move(scripts), .bound = bound};
  const bool cached = uses_cache(bound, run.call.from);
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
