#pragma once
#include <memory>
#include <mutex>

#include "adapters/sandbox/no_scripts.h"
#include "adapters/sandbox/supervisor.h"
#include "http/upstream.h"
#include "server/options.h"

// Where customers' code runs, as the settings say: in sandboxed processes of this host, at the extensions
// role, or nowhere.
namespace durward::server {

// The folder engine/: the setting, else beside the program (installed, or in the checkout it was built from).
// Empty when there is none.
std::string engine_folder(const Settings& settings);
adapters::sandbox::SupervisorOptions supervisor_options(const Settings& settings);

class Extensions {
 public:
  // Nothing is started or contacted yet, except in a process that does nothing else. Errors: those of the
  // settings. All arguments outlive it.
  static Result<std::unique_ptr<Extensions>> open(const Settings& settings, const Clock& clock,
                                                  Random& random, metrics::Registry& metrics);
  ~Extensions();

  ports::Scripts& scripts() { return *scripts_; }
  ports::ModuleBuilder& modules() { return *modules_; }
  bool is_remote() const { return upstream_ != nullptr; }
  bool is_reachable() const { return !upstream_ || upstream_->is_reachable(); }
  // Whether code can be run, for doctor: starts a sandboxed process here, or asks the role.
  Result<std::string> check(const Settings& settings);

 private:
  Extensions();
  Result<> open_remote(const Settings& settings, const Clock& clock, Random& random,
                       metrics::Registry& metrics);

  std::unique_ptr<http::Client> client_;
  std::unique_ptr<http::Upstream> upstream_;
  std::unique_ptr<ports::Scripts> scripts_;
  std::unique_ptr<ports::ModuleBuilder> modules_;
};

}  // namespace durward::server
