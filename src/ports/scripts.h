#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/task.h"
#include "domain/script.h"
#include "domain/tenant.h"

namespace durward::ports {

// How a piece of code is called and what it may do (docs/adr/0023-customer-code.md).
enum class Contract { action, rule, hook, database, build };
constexpr std::string_view contract_names[] = {"action", "rule", "hook", "database", "build"};
inline std::string_view to_string(Contract c) { return contract_names[size_t(c)]; }

struct ScriptCall {
  Contract contract = Contract::action;
  std::string
      trigger;  // "post-login" ...; rule: "rule"; hook: its triggerId; database: "login", "get_user" ...
  std::string handler;  // the exported function of actions: "onExecutePostLogin", "onContinuePostLogin"
  // In order. Actions and rules of a trigger run one after the other in one call.
  std::vector<domain::ScriptPtr> scripts;
  // action {event, cache?, roles?, continue?}; rule {user, context, configuration, auth0}; hook and database
  // {arguments, configuration?, context?}; build {code}. engine/README.md has the members.
  json::Object input;
  Milliseconds within{20'000};  // for all scripts together
};

struct ConsoleLine {
  TimePoint at;
  std::string level;  // log, info, warn, error, debug
  std::string text;
};
struct ScriptError {
  // Whose fault: `thrown` by the code (also callback(error)), `invalid` code that does not load, `timeout`,
  // `memory`, `crashed`, `output` (said too much).
  std::string kind;
  std::string name, message, stack;  // as the code gave them: never shown to a person who signs in
  json::Object members;              // further own members of the thrown value, JSON only
};
struct ScriptResult {
  std::string id, name;
  TimePoint started_at, ended_at;
  // What it asked for: {"name": "accessToken.setCustomClaim", "args": [...]}, in order. The tenant's word,
  // unchecked: src/extensions judges each one.
  json::Array commands;
  std::optional<ScriptError> error;
  std::vector<ConsoleLine> console;
};
struct ScriptOutcome {
  std::vector<ScriptResult> results;  // of those that began; a failed or denying one is the last
  // rule: {user, context}; hook, database: {arguments}, of the callback without its error; build: {code}
  json::Object output;
};

// Customers' code, in processes that cannot hurt anybody (adapters/sandbox), here or in the extensions role.
// A script that fails is an outcome, not an error. Errors: unavailable/"extensions_unavailable" with
// Error::retry_after (too much under way, breaker open, role not reached), unavailable/"extensions_disabled"
// (this installation runs no code), too_large/"script_input_too_large". Thread-safe.
class Scripts {
 public:
  virtual ~Scripts() = default;
  virtual Async<ScriptOutcome> run(domain::TenantId tenant, ScriptCall call) = 0;
};

struct ModuleName {
  std::string name, version;
};
// Fetches declared npm modules once, at deploy time, with their scripts switched off, and bundles them.
// Errors: invalid/"invalid_dependency" with the reason, unavailable.
class ModuleBuilder {
 public:
  virtual ~ModuleBuilder() = default;
  virtual Async<std::string> bundle(std::vector<ModuleName> modules) = 0;
};

}  // namespace durward::ports
