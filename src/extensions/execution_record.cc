#include "extensions/execution_record.h"

#include "base/excerpt.h"

namespace durward::extensions {
namespace {

constexpr std::string_view open_policy = "open";

json::Array console_of(const std::vector<ports::ConsoleLine>& lines) {
  json::Array out;
  for (const auto& line : lines)
    out.push_back(json::Object{{"at", to_iso8601(line.at)}, {"level", line.level}, {"text", line.text}});
  return out;
}

void add_times(json::Object& row, const ports::ScriptResult& result) {
  row["started_at"] = to_iso8601(result.started_at);
  row["ended_at"] = to_iso8601(result.ended_at);
  if (!result.console.empty()) row["console"] = console_of(result.console);
}

json::Array commands_of(const std::vector<Command>& commands, bool with_arguments) {
  json::Array out;
  for (const auto& command : commands) {
    json::Object one{{"name", command.name}};
    if (with_arguments) one["args"] = command.args;
    out.push_back(std::move(one));
  }
  return out;
}

json::Object error_of(const ports::ScriptError& error) {
  const std::string said = error.name.empty() ? error.message : error.name + ": " + error.message;
  return {{"id", error.kind}, {"msg", excerpt(said, words_max)}};
}

json::Object failed_row(const domain::BoundScript& binding, json::Object error) {
  json::Object row{
      {"action_name", binding.script->name}, {"binding_id", binding.binding_id}, {"error", std::move(error)}};
  if (binding.fail_open) row["failure_policy"] = open_policy;
  return row;
}

}  // namespace

std::string Failure::to_text() const {
  return "Action " + action + ": " + kind + ": " + excerpt(message, words_max);
}

Error Failure::to_error(Error refusal) const {
  refusal.debug = "Action " + action + ": " + kind;
  if (!is_overload) return refusal;
  return {ErrorKind::unavailable, "temporarily_unavailable", "The server is overloaded. Please try again.",
          std::move(refusal.debug), retry_after};
}

json::Object record_of(const ports::ScriptResult& result, const Performed& performed) {
  json::Object row{{"action_name", performed.name}, {"binding_id", performed.binding}};
  json::Array commands = commands_of(performed.commands, true);
  if (json::serialize(commands).size() > commands_kept_max) {
    commands = commands_of(performed.commands, false);
    row["truncated"] = true;
  }
  row["commands"] = std::move(commands);
  add_times(row, result);
  return row;
}

json::Object record_of(const ports::ScriptResult& result, const domain::BoundScript& binding,
                       const ports::ScriptError& error) {
  json::Object row = failed_row(binding, error_of(error));
  add_times(row, result);
  return row;
}

json::Object record_of(const ports::ScriptResult& result, const domain::BoundScript& binding) {
  json::Object row{{"action_name", binding.script->name}, {"binding_id", binding.binding_id}};
  add_times(row, result);
  return row;
}

json::Object record_of(const domain::BoundScript& binding, const Error& error) {
  return failed_row(binding, {{"id", error.code}, {"msg", excerpt(error.message, words_max)}});
}

ports::AppendExecution execution_of(const ports::Services& services, std::string trigger, json::Array results,
                                    bool failed, TimePoint now) {
  domain::Execution execution;
  execution.key = services.sequence.next();
  execution.id = domain::Execution::id_of(execution.key, services.random.bytes(16));
  execution.trigger_id = std::move(trigger);
  execution.status = failed ? "partial" : "final";
  execution.results = std::move(results);
  execution.created_at = execution.updated_at = now;
  return {std::move(execution)};
}

Result<std::vector<Performed>> performed_of(const domain::Execution& execution) {
  std::vector<Performed> out;
  for (const auto& item : execution.results) {
    const auto& row = item.as_object();
    const auto* commands = json::array(row, "commands");
    if (!commands) continue;  // it failed, or was a rule
    if (json::boolean_or(row, "truncated", false))
      return fail(
          ErrorKind::invalid, "execution_truncated",
          "What the action " + json::string_or(row, "action_name") + " asked for was too large to be kept.");
    TRY(auto judged, judge_all(execution.trigger_id, *commands));
    out.push_back(
        {json::string_or(row, "binding_id"), json::string_or(row, "action_name"), std::move(judged)});
  }
  return out;
}

std::optional<Failure> failure_of(const domain::Execution& execution) {
  for (const auto& item : execution.results) {
    const auto& row = item.as_object();
    const auto* error = json::object(row, "error");
    if (!error || json::string_or(row, "failure_policy") == open_policy) continue;
    return Failure{.action = json::string_or(row, "action_name"),
                   .kind = json::string_or(*error, "id"),
                   .message = json::string_or(*error, "msg"),
                   .is_overload = !row.contains("started_at")};
  }
  return {};
}

}  // namespace durward::extensions
