#pragma once
#include "ports/scripts.h"

namespace durward::adapters {

// An installation that runs no code of its customers: each call is refused, so that what depends on it does
// what its policy says.
class NoScripts : public ports::Scripts {
 public:
  Async<ports::ScriptOutcome> run(domain::TenantId, ports::ScriptCall) override {
    co_return fail(ErrorKind::unavailable, "extensions_disabled", "This installation runs no scripts.");
  }
};
class NoModules : public ports::ModuleBuilder {
 public:
  Async<std::string> bundle(std::vector<ports::ModuleName>) override {
    co_return fail(ErrorKind::unavailable, "extensions_disabled", "This installation runs no scripts.");
  }
};

}  // namespace durward::adapters
