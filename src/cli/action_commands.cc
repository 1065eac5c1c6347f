#include <charconv>
#include <thread>

#include "base/encoding.h"
#include "base/executor.h"
#include "cli/handlers.h"
#include "cli/with_tenant.h"
#include "domain/trigger.h"
#include "management/support/scripts.h"

namespace durward::cli {
namespace {

using http::Method;

constexpr Milliseconds follow_pause{500};
constexpr int64_t page_size = 100;

Result<json::Array> all_actions(const TenantScene& scene) {
  return run_sync(scene.installation->api.all(scene.place, "/actions/actions", "actions"));
}

json::Object listed(const json::Object& action) {
  json::Object out{{"name", json::string_or(action, "name")}};
  const auto* triggers = json::array(action, "supported_triggers");
  out["trigger"] = triggers && !triggers->empty() ? json::string_or(triggers->front().as_object(), "id") : "";
  out["status"] = json::string_or(action, "status");
  const auto* version = json::object(action, "deployed_version");
  out["deployed"] = version ? std::to_string(json::integer_or(*version, "number", 0)) : "-";
  out["draft"] = json::boolean_or(action, "all_changes_deployed", false) ? "-" : "changed";
  out["id"] = json::string_or(action, "id");
  return out;
}

Result<json::Array> list(const Invocation& invocation) {
  TRY(const auto scene, open_tenant(invocation, {}));
  TRY(const auto actions, all_actions(scene));
  json::Array out;
  for (const auto& action : actions) out.push_back(listed(action.as_object()));
  return out;
}

Result<json::Object> deploy(const Invocation& invocation) {
  TRY(const auto scene, open_tenant(invocation, {}));
  TRY(const auto actions, all_actions(scene));
  for (const auto& action : actions) {
    if (json::string_or(action.as_object(), "name") != invocation.arguments[0]) continue;
    const std::string id = json::string_or(action.as_object(), "id");
    TRY(const auto version, scene.call(Method::post, "/actions/actions/" + percent_encode(id) + "/deploy"));
    return json::Object{{"name", invocation.arguments[0]},
                        {"number", version.as_object().at("number")},
                        {"id", json::string_or(version.as_object(), "id")}};
  }
  return fail(ErrorKind::not_found, "inexistent_action",
              "There is no action named " + invocation.arguments[0] + ".");
}

// ---- test

Result<json::Object> json_file(const Invocation& invocation, std::string_view flag) {
  if (!invocation.has(flag)) return json::Object();
  TRY(const auto text, server::read_file(invocation.value(flag)));
  auto parsed = json::parse_object(text);
  if (!parsed)
    return fail(ErrorKind::invalid, usage_code,
                "--" + std::string(flag) + " must be a file with a JSON object");
  return parsed;
}

struct Trial {
  std::string code;
  ports::ScriptCall call;
  json::Object secrets;
};

Result<Trial> trial_of(const Invocation& invocation) {
  Trial out;
  TRY(out.code, server::read_file(invocation.arguments[0]));
  const auto* trigger = domain::find_trigger(invocation.value("trigger", "post-login"));
  if (!trigger) return fail(ErrorKind::invalid, usage_code, "--trigger names no trigger");
  out.call.trigger = trigger->id;
  out.call.handler = invocation.value("handler", trigger->handler);
  TRY(out.call.input["event"], json_file(invocation, "event"));
  TRY(out.secrets, json_file(invocation, "secrets"));
  return out;
}

json::Object shown(const ports::ScriptResult& result) {
  json::Array console;
  for (const auto& line : result.console)
    console.push_back(json::Object{{"at", to_iso8601(line.at)}, {"level", line.level}, {"text", line.text}});
  json::Object out{{"commands", result.commands}, {"console", std::move(console)}};
  if (result.error)
    out["error"] = {{"kind", result.error->kind},
                    {"name", result.error->name},
                    {"message", result.error->message},
                    {"stack", result.error->stack}};
  return out;
}

Async<ports::ScriptOutcome> attempt(const ports::Services& services, Trial trial) {
  constexpr domain::TenantId nobody{0};
  domain::Script script{.id = "draft", .name = "draft", .secrets = std::move(trial.secrets)};
  CO_TRY(script.code,
         co_await management::build(services, nobody, std::move(trial.code), management::CodeForm::module));
  trial.call.scripts.push_back(std::make_shared<const domain::Script>(std::move(script)));
  co_return co_await services.scripts.run(nobody, std::move(trial.call));
}

Result<json::Object> test(const Invocation& invocation) {
  TRY(auto trial, trial_of(invocation));
  server::KeyMaker keys;
  TRY(const auto core, server::Core::open(invocation.settings, keys));
  TRY(const auto outcome, run_sync(attempt(core->services(), std::move(trial))));
  if (outcome.results.empty())
    return fail(ErrorKind::internal, "no_result", "The sandbox answered without a result.");
  return shown(outcome.results.front());
}

// ---- logs

Result<int64_t> limit_of(const Invocation& invocation) {
  const std::string text = invocation.value("limit", "20");
  int64_t n = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (wrong != std::errc() || end != text.data() + text.size() || n < 1 || n > page_size)
    return fail(ErrorKind::invalid, usage_code, "--limit must be a number from 1 to 100");
  return n;
}

void print(const Invocation& invocation, const domain::Execution& execution) {
  for (const auto& item : domain::console_lines(execution)) {
    const auto& line = item.as_object();
    if (invocation.out.as_json()) {
      invocation.out.text(json::serialize(line) + "\n");
      continue;
    }
    invocation.out.text(json::string_or(line, "at") + "  " + json::string_or(line, "level") + "  " +
                        json::string_or(line, "action_name") + "  " + json::string_or(line, "text") + "\n");
  }
}

// Prints from there on; returns where it ended.
Result<int64_t> print_after(const Invocation& invocation, const TenantScene& scene,
                            ports::ExecutionQuery query) {
  TRY(const auto found, run_sync(scene.services().executions.list(scene.place.tenant->id, query)));
  for (const auto& execution : found) print(invocation, execution);
  return found.empty() ? query.after.value_or(0) : found.back().key;
}

Result<> tail(const Invocation& invocation) {
  TRY(const int64_t limit, limit_of(invocation));
  TRY(const auto scene, open_tenant(invocation, {}));
  TRY(int64_t after, print_after(invocation, scene, {.limit = limit}));
  while (invocation.has("follow")) {
    std::fflush(stdout);
    std::this_thread::sleep_for(follow_pause);
    TRY(after, print_after(invocation, scene, {.after = after, .limit = page_size}));
  }
  return {};
}

}  // namespace

Exit run_actions_list(Invocation& invocation) {
  auto items = list(invocation);
  if (!items) return invocation.out.fail(items.error());
  invocation.out.rows(*items, {"name", "trigger", "status", "deployed", "draft", "id"});
  return Exit::ok;
}

Exit run_actions_deploy(Invocation& invocation) {
  auto version = deploy(invocation);
  if (!version) return invocation.out.fail(version.error());
  invocation.out.data(*std::move(version));
  return Exit::ok;
}

Exit run_actions_test(Invocation& invocation) {
  auto result = test(invocation);
  if (!result) return invocation.out.fail(result.error());
  const bool failed = result->contains("error");
  invocation.out.data(*std::move(result));
  return failed ? Exit::check_failed : Exit::ok;
}

Exit run_actions_logs_tail(Invocation& invocation) {
  auto done = tail(invocation);
  return done ? Exit::ok : invocation.out.fail(done.error());
}

}  // namespace durward::cli
