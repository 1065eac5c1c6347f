#pragma once
#include <string>
#include <vector>

#include "base/json.h"

namespace durward::domain {

// Values of `options.configuration`, which database scripts read, are sealed where they stand: this and the
// sealed text. So they can be shown, kept in files and written back without being known (Auth0 Management
// API).
inline constexpr std::string_view sealed_configuration_prefix = "2.0$";
inline constexpr std::string_view sealed_configuration_purpose = "connections.options.configuration";

// Where users come from. `options` depends on the strategy; a database connection is strategy "auth0".
struct Connection {
  std::string id, name, strategy, display_name;
  std::vector<std::string> enabled_clients, realms;
  bool is_domain_connection = false;
  json::Object options;
  json::Object document;

  bool is_database() const { return strategy == "auth0"; }
  bool is_enabled_for(std::string_view client_id) const;
  bool signup_disabled() const { return json::boolean_or(options, "disable_signup", false); }
  bool requires_username() const { return json::boolean_or(options, "requires_username", false); }
  static Connection from_json(json::Object document);
};

}  // namespace durward::domain
