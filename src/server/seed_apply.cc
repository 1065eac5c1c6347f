#include "server/seed_apply.h"

#include <sstream>

#include "base/encoding.h"
#include "base/json.h"

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
  CO_ENSURE(co_await put_all(apis_kind, apis_, seed_.resource_servers));
  CO_ENSURE(co_await put_all(clients_kind, clients_, seed_.clients));
  CO_ENSURE(co_await put_grants());
  CO_ENSURE(co_await put_roles());
  CO_ENSURE(co_await put_connections());
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
  CO_TRY(const auto made, co_await call(item, Method::post, std::string(kind.path), item.body));
  ids[name] = json::string_or(made.as_object(), kind.id);
  co_return Result<>();
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
  for (auto& item : seed_.connections) {
    if (!item.body.contains("strategy")) item.body["strategy"] = "auth0";
    CO_ENSURE(resolve_clients(item));
    CO_ENSURE(co_await put(connections_kind, connections_, std::move(item)));
  }
  co_return Result<>();
}

Async<> SeedApplication::put_users() {
  if (seed_.users.empty()) co_return Result<>();
  std::string connection = "Username-Password-Authentication";
  if (!seed_.connections.empty() && !connections_.contains(connection))
    connection = connections_.begin()->first;
  for (auto& item : seed_.users) CO_ENSURE(co_await put_user(std::move(item), connection));
  co_return Result<>();
}

Async<> SeedApplication::put_user(SeedItem item, std::string connection) {
  if (!item.body.contains("connection")) item.body["connection"] = connection;
  const auto roles = take(item.body, "roles");
  CO_TRY(const auto made, co_await call(item, Method::post, "/users", item.body));
  if (!roles) co_return Result<>();
  json::Array ids;
  for (const auto& name : roles->is_array() ? roles->get_array() : json::Array{*roles}) {
    const auto known = name.is_string() ? roles_.find(std::string_view(name.get_string())) : roles_.end();
    if (known == roles_.end()) co_return wrong(item, "the user has a role that does not exist");
    ids.emplace_back(known->second);
  }
  CO_ENSURE(co_await call(item, Method::post,
                          "/users/" + encoded(json::string_or(made.as_object(), "user_id")) + "/roles",
                          json::Object{{"roles", std::move(ids)}}));
  co_return Result<>();
}

}  // namespace durward::server
