#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/execution.h"
#include "extensions/commands.h"
#include "ports/services.h"

// What is kept of scripts that ran: enough to apply again what they asked for, without running them again.
namespace durward::extensions {

// What one script asked for, judged.
struct Performed {
  std::string binding;  // its id
  std::string name;     // of the action
  std::vector<Command> commands;
};

// Why the transaction has to fail: a binding that fails closed did. Words for a log, not for a person.
struct Failure {
  std::string action, kind, message;
  bool is_overload = false;  // the scripts could not be run now; Error::retry_after as told
  int retry_after = 0;

  std::string to_text() const;  // "Action NAME: KIND: MESSAGE"
  // What is answered: to come again after an overload, otherwise `refusal`. Its debug names action and kind.
  Error to_error(Error refusal) const;
};

// Bytes of a script's commands that are kept with their arguments; of more only the names.
inline constexpr size_t commands_kept_max = 16 << 10;
// Bytes of what a script said of its failure or its refusal, in records and answers.
inline constexpr size_t words_max = 500;

// Rows of Execution::results: {action_name, binding_id, started_at, ended_at, commands, truncated?,
// console?}, with {error, failure_policy?} in place of commands when the script failed, and without times
// when it never began.
json::Object record_of(const ports::ScriptResult& result, const Performed& performed);
json::Object record_of(const ports::ScriptResult& result, const domain::BoundScript& binding,
                       const ports::ScriptError& error);
// ... of a rule, which issues no commands.
json::Object record_of(const ports::ScriptResult& result, const domain::BoundScript& binding);
json::Object record_of(const domain::BoundScript& binding, const Error& error);

// Of the rows, as it is stored. `failed`: not all ran to their end.
ports::AppendExecution execution_of(const ports::Services& services, std::string trigger, json::Array results,
                                    bool failed, TimePoint now);

// Reads the rows back. Errors: invalid/"execution_truncated" when arguments were not kept,
// invalid/"invalid_command" for a record that this version would not have written.
Result<std::vector<Performed>> performed_of(const domain::Execution& execution);
std::optional<Failure> failure_of(const domain::Execution& execution);

}  // namespace durward::extensions
