#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"

namespace durward::domain {

// What became of the scripts of one call of a trigger: GET /actions/executions/{id} (Auth0 Management API).
// What a script said to its console stands here whole, not cut at 256 characters.
struct Execution {
  int64_t key = 0;  // growing, of the store; `id` holds it
  std::string id;   // UUID
  std::string trigger_id;
  std::string status;  // final: all ran; partial: one failed or ended it; canceled, suspended, pending
  // {action_name, error?: {id, msg, url}, started_at, ended_at, console?: [{at, level, text}]}
  json::Array results;
  TimePoint created_at, updated_at;

  json::Object to_json() const;
  // A UUID (RFC 9562 §5.8) that a key is read from, so that no index of ids is needed. The other bits are of
  // `random`, at least eight bytes: who knows when something ran does not know its id.
  static std::string id_of(int64_t key, std::string_view random);
  static std::optional<int64_t> key_of(std::string_view id);
};

// What the scripts of an execution said, each line with what said it: {at, level, text, action_name,
// trigger_id, execution_id}.
json::Array console_lines(const Execution& execution);

// How long one is kept, as at Auth0.
inline constexpr Seconds execution_life{10 * 86400};

}  // namespace durward::domain
