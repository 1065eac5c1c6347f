#pragma once
#include <optional>
#include <string>
#include <vector>

#include "extensions/commands.h"
#include "ports/services.h"

// Runs the actions that are bound to a trigger.
namespace durward::extensions {

struct TriggerCall {
  domain::TenantId tenant;
  std::string trigger;   // of domain/trigger.h
  json::Object event;    // without secrets: each script is handed its own
  json::Object more;     // further members of the input: roles, continue (engine/README.md)
  size_t from = 0;       // the first binding that runs
  bool resumes = false;  // with its handler for people who come back
  TimePoint now;
};

struct Performed {
  size_t binding = 0;  // in the order of the bindings
  std::string name;
  std::vector<Command> commands;
};
// Why the transaction has to fail: a binding that fails closed did. Words for a log, not for a person.
struct Failure {
  std::string action, kind, message;
  bool is_overload = false;  // the scripts could not be run now; Error::retry_after as told
  int retry_after = 0;
};
struct TriggerOutcome {
  std::vector<Performed> performed;
  std::optional<Failure> failure;
  std::string execution_id;  // empty: nothing is bound
  ports::Writes
      writes;  // the record of the execution, and a log record of what failed; for the caller's commit
  // For the decision trace of a log record: {execution, actions: [{name, commands}]}, without arguments that
  // may be personal.
  json::Object trace() const;
};

Async<bool> is_bound(const ports::Services& services, domain::TenantId tenant, std::string trigger);
// All bindings from `from` on, one call; one more after each binding that failed open. Errors: of the
// configuration only; whatever becomes of a script is in the outcome.
Async<TriggerOutcome> run_trigger(const ports::Services& services, TriggerCall call);

// How long all scripts of one execution may take together (Auth0: 20 s a trigger).
inline constexpr Milliseconds trigger_time{20'000};

}  // namespace durward::extensions
