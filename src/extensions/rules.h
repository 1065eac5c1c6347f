#pragma once
#include "extensions/post_login.h"

// Rules: the contract of logins before Actions. They run first, in their order, share `user` and `context`,
// and what they leave in `context` counts (Auth0, Rules).
namespace durward::extensions {

struct RulesOutcome {
  bool ran = false;
  TokenChanges tokens;
  std::optional<Denial> denial;
  std::optional<std::string> redirect;
  std::string primary_user;
  bool wants_factor = false;  // context.multifactor
  json::Array executed;       // ids, for api.rules.wasExecuted
  json::Object trace;
  ports::Writes writes;
};

// Errors: of the configuration, and of whoever makes the token of `auth0`.
Async<RulesOutcome> run_rules(const ports::Services& services, const LoginFacts& facts, json::Array roles);

}  // namespace durward::extensions
