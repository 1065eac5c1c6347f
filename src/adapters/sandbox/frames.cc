#include "adapters/sandbox/frames.h"

#include <algorithm>

namespace durward::adapters::sandbox {
namespace {

constexpr size_t header_size = 4;
// A tenant's own nesting (bounded where it enters) below the frame's.
constexpr size_t depth_max = 96;
constexpr std::string_view error_kinds[] = {"thrown", "invalid", "timeout", "memory", "crashed", "output"};
constexpr std::string_view console_levels[] = {"debug", "log", "info", "warn", "error"};

std::unexpected<Error> bad(std::string_view what) {
  return fail(ErrorKind::invalid, "bad_frame", "The worker said something else than the protocol.",
              std::string(what));
}

size_t length_at(const std::string& buffer, size_t at) {
  size_t n = 0;
  for (size_t i = 0; i < header_size; ++i) n = n << 8 | uint8_t(buffer[at + i]);
  return n;
}

template <size_t N>
bool is_one_of(std::string_view text, const std::string_view (&values)[N]) {
  return std::ranges::find(values, text) != std::end(values);
}

Result<int64_t> positive(const json::Object& object, std::string_view key) {
  const auto n = json::integer(object, key);
  if (!n || *n < 1) return bad(key);
  return *n;
}

Result<ports::ScriptError> parse_error(const json::Object& members) {
  ports::ScriptError error;
  error.kind = json::string_or(members, "kind");
  if (!is_one_of(error.kind, error_kinds)) return bad("error.kind");
  error.name = json::string_or(members, "name");
  error.message = json::string_or(members, "message");
  error.stack = json::string_or(members, "stack");
  if (const auto* own = json::object(members, "members")) error.members = *own;
  return error;
}

bool is_command(const json::Value& value) {
  const auto* command = value.if_object();
  return command && json::string(*command, "name") && json::array(*command, "args");
}

using Reader = Result<> (*)(const json::Object& members, Message& out);

Result<> read_run(const json::Object& members, Message& out) {
  TRY(out.id, positive(members, "id"));
  return {};
}
Result<> read_script(const json::Object& members, Message& out) {
  ENSURE(read_run(members, out));
  out.script = json::integer_or(members, "script", -1);
  return out.script < 0 ? bad("script") : Result<>();
}
Result<> read_nothing(const json::Object&, Message&) { return {}; }
Result<> read_console(const json::Object& members, Message& out) {
  ENSURE(read_script(members, out));
  out.line = {from_unix_ms(json::integer_or(members, "at", 0)), json::string_or(members, "level"),
              json::string_or(members, "text")};
  return is_one_of(out.line.level, console_levels) ? Result<>() : bad("level");
}
Result<> read_result(const json::Object& members, Message& out) {
  ENSURE(read_script(members, out));
  const auto* result = json::object(members, "result");
  if (!result) return bad("result");
  TRY(out.result, parse_result(*result));
  return {};
}
Result<> read_done(const json::Object& members, Message& out) {
  ENSURE(read_run(members, out));
  if (const auto* output = json::object(members, "output")) out.output = *output;
  return {};
}
Result<> read_call(const json::Object& members, Message& out) {
  TRY(out.call, positive(members, "call"));
  out.method = json::string_or(members, "method");
  const auto* params = json::object(members, "params");
  if (!params) return bad("params");
  out.params = *params;
  return {};
}

struct TypeRow {
  std::string_view name;
  Message::Type type;
  Reader read;
};
constexpr TypeRow types[] = {
    {"ready", Message::Type::ready, read_nothing},  {"console", Message::Type::console, read_console},
    {"result", Message::Type::result, read_result}, {"done", Message::Type::done, read_done},
    {"call", Message::Type::call, read_call},       {"retire", Message::Type::retire, read_nothing},
};

// One that may be remembered goes by its digest, which a load frame brought before.
json::Object script_of(const domain::Script& script) {
  json::Object out{{"id", script.id}, {"name", script.name}, {"secrets", script.secrets}};
  if (!script.digest.empty()) {
    out["digest"] = script.digest;
    return out;
  }
  out["code"] = script.code;
  if (script.modules) out["modules"] = *script.modules;
  return out;
}

}  // namespace

std::string frame_of(std::string_view text) {
  std::string out;
  out.reserve(header_size + text.size());
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(char(text.size() >> shift & 0xff));
  return out.append(text);
}

void FrameReader::append(std::string_view bytes) {
  if (begin_ > 0) buffer_.erase(0, std::exchange(begin_, 0));
  buffer_.append(bytes);
}

Result<std::optional<std::string_view>> FrameReader::next() {
  if (buffer_.size() - begin_ < header_size) return std::nullopt;
  const size_t length = length_at(buffer_, begin_);
  if (length == 0 || length > frame_max) return bad("length " + std::to_string(length));
  if (buffer_.size() - begin_ < header_size + length) return std::nullopt;
  const std::string_view text = std::string_view(buffer_).substr(begin_ + header_size, length);
  begin_ += header_size + length;
  return text;
}

Result<Message> parse_message(std::string_view text) {
  const auto members = json::parse_object(text, depth_max);
  if (!members) return bad("no JSON object");
  const std::string type = json::string_or(*members, "type");
  for (const TypeRow& row : types) {
    if (row.name != type) continue;
    Message out;
    out.type = row.type;
    out.size = text.size();
    ENSURE(row.read(*members, out));
    return out;
  }
  return bad("type");
}

Result<ports::ScriptResult> parse_result(const json::Object& members) {
  ports::ScriptResult out;
  out.id = json::string_or(members, "id");
  out.name = json::string_or(members, "name");
  out.started_at = from_unix_ms(json::integer_or(members, "started_at", 0));
  out.ended_at = from_unix_ms(json::integer_or(members, "ended_at", 0));
  const auto* commands = json::array(members, "commands");
  if (!commands || !std::ranges::all_of(*commands, is_command)) return bad("commands");
  out.commands = *commands;
  const auto found = members.find("error");
  if (found == members.end() || found->value().is_null()) return out;
  const auto* error = found->value().if_object();
  if (!error) return bad("error");
  TRY(out.error, parse_error(*error));
  return out;
}

std::string load_message(ports::Contract contract, const domain::Script& script) {
  json::Object out{{"type", "load"},
                   {"digest", script.digest},
                   {"contract", ports::to_string(contract)},
                   {"name", script.name},
                   {"code", script.code}};
  if (script.modules) out["modules"] = *script.modules;
  return json::serialize(out);
}

std::string run_body(const ports::ScriptCall& call) {
  json::Array scripts;
  for (const auto& script : call.scripts) scripts.push_back(script_of(*script));
  return json::serialize(json::Object{{"contract", ports::to_string(call.contract)},
                                      {"trigger", call.trigger},
                                      {"handler", call.handler},
                                      {"scripts", std::move(scripts)},
                                      {"input", call.input}});
}

std::string run_message(int64_t id, std::string_view body) {
  return R"({"type":"run","id":)" + std::to_string(id) + "," + std::string(body.substr(1));
}

std::string cancel_message(int64_t id) {
  return json::serialize(json::Object{{"type", "cancel"}, {"id", id}, {"kind", "timeout"}});
}

std::string reply_message(int64_t call, json::Object result) {
  return json::serialize(json::Object{{"type", "reply"}, {"call", call}, {"result", std::move(result)}});
}

std::string refusal_message(int64_t call, std::string_view code, std::string_view message) {
  return json::serialize(json::Object{
      {"type", "reply"}, {"call", call}, {"error", json::Object{{"code", code}, {"message", message}}}});
}

}  // namespace durward::adapters::sandbox
