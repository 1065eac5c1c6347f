#include "management/connections/connections.h"

#include <algorithm>
#include <set>

#include "management/connections/connection_keys.h"
#include "management/connections/database_scripts.h"
#include "management/connections/document.h"
#include "management/connections/fields.h"
#include "management/connections/scim.h"

namespace durward::management::connection {
namespace {

using endpoint::required;
using endpoint::Type;

constexpr std::string_view always_shown[] = {"is_domain_connection"};

// A connection answers with the secrets of its options, as tools that write them back expect.
Async<json::Object> render(const ports::Services& services, domain::TenantId tenant, json::Object body) {
  co_return co_await reveal(services, resource, tenant, std::move(body), true);
}

Async<json::Array> render_all(const ports::Services& services, Call call,
                              std::vector<ports::Document> documents) {
  json::Array out;
  for (auto& document : documents) {
    CO_TRY(const auto shown, co_await render(services, call.tenant(), std::move(document.body)));
    out.push_back(select_fields(call.query, shown, always_shown));
  }
  co_return out;
}

Async<Reply> list_of_strategies(const ports::Services& services, Call call, endpoint::Paging paging,
                                Filter equals, std::vector<std::string> strategies) {
  CO_TRY(auto documents, co_await all(services, resource, call.tenant(), std::move(equals)));
  std::erase_if(documents, [&](const ports::Document& document) {
    return std::ranges::find(strategies, json::string_or(document.body, "strategy")) == strategies.end();
  });
  CO_TRY(auto items, co_await render_all(services, call, std::move(documents)));
  co_return sliced_reply(std::move(items), paging, resource.plural);
}

Async<Reply> list(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query));
  Filter equals;
  if (const auto name = call.query.get("name"); name && !name->empty()) equals.emplace_back("name", *name);
  auto strategies = words(call.query, "strategy");
  if (strategies.size() > 1)
    co_return co_await list_of_strategies(services, std::move(call), paging, std::move(equals),
                                          std::move(strategies));
  if (strategies.size() == 1) equals.emplace_back("strategy", strategies[0]);
  CO_TRY(auto found, co_await page(services, resource, call.tenant(), std::move(equals), paging));
  CO_TRY(auto items, co_await render_all(services, call, std::move(found.items)));
  co_return ok(endpoint::render_list(paging, resource.plural, std::move(items), found.total, found.next));
}

Async<Reply> read(const ports::Services& services, Call call) {
  CO_TRY(auto document, co_await load(services, resource, call.tenant(), call.parameter("id")));
  CO_TRY(const auto shown, co_await render(services, call.tenant(), std::move(document.body)));
  co_return ok(select_fields(call.query, shown));
}

// Clients that are not there are left out (as recorded from Auth0), and so is a repetition.
Async<json::Object> drop_unknown_clients(const ports::Services& services, domain::TenantId tenant,
                                         json::Object body) {
  if (!json::array(body, "enabled_clients")) co_return body;
  json::Array known;
  std::set<std::string> seen;
  for (const auto& id : json::strings(body, "enabled_clients")) {
    if (!seen.insert(id).second) continue;
    CO_TRY(const auto found, co_await services.documents.find(tenant, ports::Collection::clients, id));
    if (found) known.push_back(json::Value(id));
  }
  body["enabled_clients"] = std::move(known);
  co_return body;
}

// A connection that signs its client assertions has keys from the moment it says so.
Async<ports::Writes> missing_keys(const ports::Services& services, const Call& call,
                                  const json::Object& connection) {
  if (!needs_keys(connection)) co_return ports::Writes{};
  co_return co_await first_keys(services, call.tenant(), connection, call.context.host);
}

Async<Reply> create(const ports::Services& services, Call call) {
  CO_TRY(auto given, co_await drop_unknown_clients(services, call.tenant(), call.object()));
  CO_TRY(auto body, new_connection(std::move(given), services.random, call.context.issuer));
  CO_TRY(auto more, co_await missing_keys(services, call, body));
  more.push_back(api_record(services, call, body));
  CO_TRY(body, co_await prepare_scripts(services, call.tenant(), std::move(body)));
  CO_TRY(body, co_await seal(services, resource, call.tenant(), std::move(body)));
  CO_ENSURE(co_await insert(services, resource, call.tenant(), body, std::move(more)));
  CO_TRY(auto shown, co_await render(services, call.tenant(), std::move(body)));
  co_return ok(std::move(shown));
}

Result<> apply_patch(json::Object& body, const json::Object& patch, const std::string& issuer) {
  constexpr std::string_view merged[] = {"_sealed"};
  endpoint::merge_patch(body, patch, merged);
  if (!patch.contains("options")) return {};
  auto& options = body["options"];
  if (!options.is_object()) options = json::Object();
  return complete_options(json::string_or(body, "strategy"), options.get_object(), issuer);
}

Async<ports::Writes> keys_after(const ports::Services& services, const Call& call,
                                const json::Object& patch) {
  const auto* options = json::object(patch, "options");
  if (!options) co_return ports::Writes{};
  CO_TRY(auto document, co_await load(services, resource, call.tenant(), call.parameter("id")));
  document.body["options"] = *options;
  co_return co_await missing_keys(services, call, document.body);
}

Async<Reply> change(const ports::Services& services, Call call) {
  CO_TRY(auto patch, co_await drop_unknown_clients(services, call.tenant(), call.object()));
  CO_TRY(patch, co_await prepare_scripts(services, call.tenant(), std::move(patch)));
  CO_TRY(patch, co_await seal(services, resource, call.tenant(), std::move(patch)));
  forget_missing_secrets(patch);
  CO_TRY(auto more, co_await keys_after(services, call, patch));
  more.push_back(api_record(services, call));
  Change apply = [patch, issuer = call.context.issuer](json::Object& body) {
    return apply_patch(body, patch, issuer);
  };
  CO_TRY(auto body, co_await update(services, resource, call.tenant(), call.parameter("id"), std::move(apply),
                                    std::move(more)));
  CO_TRY(auto shown, co_await render(services, call.tenant(), std::move(body)));
  co_return ok(std::move(shown));
}

// ---- removal

bool lives_in(const domain::User& user, std::string_view connection) {
  return !user.identities.empty() && user.identities.front().connection == connection;
}

// Users of a connection go with it, a page a commit, so that a large one does not hold the writer.
Async<> remove_users(const ports::Services& services, domain::TenantId tenant, std::string connection) {
  ports::UserQuery query{.limit = 100};
  query.all_of.push_back({.field = "identities.connection", .value = connection});
  for (;;) {
    CO_TRY(const auto found, co_await services.users.list(tenant, query));
    ports::Writes writes;
    for (const auto& user : found.users)
      if (lives_in(user, connection)) writes.push_back(ports::RemoveUser{user.user_id, user});
    const bool removed = !writes.empty();
    if (removed) CO_ENSURE(co_await services.committer.commit(tenant, std::move(writes)));
    if (found.users.size() < 100) co_return Result<>{};
    // Those that stay are linked accounts of users who live elsewhere: step over them.
    if (!removed) query.offset += 100;
  }
}

Async<Reply> destroy(const ports::Services& services, Call call) {
  const std::string id = call.parameter("id");
  CO_TRY(const auto found, co_await services.documents.find(call.tenant(), resource.collection, id));
  if (!found) co_return no_content();
  CO_ENSURE(co_await remove(services, resource, call.tenant(), id,
                            {scim_removal(id), key_removal(id), api_record(services, call)}));
  CO_ENSURE(co_await remove_users(services, call.tenant(), json::string_or(found->body, "name")));
  json::Object body;
  body["deleted_at"] = to_iso8601(services.clock.now());
  co_return ok(std::move(body));
}

Async<Reply> destroy_user(const ports::Services& services, Call call) {
  CO_TRY(const auto document, co_await load(services, resource, call.tenant(), call.parameter("id")));
  if (json::string_or(document.body, "strategy") != "auth0")
    co_return fail(ErrorKind::invalid, "operation_not_supported",
                   "Users can be deleted by e-mail from database connections only.");
  const std::string name = json::string_or(document.body, "name");
  CO_TRY(const auto users, co_await services.users.find_by_email(call.tenant(), call.query.get_or("email")));
  ports::Writes writes;
  for (const auto& user : users)
    if (lives_in(user, name)) writes.push_back(ports::RemoveUser{user.user_id, user});
  if (writes.empty()) co_return no_content();
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await services.committer.commit(call.tenant(), std::move(writes)));
  co_return no_content();
}

// ---- clients of a connection

Async<Reply> list_clients(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query, {.pages = false}));
  CO_TRY(const auto document, co_await load(services, resource, call.tenant(), call.parameter("id")));
  json::Array items;
  for (const auto& client : json::strings(document.body, "enabled_clients"))
    items.push_back(json::Object{{"client_id", client}});
  co_return sliced_reply(std::move(items), paging, "clients");
}

Result<> switch_clients(json::Object& body, const json::Array& wanted) {
  for (const auto& item : wanted) {
    const auto& row = item.get_object();
    const std::string client = json::string_or(row, "client_id");
    if (json::boolean_or(row, "status", false))
      enable_client(body, client);
    else
      disable_client(body, client);
  }
  return {};
}

Async<Reply> change_clients(const ports::Services& services, Call call) {
  const json::Array wanted = call.body.get_array();
  if (wanted.size() > 50)
    co_return invalid_body("Payload validation error: 'Array is too long (" + std::to_string(wanted.size()) +
                           "), maximum 50'.");
  for (const auto& item : wanted) {
    const auto& row = item.get_object();
    if (!json::boolean_or(row, "status", false)) continue;
    CO_TRY(const auto found, co_await services.documents.find(call.tenant(), ports::Collection::clients,
                                                              json::string_or(row, "client_id")));
    if (!found) co_return invalid_body("One of the clients does not exist.");
  }
  Change apply = [wanted](json::Object& body) { return switch_clients(body, wanted); };
  CO_ENSURE(co_await update(services, resource, call.tenant(), call.parameter("id"), std::move(apply),
                            {api_record(services, call)}));
  co_return no_content();
}

// Only AD/LDAP connections have a connector that can be online, and none is connected to this server yet.
Async<Reply> status(const ports::Services& services, Call call) {
  CO_ENSURE(co_await load(services, resource, call.tenant(), call.parameter("id")));
  co_return fail(ErrorKind::not_found, "", "The connection is not online.");
}

constexpr endpoint::Field client_switch_fields[] = {
    {.path = "[].client_id", .flags = required, .format = "client-id"},
    {.path = "[].status", .type = Type::boolean, .flags = required},
};
const endpoint::Schema& client_switch_schema() {
  static const endpoint::Schema made("ConnectionClients", client_switch_fields);
  return made;
}

std::vector<Endpoint> sub_rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string one = "/api/v2/connections/{id}";
  return {
      {.id = "list_connection_clients",
       .method = get,
       .path = one + "/clients",
       .tag = "connections",
       .summary = "Get enabled clients for a connection",
       .scopes = {"read:connections"},
       .rate = management_read,
       .handler = handler<list_clients>(services)},
      {.id = "update_connection_clients",
       .method = patch,
       .path = one + "/clients",
       .tag = "connections",
       .summary = "Update enabled clients for a connection",
       .scopes = {"update:connections"},
       .rate = management_write,
       .success = 204,
       .body = &client_switch_schema(),
       .handler = handler<change_clients>(services)},
      {.id = "get_connection_status",
       .method = get,
       .path = one + "/status",
       .tag = "connections",
       .summary = "Check connection status",
       .scopes = {"read:connections"},
       .rate = management_read,
       .handler = handler<status>(services)},
      {.id = "delete_connection_user",
       .method = delete_,
       .path = one + "/users",
       .tag = "connections",
       .summary = "Delete a connection user",
       .scopes = {"delete:users"},
       .rate = management_write,
       .success = 204,
       .query = {{.name = "email", .flags = required, .min = 1, .max = 254}},
       .handler = handler<destroy_user>(services)},
  };
}

}  // namespace

std::vector<Endpoint> rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string base = "/api/v2/connections", one = base + "/{id}";
  const auto* schema = &connection_schema();
  std::vector<Endpoint> out = {
      {.id = "list_connections",
       .method = get,
       .path = base,
       .tag = "connections",
       .summary = "Get all connections",
       .scopes = {"read:connections"},
       .rate = management_read,
       .query = fields_query({{.name = "name", .max = 128}, {.name = "strategy", .max = 1000}}),
       .reply = schema,
       .handler = handler<list>(services)},
      {.id = "create_connection",
       .method = post,
       .path = base,
       .tag = "connections",
       .summary = "Create a connection",
       .scopes = {"create:connections"},
       .rate = management_write,
       .success = 201,
       .body = schema,
       .reply = schema,
       .handler = handler<create>(services)},
      {.id = "get_connection",
       .method = get,
       .path = one,
       .tag = "connections",
       .summary = "Get a connection",
       .scopes = {"read:connections"},
       .rate = management_read,
       .query = fields_query(),
       .reply = schema,
       .handler = handler<read>(services)},
      {.id = "update_connection",
       .method = patch,
       .path = one,
       .tag = "connections",
       .summary = "Update a connection",
       .scopes = {"update:connections"},
       .rate = management_write,
       .body = schema,
       .reply = schema,
       .handler = handler<change>(services)},
      {.id = "delete_connection",
       .method = delete_,
       .path = one,
       .tag = "connections",
       .summary = "Delete a connection",
       .scopes = {"delete:connections"},
       .rate = management_write,
       .success = 202,
       .handler = handler<destroy>(services)},
  };
  for (const auto& more : {sub_rows(services), scim_rows(services), key_rows(services)})
    out.insert(out.end(), more.begin(), more.end());
  return out;
}

}  // namespace durward::management::connection
