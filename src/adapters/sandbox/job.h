#pragma once
#include <functional>
#include <optional>
#include <string>

#include "adapters/sandbox/reactor.h"
#include "ports/scripts.h"

namespace durward::adapters::sandbox {

// A call on its way: from its caller's coroutine, which owns it and goes on when it is done, through a
// tenant's queue to a worker. Of the reactor's thread meanwhile.
struct Job {
  domain::TenantId tenant;
  const ports::ScriptCall& call;
  std::string body;  // of its run frame; holds secrets
  Reactor::Clock::time_point since, end;
  std::function<void()> resume;
  Reactor::Timer timer = 0;  // at its end

  // What came of it: an outcome, unless it was refused.
  ports::ScriptOutcome outcome;
  std::optional<Error> refused;

  // Its worker's.
  Reactor::Clock::time_point sent{};
  TimePoint started_at{};
  std::vector<ports::ConsoleLine> said;  // by the script in progress
  size_t bytes = 0;                      // of frames about it
};

}  // namespace durward::adapters::sandbox
