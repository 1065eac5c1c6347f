#include "management/clients/clients.h"

#include <algorithm>

#include "management/clients/credentials.h"
#include "management/clients/document.h"
#include "management/clients/fields.h"
#include "management/connections/document.h"
#include "management/keys/keys.h"
#include "management/resource_servers/document.h"

namespace durward::management::clients {
namespace {

constexpr std::string_view merged_members[] = {"client_metadata"};
constexpr std::string_view always_shown[] = {"tenant", "client_id"};
constexpr std::string_view key_scopes[] = {"read:client_keys", "update:client_keys"};
constexpr std::string_view summary_members =
    "tenant,client_id,name,app_type,logo_uri,is_first_party,external_client_id";

// What of a client the caller may see, and what all clients of a tenant share.
struct View {
  std::string tenant;
  bool secret = false;
  bool summary = false;
  json::Array signing_keys;
};

Async<View> make_view(const ports::Services& services, domain::TenantId tenant, std::string tenant_name,
                      bool secret, bool summary) {
  View view{.tenant = std::move(tenant_name), .secret = secret, .summary = summary};
  if (secret) {
    CO_TRY(view.signing_keys, co_await keys::client_signing_keys(services, tenant));
  }
  co_return view;
}

Async<View> view_of(const ports::Services& services, const Call& call) {
  const auto& principal = call.principal;
  const bool keys = std::ranges::any_of(key_scopes, [&](auto scope) { return principal.has(scope); });
  const bool whole = keys || principal.has("read:clients") || principal.has("update:clients");
  const bool summary = !whole && !principal.has("read:client_credentials");
  return make_view(services, call.tenant(), call.context.tenant->name, keys, summary);
}

// Older tools read the addresses of oidc_logout under their first name.
void show_backchannel_logout(json::Object& out) {
  const auto* logout = json::object(out, "oidc_logout");
  const auto* urls = logout ? json::array(*logout, "backchannel_logout_urls") : nullptr;
  if (urls && !out.contains("oidc_backchannel_logout"))
    out["oidc_backchannel_logout"] = json::Object{{"backchannel_logout_urls", *urls}};
}

Async<json::Object> render(const ports::Services& services, domain::TenantId tenant, json::Object body,
                           View view) {
  CO_TRY(auto out, co_await reveal(services, resource, tenant, std::move(body), view.secret));
  out.stable_erase("_credentials");
  out["tenant"] = view.tenant;
  out["global"] = json::boolean_or(out, "global", false);
  out["cross_origin_auth"] = json::boolean_or(out, "cross_origin_authentication", false);
  if (view.secret) out["signing_keys"] = std::move(view.signing_keys);
  show_backchannel_logout(out);
  co_return view.summary ? endpoint::project(out, summary_members, true) : out;
}

// ---- list

Filter key_filter(const http::Parameters& query) {
  Filter equals;
  if (query.has("is_global")) equals.emplace_back("global", flag(query, "is_global") ? "true" : "false");
  if (query.has("is_first_party"))
    equals.emplace_back("is_first_party", flag(query, "is_first_party") ? "true" : "false");
  if (const auto types = words(query, "app_type"); types.size() == 1)
    equals.emplace_back("app_type", types[0]);
  return equals;
}

Async<json::Array> render_all(const ports::Services& services, Call call,
                              std::vector<ports::Document> documents) {
  CO_TRY(const View view, co_await view_of(services, call));
  json::Array out;
  for (auto& document : documents) {
    CO_TRY(const auto shown, co_await render(services, call.tenant(), std::move(document.body), view));
    out.push_back(select_fields(call.query, shown, always_shown));
  }
  co_return out;
}

// Several application types: no key of the store answers that.
Async<Reply> list_of_types(const ports::Services& services, Call call, endpoint::Paging paging,
                           std::vector<std::string> types) {
  CO_TRY(auto documents, co_await all(services, resource, call.tenant(), key_filter(call.query)));
  std::erase_if(documents, [&](const ports::Document& document) {
    return std::ranges::find(types, json::string_or(document.body, "app_type")) == types.end();
  });
  CO_TRY(auto items, co_await render_all(services, call, std::move(documents)));
  co_return sliced_reply(std::move(items), paging, resource.plural);
}

Async<Reply> list(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query));
  auto types = words(call.query, "app_type");
  if (types.size() > 1) co_return co_await list_of_types(services, std::move(call), paging, std::move(types));
  CO_TRY(auto found, co_await page(services, resource, call.tenant(), key_filter(call.query), paging));
  CO_TRY(auto items, co_await render_all(services, call, std::move(found.items)));
  co_return ok(endpoint::render_list(paging, resource.plural, std::move(items), found.total, found.next));
}

// ---- one

Async<Reply> read(const ports::Services& services, Call call) {
  CO_TRY(auto document, co_await load(services, resource, call.tenant(), call.parameter("id")));
  CO_TRY(auto view, co_await view_of(services, call));
  CO_TRY(const auto shown,
         co_await render(services, call.tenant(), std::move(document.body), std::move(view)));
  co_return ok(select_fields(call.query, shown));
}

// An API that is a client itself (token exchange) carries the id of that client.
Async<ports::Writes> link_resource_server(const ports::Services& services, endpoint::RequestContext context,
                                          json::Object client) {
  const auto identifier = json::string(client, "resource_server_identifier");
  if (!identifier) co_return ports::Writes();
  CO_TRY(auto api, co_await resource_servers::find(services, std::move(context), *identifier));
  if (api.body.contains("client_id"))
    co_return invalid_body("The resource server is linked to a client already.");
  api.body["client_id"] = json::string_or(client, "client_id");
  api.updated_at = services.clock.now();
  auto keys = resource_servers::resource.keys(api.body);
  co_return ports::Writes{
      ports::ReplaceDocument{ports::Collection::resource_servers, std::move(api), std::move(keys)}};
}

// Tenants with flags.enable_client_connections give each new application of their own all connections.
Async<ports::Writes> arrival(const ports::Services& services, domain::TenantId tenant, json::Object client) {
  CO_TRY(const auto settings, co_await services.configuration.settings(tenant));
  const bool wanted = settings && settings->enable_client_connections;
  if (!wanted || !json::boolean_or(client, "is_first_party", true)) co_return ports::Writes();
  CO_TRY(auto connections, co_await all(services, connection::resource, tenant));
  ports::Writes writes;
  for (auto& document : connections) {
    connection::enable_client(document.body, json::string_or(client, "client_id"));
    document.updated_at = services.clock.now();
    auto keys = connection::resource.keys(document.body);
    writes.push_back(
        ports::ReplaceDocument{ports::Collection::connections, std::move(document), std::move(keys)});
  }
  co_return writes;
}

Async<> store_new(const ports::Services& services, const Call& call, json::Object body) {
  for (int attempt = 1;; ++attempt) {
    CO_TRY(auto more, co_await link_resource_server(services, call.context, body));
    CO_TRY(auto enabled, co_await arrival(services, call.tenant(), body));
    std::ranges::move(enabled, std::back_inserter(more));
    more.push_back(api_record(services, call));
    auto done = co_await insert(services, resource, call.tenant(), body, std::move(more));
    if (done || done.error().code != "version_changed" || attempt == 5) co_return done;
  }
}

Async<Reply> create(const ports::Services& services, Call call) {
  auto body = new_client(call.object(), services.random);
  CO_ENSURE(adopt_credentials(body, services.clock.now(), services.random));
  CO_ENSURE(check(body));
  CO_TRY(body, co_await seal(services, resource, call.tenant(), std::move(body)));
  CO_ENSURE(co_await store_new(services, call, body));
  CO_TRY(auto view, co_await make_view(services, call.tenant(), call.context.tenant->name, true, false));
  CO_TRY(auto shown, co_await render(services, call.tenant(), body, std::move(view)));
  expand_credentials(shown, body);
  co_return ok(std::move(shown));
}

// Members that the further scopes of the row are for. A caller without update:clients changes nothing else.
struct Privilege {
  std::string_view scope, member;
};
constexpr Privilege privileges[] = {
    {"update:client_keys", "client_secret"},
    {"update:client_keys", "encryption_key"},
    {"update:client_credentials", "client_authentication_methods"},
    {"update:client_credentials", "signed_request_object"},
    {"update:client_token_vault_privileged_access", "token_vault_privileged_access"},
};

std::unexpected<Error> lacks(std::string_view scope) {
  return fail(ErrorKind::forbidden, "insufficient_scope",
              "Insufficient scope, expected any of: " + std::string(scope));
}

Result<> check_privileges(const endpoint::Principal& principal, const json::Object& patch) {
  for (const auto& member : patch) {
    const auto* row = std::ranges::find(privileges, std::string_view(member.key()), &Privilege::member);
    const bool special = row != std::end(privileges);
    if (special && principal.has(row->scope)) continue;
    if (special && row->member == "client_secret") return lacks(row->scope);
    if (!principal.has("update:clients")) return lacks("update:clients");
  }
  return {};
}

Result<> apply_patch(json::Object& body, const json::Object& patch, TimePoint now, Random& random) {
  const std::vector<std::string_view> merged = {merged_members[0], "_sealed"};
  const bool methods_given = json::object(patch, "client_authentication_methods");
  endpoint::merge_patch(body, patch, merged);
  // Private keys and client secrets exclude each other: choosing one ends the other.
  if (methods_given && !patch.contains("token_endpoint_auth_method"))
    body.stable_erase("token_endpoint_auth_method");
  complete(body);
  ENSURE(adopt_credentials(body, now, random));
  return check(body);
}

Async<Reply> change(const ports::Services& services, Call call) {
  json::Object patch = call.object();
  CO_ENSURE(check_privileges(call.principal, patch));
  if (patch.if_contains("client_secret") && patch.at("client_secret").is_null())
    co_return invalid_body("The client secret cannot be removed.");
  CO_TRY(patch, co_await seal(services, resource, call.tenant(), std::move(patch)));
  Random& random = services.random;
  const TimePoint now = services.clock.now();
  Change apply = [patch, now, &random](json::Object& body) { return apply_patch(body, patch, now, random); };
  CO_TRY(auto body, co_await update(services, resource, call.tenant(), call.parameter("id"), std::move(apply),
                                    {api_record(services, call)}));
  CO_TRY(auto view, co_await view_of(services, call));
  CO_TRY(auto shown, co_await render(services, call.tenant(), std::move(body), std::move(view)));
  co_return ok(std::move(shown));
}

Async<Reply> rotate_secret(const ports::Services& services, Call call) {
  json::Object patch;
  patch["client_secret"] = new_client_secret(services.random);
  CO_TRY(patch, co_await seal(services, resource, call.tenant(), std::move(patch)));
  CO_TRY(auto body, co_await update(services, resource, call.tenant(), call.parameter("id"),
                                    merging(std::move(patch)), {api_record(services, call)}));
  CO_TRY(auto view, co_await make_view(services, call.tenant(), call.context.tenant->name, true, false));
  CO_TRY(auto shown, co_await render(services, call.tenant(), std::move(body), std::move(view)));
  co_return ok(std::move(shown));
}

// ---- removal

// A client leaves the connections it was enabled for; a connection that changes meanwhile makes the commit
// fail, and all is read again.
Async<ports::Writes> departure(const ports::Services& services, domain::TenantId tenant,
                               std::string client_id) {
  CO_TRY(auto enabled, co_await all(services, connection::resource, tenant, {{"client", client_id}}));
  ports::Writes writes = {ports::RemoveDocumentsBy{ports::Collection::client_grants, "client_id", client_id}};
  for (auto& document : enabled) {
    connection::disable_client(document.body, client_id);
    document.updated_at = services.clock.now();
    auto keys = connection::resource.keys(document.body);
    writes.push_back(
        ports::ReplaceDocument{ports::Collection::connections, std::move(document), std::move(keys)});
  }
  co_return writes;
}

Async<Reply> destroy(const ports::Services& services, Call call) {
  const std::string id = call.parameter("id");
  CO_TRY(const auto found, co_await services.documents.find(call.tenant(), resource.collection, id));
  if (!found) co_return no_content();
  if (json::boolean_or(found->body, "global", false))
    co_return fail(ErrorKind::forbidden, "operation_not_supported", "The global client cannot be deleted.");
  for (int attempt = 1;; ++attempt) {
    CO_TRY(auto writes, co_await departure(services, call.tenant(), id));
    writes.push_back(api_record(services, call));
    auto done = co_await remove(services, resource, call.tenant(), id, std::move(writes));
    if (done) co_return no_content();
    if (done.error().code != "version_changed" || attempt == 5) co_return std::unexpected(done.error());
  }
}

// ---- connections of a client

Async<Reply> list_connections(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query, {.pages = false}));
  const std::string id = call.parameter("id");
  CO_ENSURE(co_await load(services, resource, call.tenant(), id));
  CO_TRY(auto documents, co_await all(services, connection::resource, call.tenant(), {{"client", id}}));
  const auto strategies = words(call.query, "strategy");
  json::Array items;
  for (auto& document : documents) {
    const std::string strategy = json::string_or(document.body, "strategy");
    if (!strategies.empty() && std::ranges::find(strategies, strategy) == strategies.end()) continue;
    CO_TRY(const auto shown,
           co_await reveal(services, connection::resource, call.tenant(), std::move(document.body), true));
    items.push_back(select_fields(call.query, shown));
  }
  co_return sliced_reply(std::move(items), paging, "connections");
}

}  // namespace

std::vector<Endpoint> rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  using endpoint::Type;
  const std::string base = "/api/v2/clients", one = base + "/{id}";
  const auto* schema = &client_schema();
  const std::vector<std::string> readers = {"read:clients", "read:client_keys", "read:client_credentials",
                                            "read:client_summary"};
  std::vector<Endpoint> out = {
      {.id = "list_clients",
       .method = get,
       .path = base,
       .tag = "clients",
       .summary = "Get clients",
       .scopes = readers,
       .rate = management_read,
       .query = fields_query({{.name = "is_global", .type = Type::boolean},
                              {.name = "is_first_party", .type = Type::boolean},
                              {.name = "app_type", .max = 1000}}),
       .reply = schema,
       .handler = handler<list>(services)},
      {.id = "create_client",
       .method = post,
       .path = base,
       .tag = "clients",
       .summary = "Create a client",
       .scopes = {"create:clients"},
       .rate = management_write,
       .success = 201,
       .body = schema,
       .reply = schema,
       .handler = handler<create>(services)},
      {.id = "get_client",
       .method = get,
       .path = one,
       .tag = "clients",
       .summary = "Get a client",
       .scopes = readers,
       .rate = management_read,
       .query = fields_query(),
       .reply = schema,
       .handler = handler<read>(services)},
      {.id = "update_client",
       .method = patch,
       .path = one,
       .tag = "clients",
       .summary = "Update a client",
       .scopes = {"update:clients", "update:client_keys", "update:client_credentials",
                  "update:client_token_vault_privileged_access"},
       .rate = management_write,
       .body = schema,
       .reply = schema,
       .handler = handler<change>(services)},
      {.id = "delete_client",
       .method = delete_,
       .path = one,
       .tag = "clients",
       .summary = "Delete a client",
       .scopes = {"delete:clients"},
       .rate = management_write,
       .success = 204,
       .handler = handler<destroy>(services)},
      {.id = "rotate_client_secret",
       .method = post,
       .path = one + "/rotate-secret",
       .tag = "clients",
       .summary = "Rotate a client secret",
       .scopes = {"update:client_keys"},
       .rate = management_write,
       .reply = schema,
       .handler = handler<rotate_secret>(services)},
      {.id = "list_client_connections",
       .method = get,
       .path = one + "/connections",
       .tag = "clients",
       .summary = "Get enabled connections for a client",
       .scopes = {"read:connections", "read:clients", "read:client_summary"},
       .rate = management_read,
       .query = fields_query(),
       .handler = handler<list_connections>(services)},
  };
  std::ranges::move(credential_rows(services), std::back_inserter(out));
  return out;
}

}  // namespace durward::management::clients
