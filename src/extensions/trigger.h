#pragma once
#include <optional>
#include <string>
#include <vector>

#include "extensions/execution_record.h"

// Runs the actions that are bound to a trigger, or the one that a profile names.
namespace durward::extensions {

struct TriggerCall {
  domain::TenantId tenant;
  std::string trigger;  // of domain/trigger.h
  json::Object event;   // without secrets: each script is handed its own
  json::Object more;    // further members of the input: roles, continue (engine/README.md)
  // The binding that sent the person away, who is back now, and TriggerOutcome::before of then: it goes on
  // with its onContinue…, the earlier ones are done. When it is bound no longer, or others come before it
  // now, everything begins anew: no check is passed over because it was bound while somebody was away.
  std::string resume_at, resume_before;
  // The one deployed action that runs, of an entity-bound trigger (domain/trigger.h); it fails closed. One
  // that is not deployed is nothing that is bound: nothing runs.
  std::string action_id;
  TimePoint now;
};

struct TriggerOutcome {
  std::vector<Performed> performed;
  std::optional<Failure> failure;
  std::string execution_id;  // empty: nothing is bound, or the action is not deployed
  std::string before;        // names the bindings before the last one that ended well
  ports::Writes
      writes;  // the record of the execution, and a log record of what failed; for the caller's commit
  // For the decision trace of a log record: {execution, actions: [{name, commands}]}, without arguments that
  // may be personal.
  json::Object trace() const;
};

Async<bool> is_bound(const ports::Services& services, domain::TenantId tenant, std::string trigger);
// Names all bindings of a trigger: the same ones in the same order have the same name. Empty: nothing is
// bound.
Async<std::string> name_of_bindings(const ports::Services& services, domain::TenantId tenant,
                                    std::string trigger);
// All bindings, one call; one more after each binding that failed open. Errors: of the
// configuration only; whatever becomes of a script is in the outcome.
Async<TriggerOutcome> run_trigger(const ports::Services& services, TriggerCall call);

// How long all scripts of one execution may take together (Auth0: 20 s a trigger).
inline constexpr Milliseconds trigger_time{20'000};

}  // namespace durward::extensions
