#include "server/seed_apply.h"

#include <sstream>

#include "base/encoding.h"
#include "base/json.h"
#include "management/clients/document.h"
#include "management/clients/fields.h"
#include "management/support/new_tenant.h"
#include "management/users/import_export.h"

namespace durward::server {
namespace {

using http::Method;

std::unexpected<Error> at(const SeedItem& item, Error error) {
  error.message = item.where + ": " + (error.message.empty() ? error.code : error.message);
  return std::unexpected(std::move(error));
}
std::unexpected<Error> wrong(const SeedItem& item, std::string message) {
  return at(item, {ErrorKind::invalid, "invalid_seed", std::move(message)});
}

json::Object without(json::Object body, std::string_view members) {
  std::istringstream words{std::string(members)};
  for (std::string word; words >> word;) body.erase(word);
  return body;
}

// Takes a member out of an item: what the file says beside what the API takes.
std::optional<json::Value> take(json::Object& body, std::string_view member) {
  const auto* found = body.if_contains(member);
  if (!found) return {};
  json::Value value = *found;
  body.erase(member);
  return value;
}

bool is_client_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

std::string encoded(std::string_view text) { return percent_encode(text); }

}  // namespace

const SeedApplication::Kind SeedApplication::clients_kind{"/clients", "clients", "name", "client_id", ""};
const SeedApplication::Kind SeedApplication::apis_kind{"/resource-servers", "resource_servers", "identifier",
                                                       "id", "identifier is_system"};
const SeedApplication::Kind SeedApplication::roles_kind{"/roles", "roles", "name", "id", ""};
const SeedApplication::Kind SeedApplication::connections_kind{"/connections", "connections", "name", "id",
                                                              "name strategy"};

Async<json::Value> SeedApplication::call(const SeedItem& item, Method method, std::string path,
                                         json::Value body) {
  const SeedItem place{{}, item.where};
  auto answer = co_await api_.call(place_, method, std::move(path), std::move(body));
  if (!answer) co_return at(place, std::move(answer).error());
  co_return *std::move(answer);
}

Async<> SeedApplication::run() {
  CO_ENSURE(co_await settings());
  CO_ENSURE(co_await attack_protection());
  CO_ENSURE(co_await put_all(apis_kind, apis_, seed_.resource_servers));
  CO_ENSURE(co_await put_all(clients_kind, clients_, seed_.clients));
  CO_ENSURE(co_await put_grants());
  CO_ENSURE(co_await put_roles());
  CO_ENSURE(co_await put_connections());
  CO_ENSURE(co_await put_scripts());
  CO_ENSURE(co_await put_providers());
  co_return co_await put_users();
}

Async<> SeedApplication::settings() {
  struct Section {
    const std::optional<SeedItem>& item;
    std::string_view path;
  };
  for (const auto& [item, path] : {Section{seed_.settings, "/tenants/settings"},
                                   Section{seed_.branding, "/branding"}, Section{seed_.prompts, "/prompts"}})
    if (item && !item->body.empty())
      CO_ENSURE(co_await call(*item, Method::patch, std::string(path), item->body));
  co_return Result<>();
}

// The Deploy CLI's names of the settings documents, in its file of the tenant.
Async<> SeedApplication::attack_protection() {
  struct Section {
    std::string_view key, path;
  };
  constexpr Section sections[] = {{"botDetection", "bot-detection"},
                                  {"breachedPasswordDetection", "breached-password-detection"},
                                  {"bruteForceProtection", "brute-force-protection"},
                                  {"captcha", "captcha"},
                                  {"phoneProviderProtection", "phone-provider-protection"},
                                  {"suspiciousIpThrottling", "suspicious-ip-throttling"}};
  if (!seed_.attack_protection) co_return Result<>();
  SeedItem item = *seed_.attack_protection;
  for (const auto& [key, path] : sections) {
    auto body = take(item.body, key);
    if (!body || body->is_null()) continue;
    CO_ENSURE(
        co_await call(item, Method::patch, "/attack-protection/" + std::string(path), std::move(*body)));
  }
  if (item.body.empty()) co_return Result<>();
  co_return wrong(item, "attackProtection." + std::string(item.body.begin()->key()) +
                            " is not a setting this version knows");
}

Async<> SeedApplication::load(const Kind& kind, Ids& ids) {
  CO_TRY(const auto items, co_await api_.all(place_, std::string(kind.path), std::string(kind.plural)));
  for (const auto& item : items)
    if (const auto* object = item.if_object())
      ids[json::string_or(*object, kind.name)] = json::string_or(*object, kind.id);
  co_return Result<>();
}

Async<> SeedApplication::put_all(const Kind& kind, Ids& ids, std::vector<SeedItem> items) {
  CO_ENSURE(co_await load(kind, ids));
  for (auto& item : items) CO_ENSURE(co_await put(kind, ids, std::move(item)));
  co_return Result<>();
}

Async<> SeedApplication::put(const Kind& kind, Ids& ids, SeedItem item) {
  const std::string name = json::string_or(item.body, kind.name);
  if (const auto known = ids.find(name); known != ids.end()) {
    const std::string path = std::string(kind.path) + "/" + encoded(known->second);
    CO_ENSURE(co_await call(item, Method::patch, path, without(item.body, kind.fixed)));
    co_return Result<>();
  }
  CO_TRY(ids[name], co_await create(kind, item));
  co_return Result<>();
}

Async<std::string> SeedApplication::create(const Kind& kind, const SeedItem& item) {
  if (&kind == &clients_kind && item.body.contains("client_id"))
    co_return co_await create_client_with_id(item, json::string_or(item.body, "client_id"));
  CO_TRY(const auto made, co_await call(item, Method::post, std::string(kind.path), item.body));
  co_return json::string_or(made.as_object(), kind.id);
}

// The API chooses client ids itself; a file may choose them, so that applications under test need no lookup.
Async<std::string> SeedApplication::create_client_with_id(const SeedItem& item, std::string client_id) {
  namespace clients = management::clients;
  const SeedItem place{{}, item.where};
  if (!is_client_id(client_id)) co_return wrong(place, "client_id must be 1 to 64 letters, digits, - and _");
  json::Object body = item.body;
  if (auto checked = clients::client_schema().check_create(body); !checked)
    co_return at(place, checked.error());
  body = clients::new_client(std::move(body), services_.random);
  body["client_id"] = client_id;
  if (auto checked = clients::check(body); !checked) co_return at(place, checked.error());
  const auto tenant = place_.tenant->id;
  CO_TRY(body, co_await management::seal(services_, clients::resource, tenant, std::move(body)));
  auto inserted = co_await management::insert(services_, clients::resource, tenant, std::move(body), {});
  if (!inserted) co_return at(place, std::move(inserted).error());
  co_return client_id;
}

// The Deploy CLI names clients by name; an id is taken too.
Async<> SeedApplication::put_grants() {
  CO_TRY(const auto existing, co_await api_.all(place_, "/client-grants", "client_grants"));
  for (auto& item : seed_.client_grants) {
    const std::string named = json::string_or(item.body, "client_id");
    if (const auto known = clients_.find(named); known != clients_.end())
      item.body["client_id"] = known->second;
    std::string id;
    for (const auto& grant : existing)
      if (json::string_or(grant.as_object(), "client_id") == json::string_or(item.body, "client_id") &&
          json::string_or(grant.as_object(), "audience") == json::string_or(item.body, "audience"))
        id = json::string_or(grant.as_object(), "id");
    if (id.empty()) {
      CO_ENSURE(co_await call(item, Method::post, "/client-grants", item.body));
    } else {
      CO_ENSURE(co_await call(item, Method::patch, "/client-grants/" + encoded(id),
                              without(item.body, "client_id audience subject_type")));
    }
  }
  co_return Result<>();
}

Async<> SeedApplication::put_roles() {
  CO_ENSURE(co_await load(roles_kind, roles_));
  for (auto& item : seed_.roles) {
    const auto permissions = take(item.body, "permissions");
    CO_ENSURE(co_await put(roles_kind, roles_, item));
    if (!permissions || !permissions->is_array() || permissions->as_array().empty()) continue;
    const std::string id = roles_[json::string_or(item.body, "name")];
    CO_ENSURE(co_await call(item, Method::post, "/roles/" + encoded(id) + "/permissions",
                            json::Object{{"permissions", *permissions}}));
  }
  co_return Result<>();
}

// Names become ids. A connection that says nothing is open to every client of the file.
Result<> SeedApplication::resolve_clients(SeedItem& item) const {
  json::Array ids;
  const auto* named = item.body.if_contains("enabled_clients");
  if (named && !named->is_array()) return wrong(item, "enabled_clients must be a list");
  if (!named)
    for (const auto& client : seed_.clients) {
      const auto known = clients_.find(json::string_or(client.body, "name"));
      if (known != clients_.end()) ids.emplace_back(known->second);
    }
  else
    for (const auto& name : named->as_array()) {
      const std::string text = name.is_string() ? std::string(name.get_string()) : "";
      const auto known = clients_.find(text);
      ids.emplace_back(known == clients_.end() ? text : known->second);
    }
  item.body["enabled_clients"] = std::move(ids);
  return {};
}

Async<> SeedApplication::put_connections() {
  CO_ENSURE(co_await load(connections_kind, connections_));
  for (auto item : seed_.connections) {
    if (!item.body.contains("strategy")) item.body["strategy"] = "auth0";
    CO_ENSURE(resolve_clients(item));
    CO_ENSURE(co_await put(connections_kind, connections_, std::move(item)));
  }
  co_return Result<>();
}

// Where users go that name no connection.
std::string SeedApplication::user_connection() const {
  std::string name(management::database_connection_name);
  if (!seed_.connections.empty()) name = json::string_or(seed_.connections.front().body, "name", name);
  if (seed_.settings) name = json::string_or(seed_.settings->body, "default_directory", name);
  return name;
}

Async<> SeedApplication::put_users() {
  if (seed_.users.empty()) co_return Result<>();
  const std::string connection = user_connection();
  for (auto& item : seed_.users) CO_ENSURE(co_await put_user(std::move(item), connection));
  co_return Result<>();
}

Async<> SeedApplication::put_user(SeedItem item, std::string fallback) {
  const auto roles = take(item.body, "roles");
  auto import = management::users::parse_import_user(item.body, true);
  if (!import) co_return at(item, std::move(import).error());
  if (import->connection.empty()) import->connection = std::move(fallback);
  const auto tenant = place_.tenant->id;
  CO_TRY(const auto connection,
         co_await services_.configuration.connection_by_name(tenant, import->connection));
  if (!connection) co_return wrong(item, "there is no connection " + import->connection);
  auto change = co_await management::users::import_change(services_, tenant, *connection, *std::move(import),
                                                          true, services_.clock.now());
  if (!change) co_return at(item, std::move(change).error());
  CO_TRY(auto assignments, roles_of(item, change->user.user_id, roles));
  std::move(assignments.begin(), assignments.end(), std::back_inserter(change->writes));
  auto committed = co_await services_.committer.commit(tenant, std::move(change->writes));
  if (!committed) co_return at(item, std::move(committed).error());
  co_return Result<>();
}

Result<ports::Writes> SeedApplication::roles_of(const SeedItem& item, const std::string& user_id,
                                                const std::optional<json::Value>& roles) const {
  ports::Writes writes;
  if (!roles) return writes;
  if (!roles->is_array()) return wrong(item, "roles must be a list of names");
  for (const auto& name : roles->get_array()) {
    const auto known = name.is_string() ? roles_.find(std::string_view(name.get_string())) : roles_.end();
    if (known == roles_.end()) return wrong(item, "the user has a role that does not exist");
    writes.push_back(ports::AddUserRole{user_id, known->second});
  }
  return writes;
}

}  // namespace durward::server
