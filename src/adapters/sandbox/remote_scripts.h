#pragma once
#include <mutex>
#include <set>

#include "http/upstream.h"
#include "ports/scripts.h"

namespace durward::adapters::sandbox {

// Scripts by the extensions role of the fleet. A call is sent once: what a script did cannot be done again.
// Code goes along until a server had it, and again when one says that it has not. Only a server that was not
// reached at all is replaced by another one. `upstream` outlives both. Thread-safe.
class RemoteScripts : public ports::Scripts {
 public:
  explicit RemoteScripts(http::Upstream& upstream) : upstream_(upstream) {}
  Async<ports::ScriptOutcome> run(domain::TenantId tenant, ports::ScriptCall call) override;

 private:
  Async<std::string> ask(domain::TenantId tenant, const ports::ScriptCall& call, bool with_code);
  bool are_known(domain::TenantId tenant, const ports::ScriptCall& call);
  void remember(domain::TenantId tenant, const ports::ScriptCall& call);

  http::Upstream& upstream_;
  std::mutex mutex_;
  std::set<std::pair<domain::TenantId, std::string>> known_;  // digests that some server had
};

class RemoteModuleBuilder : public ports::ModuleBuilder {
 public:
  explicit RemoteModuleBuilder(http::Upstream& upstream) : upstream_(upstream) {}
  Async<std::string> bundle(std::vector<ports::ModuleName> modules) override;

 private:
  http::Upstream& upstream_;
};

}  // namespace durward::adapters::sandbox
