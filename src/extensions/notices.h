#pragma once
#include "extensions/events.h"
#include "extensions/trigger.h"

// Triggers that nobody waits for: post-user-registration and post-change-password. What they ask for changes
// nothing, and what fails is only recorded (Auth0, Actions).
namespace durward::extensions {

struct Notice {
  std::string trigger;
  endpoint::RequestContext context;
  RequestFacts request;
  domain::Connection connection;
  domain::User user;
  json::Object transaction;
};

// Runs the scripts of a trigger, after the commit that they tell of. Returns at once; nothing is run when
// nothing is bound. The services outlive it. Thread-safe.
void notify(const ports::Services& services, Notice notice);
// The same to its end; for tests.
Task<void> run_notice(const ports::Services& services, Notice notice);

}  // namespace durward::extensions
