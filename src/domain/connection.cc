#include "domain/connection.h"

#include <algorithm>

namespace durward::domain {

bool Connection::is_enabled_for(std::string_view client_id) const {
  return std::find(enabled_clients.begin(), enabled_clients.end(), client_id) != enabled_clients.end();
}

Connection Connection::from_json(json::Object document) {
  Connection c;
  c.id = json::string_or(document, "id");
  c.name = json::string_or(document, "name");
  c.strategy = json::string_or(document, "strategy");
  c.display_name = json::string_or(document, "display_name");
  c.enabled_clients = json::strings(document, "enabled_clients");
  c.realms = json::strings(document, "realms");
  c.is_domain_connection = json::boolean_or(document, "is_domain_connection", false);
  if (const auto* options = json::object(document, "options")) c.options = *options;
  c.document = std::move(document);
  return c;
}

}  // namespace durward::domain
