#pragma once
#include "http/upstream.h"
#include "ports/scripts.h"

namespace durward::adapters::sandbox {

// Scripts by the extensions role of the fleet. A call is sent once: what a script did cannot be done again.
// Only a server that was not reached at all is replaced by another one. `upstream` outlives both.
// Thread-safe.
class RemoteScripts : public ports::Scripts {
 public:
  explicit RemoteScripts(http::Upstream& upstream) : upstream_(upstream) {}
  Async<ports::ScriptOutcome> run(domain::TenantId tenant, ports::ScriptCall call) override;

 private:
  http::Upstream& upstream_;
};

class RemoteModuleBuilder : public ports::ModuleBuilder {
 public:
  explicit RemoteModuleBuilder(http::Upstream& upstream) : upstream_(upstream) {}
  Async<std::string> bundle(std::vector<ports::ModuleName> modules) override;

 private:
  http::Upstream& upstream_;
};

}  // namespace durward::adapters::sandbox
