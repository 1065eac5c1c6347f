#pragma once
#include "management/support/testing/world.h"

// A sandbox for tests of what is around it: "builds" any code but that with the word BROKEN in it, and
// answers a run with what the test says.
namespace durward::management::testing {

inline ports::ScriptOutcome build_outcome(const std::string& code) {
  ports::ScriptOutcome out;
  if (code.contains("BROKEN"))
    out.output["error"] = {{"kind", "invalid"},
                           {"name", "SyntaxError"},
                           {"message", "Unexpected token"},
                           {"members", {{"line", 3}}}};
  else
    out.output["code"] = "built " + code;
  return out;
}

inline void play_builds(World& world, ports::ScriptOutcome run = {}) {
  world.base.scripts.played = [run](domain::TenantId,
                                    const ports::ScriptCall& call) -> Result<ports::ScriptOutcome> {
    if (call.contract != ports::Contract::build) return run;
    return build_outcome(json::string_or(call.input, "code"));
  };
}

}  // namespace durward::management::testing
