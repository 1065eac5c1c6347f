#pragma once
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "server/options.h"

// A command is one row: its words, what it takes, what it says about itself, and what it does. `--help`, the
// list of commands and the parser read the rows.
namespace durward::cli {

// The exit codes of every command.
enum class Exit {
  ok = 0,
  failure = 1,
  usage = 2,
  not_found = 3,
  conflict = 4,
  permission = 5,
  validation = 6,
  unreachable = 7,
  partial = 8,
  check_failed = 9
};
Exit exit_of(const Error& error);
// The code of an error that is the command line's fault: exit 2, whatever its kind.
inline constexpr const char* usage_code = "usage";

struct Flag {
  std::string_view name;   // "--plan" is written "plan"
  std::string_view value;  // what follows, in words ("NAME"); empty: a switch
  std::string_view doc;
};

struct Argument {
  std::string_view name;  // "NAME"
  std::string_view doc;
  bool required = true;
};

// Which settings of the server a command takes as flags; file and environment count for all but `none`.
enum class Uses { none, store, all };

// Data goes to stdout and nothing else does; messages and progress go to stderr.
class Output {
 public:
  explicit Output(bool as_json) : as_json_(as_json) {}
  bool as_json() const { return as_json_; }
  void message(std::string_view line) const;  // stderr; suppressed never
  void data(const json::Value& value) const;  // stdout: JSON, or `KEY  VALUE` lines of an object
  void rows(const json::Array& items,
            std::initializer_list<std::string_view> columns) const;  // a table, or a JSON array
  void text(std::string_view text) const;                            // stdout, as it is
  Exit fail(const Error& error) const;                               // stderr; returns the exit code

 private:
  bool as_json_;
};

struct Invocation {
  std::vector<std::string> arguments;
  std::map<std::string, std::string, std::less<>> flags;
  server::Settings settings;  // defaults for a command that uses none
  Output out{false};

  bool has(std::string_view flag) const { return flags.contains(flag); }
  std::string value(std::string_view flag, std::string_view fallback = {}) const;
  std::optional<std::string> argument(size_t index) const;
};

struct Command {
  std::string_view words;  // "tenant create"
  std::string_view summary;
  std::vector<Argument> arguments;
  std::vector<Flag> flags;
  Uses uses = Uses::store;
  Exit (*run)(Invocation& invocation) = nullptr;
  // Settings this command begins with, as if typed before its flags.
  std::vector<std::pair<std::string, std::string>> presets = {};
};

// Every command, in the order in which help shows them.
const std::vector<Command>& commands();

std::string help_of(const Command& command);
std::string help_of_all();

// Parses and runs. `words` are the program's arguments without its name.
Exit run(const std::vector<std::string>& words);

}  // namespace durward::cli
