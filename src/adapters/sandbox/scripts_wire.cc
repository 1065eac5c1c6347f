#include "adapters/sandbox/scripts_wire.h"

#include <algorithm>

#include "adapters/sandbox/frames.h"

namespace durward::adapters::sandbox {
namespace {

constexpr size_t depth_max = 96;
struct KindName {
  ErrorKind kind;
  std::string_view name;
};
constexpr KindName kinds[] = {{ErrorKind::unavailable, "unavailable"},
                              {ErrorKind::invalid, "invalid"},
                              {ErrorKind::too_large, "too_large"},
                              {ErrorKind::internal, "internal"}};

std::unexpected<Error> bad(std::string_view what) {
  return fail(ErrorKind::invalid, "bad_frame", "The roles do not understand each other.", std::string(what));
}

json::Object refused(const Error& error) {
  const auto row = std::ranges::find(kinds, error.kind, &KindName::kind);
  return {{"refused", json::Object{{"kind", row == std::end(kinds) ? "internal" : row->name},
                                   {"code", error.code},
                                   {"message", error.message},
                                   {"retry_after", error.retry_after}}}};
}

// An answer's members, or the refusal it is.
Result<json::Object> answer_of(std::string_view text) {
  TRY(auto members, json::parse_object(text, depth_max));
  const auto* no = json::object(members, "refused");
  if (!no) return members;
  const auto row = std::ranges::find(kinds, json::string_or(*no, "kind"), &KindName::name);
  if (row == std::end(kinds)) return bad("refused.kind");
  return std::unexpected(Error{row->kind, json::string_or(*no, "code"), json::string_or(*no, "message"),
                               "said by the extensions role",
                               std::clamp(int(json::integer_or(*no, "retry_after", 1)), 1, 3600)});
}

json::Object script_to_wire(const domain::Script& script, bool with_code) {
  json::Object out{
      {"id", script.id}, {"name", script.name}, {"digest", script.digest}, {"secrets", script.secrets}};
  if (script.code.empty()) out["digest"] = "";  // without code is by digest
  if (!with_code && !script.digest.empty() && !script.code.empty()) return out;
  out["code"] = script.code;
  if (script.modules) out["modules"] = *script.modules;
  return out;
}

Result<domain::ScriptPtr> script_of(const json::Value& value) {
  const auto* members = value.if_object();
  if (!members) return bad("scripts");
  auto out = std::make_shared<domain::Script>();
  out->id = json::string_or(*members, "id");
  out->name = json::string_or(*members, "name");
  out->digest = json::string_or(*members, "digest");
  out->code = json::string_or(*members, "code");
  if (out->digest.empty() && !members->contains("code")) return bad("scripts");
  if (auto modules = json::string(*members, "modules"))
    out->modules = std::make_shared<const std::string>(*std::move(modules));
  if (const auto* secrets = json::object(*members, "secrets")) out->secrets = *secrets;
  return out;
}

json::Object result_to_wire(const ports::ScriptResult& result) {
  json::Array console;
  for (const auto& line : result.console)
    console.push_back(json::Object{{"at", to_unix_ms(line.at)}, {"level", line.level}, {"text", line.text}});
  json::Object out{{"id", result.id},
                   {"name", result.name},
                   {"started_at", to_unix_ms(result.started_at)},
                   {"ended_at", to_unix_ms(result.ended_at)},
                   {"commands", result.commands},
                   {"console", std::move(console)}};
  if (const auto& error = result.error)
    out["error"] = json::Object{{"kind", error->kind},
                                {"name", error->name},
                                {"message", error->message},
                                {"stack", error->stack},
                                {"members", error->members}};
  return out;
}

Result<ports::ScriptResult> result_of(const json::Value& value) {
  const auto* members = value.if_object();
  if (!members) return bad("results");
  TRY(auto out, parse_result(*members));
  const auto* console = json::array(*members, "console");
  if (!console) return out;
  for (const auto& item : *console)
    if (const auto* line = item.if_object())
      out.console.push_back({from_unix_ms(json::integer_or(*line, "at", 0)), json::string_or(*line, "level"),
                             json::string_or(*line, "text")});
  return out;
}

}  // namespace

std::string missing_to_wire() { return R"({"missing":true})"; }

bool is_missing(std::string_view text) { return text == missing_to_wire(); }

std::string to_wire(const ports::ScriptCall& call, bool with_code) {
  json::Array scripts;
  for (const auto& script : call.scripts) scripts.push_back(script_to_wire(*script, with_code));
  return json::serialize(json::Object{{"contract", ports::to_string(call.contract)},
                                      {"trigger", call.trigger},
                                      {"handler", call.handler},
                                      {"scripts", std::move(scripts)},
                                      {"input", call.input}});
}

Result<ports::ScriptCall> call_of(std::string_view text) {
  TRY(const auto members, json::parse_object(text, depth_max));
  const auto contract = std::ranges::find(ports::contract_names, json::string_or(members, "contract"));
  const auto* scripts = json::array(members, "scripts");
  const auto* input = json::object(members, "input");
  if (contract == std::end(ports::contract_names) || !scripts || !input) return bad("call");
  ports::ScriptCall call;
  call.contract = ports::Contract(contract - ports::contract_names);
  call.trigger = json::string_or(members, "trigger");
  call.handler = json::string_or(members, "handler");
  call.input = *input;
  for (const auto& item : *scripts) {
    TRY(auto script, script_of(item));
    call.scripts.push_back(std::move(script));
  }
  return call;
}

std::string to_wire(const Result<ports::ScriptOutcome>& outcome) {
  if (!outcome) return json::serialize(refused(outcome.error()));
  json::Array results;
  for (const auto& result : outcome->results) results.push_back(result_to_wire(result));
  return json::serialize(json::Object{{"results", std::move(results)}, {"output", outcome->output}});
}

Result<ports::ScriptOutcome> outcome_of(std::string_view text) {
  TRY(const auto members, answer_of(text));
  const auto* results = json::array(members, "results");
  const auto* output = json::object(members, "output");
  if (!results || !output) return bad("outcome");
  ports::ScriptOutcome out;
  out.output = *output;
  for (const auto& item : *results) {
    TRY(auto result, result_of(item));
    out.results.push_back(std::move(result));
  }
  return out;
}

std::string to_wire(const std::vector<ports::ModuleName>& modules) {
  json::Array list;
  for (const auto& module : modules)
    list.push_back(json::Object{{"name", module.name}, {"version", module.version}});
  return json::serialize(json::Object{{"modules", std::move(list)}});
}

Result<std::vector<ports::ModuleName>> modules_of(std::string_view text) {
  TRY(const auto members, json::parse_object(text));
  const auto* list = json::array(members, "modules");
  if (!list) return bad("modules");
  std::vector<ports::ModuleName> out;
  for (const auto& item : *list) {
    const auto* module = item.if_object();
    if (!module) return bad("modules");
    out.push_back({json::string_or(*module, "name"), json::string_or(*module, "version")});
  }
  return out;
}

std::string bundle_to_wire(const Result<std::string>& bundle) {
  return json::serialize(bundle ? json::Object{{"bundle", *bundle}} : refused(bundle.error()));
}

Result<std::string> bundle_of(std::string_view text) {
  TRY(const auto members, answer_of(text));
  auto bundle = json::string(members, "bundle");
  if (!bundle) return bad("bundle");
  return *std::move(bundle);
}

}  // namespace durward::adapters::sandbox
