#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "ports/scripts.h"

// What supervisor and worker say to each other (engine/README.md): four bytes of length, big endian, then one
// JSON object. Whatever comes from a worker is the word of the tenant whose code runs there.
namespace durward::adapters::sandbox {

inline constexpr size_t frame_max = 4 << 20;  // bytes of JSON

std::string frame_of(std::string_view text);

// Cuts a stream of bytes into frames. Holds at most one frame and what one append() brought.
class FrameReader {
 public:
  void append(std::string_view bytes);
  // The next whole frame's JSON, valid until the next call of either; nothing when there is none yet. Error:
  // invalid/"bad_frame" for an empty or too long one, after which the stream is worth nothing.
  Result<std::optional<std::string_view>> next();

 private:
  std::string buffer_;
  size_t begin_ = 0;
};

// A frame of a worker. Which members mean something depends on the type.
struct Message {
  enum class Type { ready, console, result, done, call, retire };
  Type type = Type::ready;
  int64_t id = 0;      // of a run
  int64_t script = 0;  // console, result: place among the run's scripts
  ports::ConsoleLine line;
  ports::ScriptResult result;
  json::Object output;
  int64_t call = 0;  // number of its question
  std::string method;
  json::Object params;
  size_t size = 0;  // bytes of its JSON
};
// Strict: an unknown type, a missing member or one of another type is invalid/"bad_frame".
Result<Message> parse_message(std::string_view text);

// The frames that go to a worker, as JSON.
std::string load_message(ports::Contract contract, const domain::Script& script);
// Everything of a run but its number, which only its worker knows.
std::string run_body(const ports::ScriptCall& call);
std::string run_message(int64_t id, std::string_view body);
std::string cancel_message(int64_t id);
std::string reply_message(int64_t call, json::Object result);
std::string refusal_message(int64_t call, std::string_view code, std::string_view message);

// Reads what a worker, or a role that relays it, says a script did. Error: invalid/"bad_frame".
Result<ports::ScriptResult> parse_result(const json::Object& members);

}  // namespace durward::adapters::sandbox
