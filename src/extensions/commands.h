#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

// What a script may ask for. A worker's word is its tenant's: each command is checked here again, whatever
// the runtime in the worker has checked (docs/adr/0023-customer-code.md; names and arguments:
// docs/reference/actions-api.md).
namespace durward::extensions {

struct Command {
  std::string name;
  json::Array args;  // as the row says; absent optional ones are null

  // Of an argument that the row calls a text, a URL or a number.
  std::string text(size_t i) const;
  int64_t integer(size_t i) const;
  const json::Object* object(size_t i) const;
};

struct CommandRow {
  std::string_view name, triggers;
  // One letter an argument: t text, u http or https URL, n time in milliseconds
  // since 1970, o object, a array, l list of texts, v any value; upper case: may be absent.
  std::string_view args;
  bool ends = false;  // no later script runs
};
std::span<const CommandRow> command_rows();
const CommandRow* find_command(std::string_view trigger, std::string_view name);

// Of a script's commands the one that ends the chain: the first refusal, otherwise the last that does
// (engine/README.md). Null: none does.
const Command* ending_of(std::string_view trigger, const std::vector<Command>& commands);

// Why what a script asks for cannot be had yet.
inline constexpr std::string_view no_form = "There is no such form.",
                                  no_factor_left =
                                      "Multi-factor authentication is required, and no factor is available.";

// Bounds of one script's commands: more is refused as a whole.
inline constexpr size_t commands_max = 200, command_size_max = 128 << 10;

// {"name", "args"} of a script that runs at `trigger`. Error: invalid/"invalid_command" with the reason.
Result<Command> judge(std::string_view trigger, const json::Value& said);
Result<std::vector<Command>> judge_all(std::string_view trigger, const json::Array& said);

// Names a script may not set in a token, and namespaces that are silently dropped (Auth0 Authentication API,
// custom claims).
enum class ClaimName { free, restricted, dropped };
ClaimName judge_claim(std::string_view name);

}  // namespace durward::extensions
