#pragma once
#include <gtest/gtest.h>

#include <filesystem>

#include "adapters/sandbox/supervisor.h"
#include "base/executor.h"

// Scripts in real sandboxed processes, for tests; skipped where there can be none.
namespace durward::adapters::sandbox::testing {

inline Engine checkout_engine() {
  return {(std::filesystem::path(__FILE__).parent_path() / "../../../engine").lexically_normal().string()};
}

// Why no script can be run here, empty if one can: the engine's packages are not installed, or the kernel
// gives no full sandbox, as in a container that may not make user namespaces.
inline const std::string& why_not() {
  static const std::string reason = [] {
    const auto strength = probe({.engine = checkout_engine()});
    if (!strength) return strength.error().message + " " + strength.error().debug;
    return *strength == Strength::full ? std::string()
                                       : "only a sandbox " + std::string(to_string(*strength));
  }();
  return reason;
}

class SandboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!why_not().empty()) GTEST_SKIP() << why_not();
  }
  virtual SupervisorOptions options() {
    SupervisorOptions out;
    out.confinement.engine = checkout_engine();
    out.confinement.memory_mb = 64;
    out.confinement.nice = 0;  // nobody is waited for here
    out.pool.warm = 1;
    return out;
  }
  Supervisor& supervisor() {
    if (!supervisor_) {
      auto opened = Supervisor::open(options(), clock_, random_, metrics_);
      if (!opened) throw std::runtime_error(opened.error().message + " " + opened.error().debug);
      supervisor_ = *std::move(opened);
    }
    return *supervisor_;
  }

  static domain::ScriptPtr script(std::string code, std::string id = "action") {
    auto out = std::make_shared<domain::Script>();
    out->digest = std::to_string(std::hash<std::string>()(code));
    out->name = id;
    out->id = std::move(id);
    out->code = std::move(code);
    return out;
  }
  static ports::ScriptCall call_of(std::vector<domain::ScriptPtr> scripts) {
    ports::ScriptCall call{.trigger = "post-login", .handler = "onExecutePostLogin"};
    call.scripts = std::move(scripts);
    call.input = {{"event", json::Object{{"transaction", json::Object{{"metadata", json::Object()}}}}}};
    return call;
  }
  // `body` is what the action does.
  static ports::ScriptCall action(const std::string& body, Milliseconds within = Milliseconds(20'000)) {
    auto call = call_of({script("exports.onExecutePostLogin = async (event, api) => {\n" + body + "\n};")});
    call.within = within;
    return call;
  }
  Result<ports::ScriptOutcome> run(ports::ScriptCall call, int64_t tenant = 1) {
    return run_sync(supervisor().run({tenant}, std::move(call)));
  }
  // The one script's error, or "ok", or what refused the call.
  std::string kind_of(ports::ScriptCall call, int64_t tenant = 1) {
    const auto outcome = run(std::move(call), tenant);
    if (!outcome) return outcome.error().code + ": " + outcome.error().debug;
    if (outcome->results.empty()) return "nothing ran";
    const auto& error = outcome->results.back().error;
    return error ? error->kind + ": " + error->message : "ok";
  }
  // What the action says with console.log.
  std::string said(const std::string& body, int64_t tenant = 1) {
    const auto outcome = run(action(body), tenant);
    if (!outcome) return outcome.error().code + ": " + outcome.error().debug;
    std::string out;
    for (const auto& result : outcome->results) {
      for (const auto& line : result.console) out += line.text + "\n";
      if (result.error) out += result.error->kind + ": " + result.error->message + "\n";
    }
    return out;
  }

  SystemClock clock_;
  SeededRandom random_{7};
  metrics::Registry metrics_;
  std::unique_ptr<Supervisor> supervisor_;
};

}  // namespace durward::adapters::sandbox::testing
