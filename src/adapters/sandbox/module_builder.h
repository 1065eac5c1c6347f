#pragma once
#include "adapters/sandbox/confinement.h"
#include "base/clock.h"
#include "base/executor.h"
#include "ports/scripts.h"

namespace durward::adapters::sandbox {

struct BuilderOptions {
  ConfinementOptions confinement;
  std::string registry;  // URL of the npm registry; empty: npm's own
  Milliseconds within{120'000};
  size_t bundle_max = 3 << 20;  // bytes; it travels in a frame
  size_t queue_max = 32;
};

// engine/build/bundle.mjs in a process of its own, in a folder that is made for it and removed after it. One
// at a time: it is a deploy, and takes a core for seconds. Errors: invalid/"invalid_dependency" with what it
// said about the modules, unavailable/"extensions_unavailable" when the registry was not reached, it took too
// long or too many wait. Thread-safe.
class LocalModuleBuilder : public ports::ModuleBuilder {
 public:
  explicit LocalModuleBuilder(BuilderOptions options);
  Async<std::string> bundle(std::vector<ports::ModuleName> modules) override;

 private:
  const BuilderOptions options_;
  ThreadPool thread_;
};

}  // namespace durward::adapters::sandbox
