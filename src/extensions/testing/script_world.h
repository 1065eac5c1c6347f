#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "extensions/commands.h"
#include "extensions/execution_record.h"
#include "tokens/testing/world.h"

// A tenant with code in it, played: what each script would ask for is said by the test, and the chain ends
// where a worker's would (engine/README.md).
namespace durward::testing {

inline json::Object asks(std::string_view name, json::Array args = {}) {
  return {{"name", name}, {"args", std::move(args)}};
}

// A list as the only argument: in braces alone it would be taken for the arguments themselves.
inline json::Array list_argument(json::Array list) {
  json::Array out;
  out.push_back(std::move(list));
  return out;
}

// Runs a task without an outcome to its end.
inline void finish(Task<void> task) {
  run_sync([](Task<void> inner) -> Task<bool> {
    co_await std::move(inner);
    co_return true;
  }(std::move(task)));
}

struct ScriptWorld : World {
  using Act = std::function<ports::ScriptResult(const ports::ScriptCall&)>;

  static Act does(json::Array commands = {}) {
    return [commands](const ports::ScriptCall&) { return ports::ScriptResult{.commands = commands}; };
  }
  static Act fails(std::string kind, std::string message = "oops", std::string name = "Error",
                   json::Object members = {}) {
    return [=](const ports::ScriptCall&) {
      ports::ScriptResult out;
      out.error =
          ports::ScriptError{.kind = kind, .name = name, .message = message, .stack = {}, .members = members};
      return out;
    };
  }

  ScriptWorld() {
    scripts.played = [this](domain::TenantId, const ports::ScriptCall& call) { return play(call); };
  }

  domain::BoundScript& bind(std::string trigger, std::string name, Act act, bool fail_open = false) {
    auto& bound = configuration.tenant_scripts.triggers[trigger];
    bound.push_back(bound_script(name, fail_open));
    acts[std::move(name)] = std::move(act);
    return bound.back();
  }
  void add_rule(std::string name, Act act = does()) {
    configuration.tenant_scripts.rules.push_back(bound_script(name, false));
    acts[std::move(name)] = std::move(act);
  }
  void add_hook(std::string trigger, Act act = does()) {
    configuration.tenant_scripts.hooks[trigger] = bound_script(trigger + " hook", false);
    acts[trigger + " hook"] = std::move(act);
  }

  static const domain::Execution* execution_in(const ports::Writes& writes) {
    for (const auto& write : writes)
      if (const auto* found = std::get_if<ports::AppendExecution>(&write)) return &found->execution;
    return nullptr;
  }
  template <class T>
  static const T* find_in(const ports::Writes& writes) {
    for (const auto& write : writes)
      if (const auto* found = std::get_if<T>(&write)) return found;
    return nullptr;
  }

  std::map<std::string, Act> acts;  // by name of the script
  std::optional<Error> away;        // nothing runs
  size_t told = 1000;               // results of a call that arrive
  json::Object output;

 private:
  static domain::BoundScript bound_script(const std::string& name, bool fail_open) {
    auto script = std::make_shared<domain::Script>();
    script->id = script->name = name;
    script->code = "exports.f = () => 'as the test says, api.cache too';";
    return {.script = std::move(script),
            .binding_id = "binding of " + name,
            .display_name = name,
            .version = "v3",
            .fail_open = fail_open};
  }

  Result<ports::ScriptOutcome> play(const ports::ScriptCall& call) {
    if (away) return std::unexpected(*away);
    ports::ScriptOutcome out;
    out.output = output;
    for (const auto& script : call.scripts) {
      if (out.results.size() == told) break;
      auto result = acts.at(script->name)(call);
      result.id = result.name = script->name;
      result.started_at = result.ended_at = clock.now();
      out.results.push_back(std::move(result));
      if (out.results.back().error || has_ending(call.trigger, out.results.back().commands)) break;
    }
    return out;
  }
  static bool has_ending(const std::string& trigger, const json::Array& commands) {
    for (const auto& command : commands) {
      const auto* row = extensions::find_command(trigger, json::string_or(command.as_object(), "name"));
      if (row && row->ends) return true;
    }
    return false;
  }
};

}  // namespace durward::testing
