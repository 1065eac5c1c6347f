#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace durward::domain {

// A piece of a tenant's code as it was deployed; never changed afterwards, so `digest` stands for it.
struct Script {
  std::string id;      // of the action, rule or hook; of a database script its key: "login"
  std::string name;    // as people call it
  std::string digest;  // SHA-256 of code and modules, hex; empty: not to be remembered (drafts)
  std::string code;    // JavaScript
  // The npm modules it declared, bundled into one CommonJS text at deploy; null without any.
  std::shared_ptr<const std::string> modules;
  json::Object secrets;  // in the clear: they travel in a call and are kept nowhere
};
using ScriptPtr = std::shared_ptr<const Script>;

// A script where it is called from, and what happens when it cannot be run.
struct BoundScript {
  ScriptPtr script;
  std::string binding_id, display_name;
  std::string version;     // of the trigger: "v3"
  bool fail_open = false;  // the transaction goes on without it; otherwise it fails
};

// Which action judges the subject tokens of a type (Auth0 Management API, token exchange profiles).
struct TokenExchangeProfile {
  std::string id, action_id;
};

// The code of a tenant that logins and tokens run. Immutable; from the configuration cache.
struct TenantScripts {
  std::map<std::string, std::vector<BoundScript>, std::less<>>
      triggers;                              // bound actions by trigger id, in order
  std::map<std::string, ScriptPtr> actions;  // deployed ones by id: what profiles and providers name
  std::map<std::string, TokenExchangeProfile, std::less<>> token_exchange_profiles;  // by subject_token_type
  std::vector<BoundScript> rules;                                                    // enabled ones, in order
  json::Object rules_configuration;                                                  // in the clear
  std::map<std::string, BoundScript> hooks;  // enabled ones by triggerId

  const std::vector<BoundScript>& bound_to(std::string_view trigger) const;
};

// Secrets of scripts are sealed as "secrets.NAME" beside the document that lists their names.
inline constexpr std::string_view sealed_secret_prefix = "secrets.";

}  // namespace durward::domain
