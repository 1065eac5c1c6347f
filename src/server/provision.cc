#include "server/provision.h"

#include "base/json.h"
#include "domain/trigger.h"
#include "management/keys/keys.h"
#include "server/seed_apply.h"

namespace durward::server {
namespace {

// A section of an exported file: where its items are and which members are not the file's business.
struct Exported {
  std::string_view section, path, plural;
  std::vector<std::string_view> dropped;
};
const Exported sections[] = {
    {"clients",
     "/clients",
     "clients",
     {"client_id", "client_secret", "tenant", "global", "signing_keys", "created_at", "updated_at",
      "_sealed"}},
    {"resourceServers", "/resource-servers", "resource_servers", {"id", "is_system", "client_id"}},
    {"clientGrants", "/client-grants", "client_grants", {"id", "is_system"}},
    {"roles", "/roles", "roles", {"id"}},
    {"connections", "/connections", "connections", {"id", "realms", "provisioning_ticket_url"}},
    {"actionModules",
     "/actions/modules",
     "modules",
     {"id", "all_changes_published", "actions_using_module_total", "latest_version_number", "created_at",
      "updated_at"}},
    {"actions",
     "/actions/actions",
     "actions",
     {"id", "status", "all_changes_deployed", "deployed_version", "errors", "built_at", "created_at",
      "updated_at"}},
    {"rules", "/rules", "rules", {"id"}},
    {"hooks", "/hooks", "hooks", {"id"}},
};

// Bindings by the names of their actions, as the Deploy CLI writes them.
json::Array exported_bindings(const json::Object& answer) {
  json::Array out;
  for (const auto& item : answer.at("bindings").as_array()) {
    const auto& binding = item.as_object();
    const auto* action = json::object(binding, "action");
    if (!action) continue;
    json::Object kept{{"action_name", json::string_or(*action, "name")},
                      {"display_name", json::string_or(binding, "display_name")}};
    if (json::string_or(binding, "failure_policy") == "open") kept["failure_policy"] = "open";
    out.push_back(std::move(kept));
  }
  return out;
}

// An action as the file tells it: what runs is not the draft, so the file says whether it is deployed.
void settle_action(json::Object& kept, const json::Object& action) {
  kept["deployed"] = json::boolean_or(action, "all_changes_deployed", false);
}

// What every tenant has anyway.
bool is_built_in(const json::Object& item) {
  return json::boolean_or(item, "global", false) || json::boolean_or(item, "is_system", false) ||
         json::string_or(item, "name") == management::management_client_name;
}

json::Object without(const json::Object& item, const std::vector<std::string_view>& dropped) {
  json::Object out = item;
  for (const auto member : dropped) out.erase(member);
  return out;
}

using Names = std::map<std::string, std::string, std::less<>>;  // client id -> name

void name_clients(json::Object& item, const Names& names) {
  if (auto* id = item.if_contains("client_id"); id && id->is_string())
    if (const auto known = names.find(std::string_view(id->get_string())); known != names.end())
      *id = known->second;
  auto* enabled = item.if_contains("enabled_clients");
  if (!enabled || !enabled->is_array()) return;
  json::Array named;
  for (const auto& id : enabled->get_array()) {
    const auto known = names.find(std::string_view(id.as_string()));
    if (known != names.end()) named.emplace_back(known->second);
  }
  *enabled = std::move(named);
}

// The connection every tenant has, opened to the clients of a file that brings none of its own.
SeedItem default_connection(const Seed& seed) {
  return {{{"name", management::database_connection_name}, {"strategy", "auth0"}}, seed.clients[0].where};
}

}  // namespace

Async<management::CreatedTenant> Provisioner::make(management::NewTenant wanted) {
  CO_TRY(auto ec_current, crypto::PrivateKey::generate_ec_p256());
  CO_TRY(auto ec_next, crypto::PrivateKey::generate_ec_p256());
  management::TenantKeys keys{keys_.take_ready(), std::nullopt, std::move(ec_current), std::move(ec_next)};
  co_return co_await management::create_tenant(services_, std::move(wanted), std::move(keys));
}

Async<Provisioner::Place> Provisioner::create(std::string name, std::string host, std::string friendly_name) {
  CO_TRY(auto created, co_await make({std::move(name), host, std::move(friendly_name), {}}));
  co_return Place{std::make_shared<domain::Tenant>(std::move(created.tenant)), std::move(host)};
}

Async<> Provisioner::complete_keys(Place place) {
  CO_ENSURE(co_await services_.configuration.keys(place.tenant->id));
  CO_TRY(const auto key, co_await keys_.take());
  co_return co_await management::keys::add_next_key(services_, place.tenant->id, key, place.host);
}

Async<> Provisioner::apply(Place place, Seed seed) {
  SeedApplication application(services_, api_, std::move(place), std::move(seed));
  co_return co_await application.run();
}

Async<Provisioner::Place> Provisioner::create_from(Seed seed, std::string host) {
  if (seed.connections.empty() && !seed.clients.empty()) seed.connections.push_back(default_connection(seed));
  CO_TRY(auto place, co_await create(seed.name, std::move(host)));
  CO_ENSURE(co_await apply(place, std::move(seed)));
  co_return place;
}

Async<json::Object> Provisioner::export_triggers(Place place) const {
  json::Object out;
  for (const auto& trigger : domain::triggers()) {
    if (trigger.is_entity_bound) continue;
    CO_TRY(const auto answer,
           co_await api_.call(place, http::Method::get,
                              "/actions/triggers/" + std::string(trigger.id) + "/bindings"));
    if (auto bindings = exported_bindings(answer.as_object()); !bindings.empty())
      out[trigger.id] = std::move(bindings);
  }
  co_return out;
}

Async<json::Object> Provisioner::export_tenant(Place place) const {
  json::Object out;
  CO_TRY(auto settings, co_await api_.call(place, http::Method::get, "/tenants/settings"));
  out["tenant"] = json::Object{{"name", place.tenant->name}};
  for (const auto& [key, value] : settings.as_object())
    if (key != "sandbox_versions_available") out["tenant"].as_object()[key] = value;
  Names names;
  for (const auto& section : sections) {
    json::Array items;
    CO_TRY(const auto all, co_await api_.all(place, std::string(section.path), std::string(section.plural)));
    for (const auto& item : all) {
      const auto& object = item.as_object();
      if (section.section == "clients")
        names[json::string_or(object, "client_id")] = json::string_or(object, "name");
      if (is_built_in(object) ||
          names[json::string_or(object, "client_id")] == management::management_client_name)
        continue;
      auto kept = without(object, section.dropped);
      if (section.section == "actions") settle_action(kept, object);
      name_clients(kept, names);
      items.push_back(std::move(kept));
    }
    out[section.section] = std::move(items);
  }
  CO_TRY(out["triggers"], co_await export_triggers(place));
  CO_TRY(out["branding"], co_await api_.call(place, http::Method::get, "/branding"));
  CO_TRY(out["prompts"], co_await api_.call(place, http::Method::get, "/prompts"));
  co_return out;
}

Async<ManagementClient> Provisioner::management_client(Place place) const {
  CO_TRY(const auto clients, co_await api_.all(place, "/clients", "clients"));
  for (const auto& item : clients) {
    const auto& client = item.as_object();
    if (json::string_or(client, "name") == management::management_client_name)
      co_return ManagementClient{json::string_or(client, "client_id"),
                                 json::string_or(client, "client_secret")};
  }
  co_return fail(ErrorKind::not_found, "inexistent_client",
                 "The tenant has no client named " + std::string(management::management_client_name) + ".");
}

Async<Provisioner::Place> Provisioner::find(std::string name, std::string host) const {
  CO_TRY(auto tenant, co_await services_.tenants.find_by_name(name));
  if (!tenant) co_return fail(ErrorKind::not_found, "inexistent_tenant", "There is no tenant " + name + ".");
  co_return Place{std::make_shared<domain::Tenant>(*std::move(tenant)), std::move(host)};
}

}  // namespace durward::server
