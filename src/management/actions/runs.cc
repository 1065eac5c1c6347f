#include <charconv>

#include "management/actions/deploy.h"
#include "management/actions/handlers.h"
#include "management/support/scripts.h"

namespace durward::management::actions {
namespace {

constexpr std::string_view passed_on[] = {"event", "cache", "roles", "continue"};

Result<std::string> handler_of(const json::Object& payload, const domain::Trigger& trigger) {
  const std::string wanted = json::string_or(payload, "handler", trigger.handler);
  if (wanted != trigger.handler && (wanted != trigger.resume_handler || wanted.empty()))
    return invalid_body("The trigger '" + std::string(trigger.id) + "' has no handler '" + wanted + "'.");
  return wanted;
}

Result<json::Object> input_of(const json::Object& payload) {
  if (!json::object(payload, "event"))
    return invalid_body("Payload validation error: 'Missing required property: event' on property payload.");
  json::Object out;
  for (const auto name : passed_on)
    if (const auto* value = payload.if_contains(name)) out[name] = *value;
  return out;
}

json::Array console_of(const std::vector<ports::ConsoleLine>& lines) {
  json::Array out;
  for (const auto& line : lines)
    out.push_back(json::Object{{"at", to_iso8601(line.at)}, {"level", line.level}, {"text", line.text}});
  return out;
}

json::Object error_of(const ports::ScriptError& error) {
  json::Object out{
      {"kind", error.kind}, {"name", error.name}, {"message", error.message}, {"stack", error.stack}};
  if (!error.members.empty()) out["members"] = error.members;
  return out;
}

json::Object payload_of(const ports::ScriptOutcome& outcome) {
  json::Object out{{"commands", json::Array()}, {"console", json::Array()}};
  if (outcome.results.empty()) return out;
  const auto& result = outcome.results.front();
  out["commands"] = result.commands;
  out["console"] = console_of(result.console);
  if (result.error) out["error"] = error_of(*result.error);
  out["started_at"] = to_iso8601(result.started_at);
  out["ended_at"] = to_iso8601(result.ended_at);
  return out;
}

// The draft as a script nobody remembers: no digest.
Async<domain::ScriptPtr> draft_script(const ports::Services& services, domain::TenantId tenant,
                                      json::Object action) {
  domain::Script script{.id = json::string_or(action, "id"), .name = json::string_or(action, "name")};
  CO_TRY(script.code, co_await build(services, tenant, json::string_or(action, "code"), CodeForm::module));
  CO_TRY(auto text, co_await modules_text(services, tenant, action));
  if (!text.empty()) script.modules = std::make_shared<const std::string>(std::move(text));
  CO_TRY(script.secrets, co_await draft_secrets(services, tenant, std::move(action)));
  co_return std::make_shared<const domain::Script>(std::move(script));
}

}  // namespace

// Nothing of what it asks for is done: the commands are the answer.
Handled test(const ports::Services& services, Call call) {
  const auto& payload = call.object().at("payload").as_object();
  CO_TRY(const auto action, co_await load(services, action_resource, call.tenant(), call.parameter("id")));
  const auto& trigger = trigger_of(action.body);
  ports::ScriptCall run{.contract = ports::Contract::action, .trigger = std::string(trigger.id)};
  CO_TRY(run.handler, handler_of(payload, trigger));
  CO_TRY(run.input, input_of(payload));
  auto script = co_await draft_script(services, call.tenant(), action.body);
  if (!script && script.error().code == "invalid_script")
    co_return ok(json::Object{
        {"payload",
         json::Object{{"commands", json::Array()},
                      {"console", json::Array()},
                      {"error", error_of({.kind = "invalid", .message = script.error().message})}}}});
  if (!script) co_return std::unexpected(std::move(script).error());
  run.scripts.push_back(*std::move(script));
  CO_TRY(const auto outcome, co_await services.scripts.run(call.tenant(), std::move(run)));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), {api_record(services, call)}));
  co_return ok(json::Object{{"payload", payload_of(outcome)}});
}

Handled read_execution(const ports::Services& services, Call call) {
  CO_TRY(const auto found, co_await services.executions.find(call.tenant(), call.parameter("id")));
  if (!found) co_return fail(ErrorKind::not_found, "", "That action execution does not exist.");
  co_return ok(found->to_json());
}

namespace {

// Server-sent events (WHATWG HTML §9.2). The answer ends with what there is; the client comes again after the
// last id, as the format has it do when a connection ends.
std::string event_text(const domain::Execution& execution) {
  std::string out;
  for (const auto& line : domain::console_lines(execution))
    out += "event: console\ndata: " + json::serialize(line) + "\n\n";
  return out + "id: " + std::to_string(execution.key) +
         "\nevent: execution\ndata: " + json::serialize(execution.to_json()) + "\n\n";
}

Result<std::optional<int64_t>> key_after(const http::Parameters& query) {
  const std::string text = query.get_or("from");
  if (text.empty()) return std::nullopt;
  int64_t key = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), key);
  if (wrong != std::errc() || end != text.data() + text.size() || key < 0)
    return fail(ErrorKind::invalid, "invalid_query_string", "The value of 'from' is not valid.");
  return key;
}

}  // namespace

Handled tail(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query, {.pages = false}));
  CO_TRY(const auto after, key_after(call.query));
  CO_TRY(const auto found, co_await services.executions.list(call.tenant(), {after, paging.take}));
  Reply reply{.text = "retry: 1000\n\n"};
  for (const auto& execution : found) *reply.text += event_text(execution);
  reply.headers.set("Content-Type", "text/event-stream; charset=utf-8");
  reply.headers.set("Cache-Control", "no-store");
  co_return reply;
}

}  // namespace durward::management::actions
