#include "management/client_grants/client_grants.h"

#include <algorithm>
#include <set>

#include "management/client_grants/fields.h"
#include "management/clients/document.h"
#include "management/resource_servers/document.h"

namespace durward::management::client_grants {
namespace {

using endpoint::Type;

std::vector<ports::DocumentKey> document_keys(const json::Object& body) {
  const std::string client = json::string_or(body, "client_id"), audience = json::string_or(body, "audience"),
                    subject = json::string_or(body, "subject_type", "client");
  std::vector<ports::DocumentKey> keys = {{"client_id", client},
                                          {"audience", audience},
                                          {"subject_type", subject},
                                          {"grant", client + "\n" + audience + "\n" + subject, true}};
  if (json::boolean_or(body, "allow_any_organization", false))
    keys.push_back({"allow_any_organization", "true"});
  if (const auto kind = json::string(body, "default_for")) keys.push_back({"default_for", *kind});
  return keys;
}

constexpr std::string_view filters[] = {"client_id", "subject_type", "default_for"};

Async<Reply> list(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query));
  Filter equals;
  for (const auto name : filters)
    if (const auto value = call.query.get(name); value && !value->empty())
      equals.emplace_back(std::string(name), *value);
  if (flag(call.query, "allow_any_organization")) equals.emplace_back("allow_any_organization", "true");
  if (const auto audience = call.query.get("audience"); audience && !audience->empty()) {
    const auto api = co_await resource_servers::find(services, call.context, *audience);
    equals.emplace_back("audience", api ? json::string_or(api->body, "identifier") : *audience);
  }
  CO_TRY(auto found, co_await page(services, resource, call.tenant(), std::move(equals), paging));
  co_return ok_page(resource, paging, std::move(found));
}

Async<Reply> read(const ports::Services& services, Call call) {
  CO_TRY(auto document, co_await load(services, resource, call.tenant(), call.parameter("id")));
  co_return ok(std::move(document.body));
}

// RFC 6749 §3.3: a client is granted scopes that the API has.
Result<> check_scopes(const json::Object& grant, const json::Object& api) {
  std::set<std::string> known;
  if (const auto* scopes = json::array(api, "scopes"))
    for (const auto& scope : *scopes) known.insert(json::string_or(scope.get_object(), "value"));
  std::string unknown;
  for (const auto& scope : json::strings(grant, "scope"))
    if (!known.contains(scope)) unknown += (unknown.empty() ? "" : ", ") + scope;
  if (!unknown.empty())
    return invalid_body("The following scopes are not defined in the resource server: " + unknown);
  return {};
}

Result<> check_client(const json::Object& client) {
  if (json::string_or(client, "app_type") == "express_configuration")
    return fail(ErrorKind::invalid, "validation_error",
                "Client of type express_configuration cannot be used");
  if (json::boolean_or(client, "global", false))
    return fail(ErrorKind::invalid, "validation_error", "The global client cannot be used");
  return {};
}

Async<Reply> create(const ports::Services& services, Call call) {
  json::Object body = call.object();
  const std::string client_id = json::string_or(body, "client_id");
  if (client_id.empty() && !body.contains("default_for"))
    co_return invalid_body("Payload validation error: 'Missing required property: client_id'.");
  if (!client_id.empty()) {
    CO_TRY(const auto client, co_await load(services, clients::resource, call.tenant(), client_id));
    CO_ENSURE(check_client(client.body));
  }
  CO_TRY(const auto api,
         co_await resource_servers::find(services, call.context, json::string_or(body, "audience")));
  body["audience"] = json::string_or(api.body, "identifier");
  CO_ENSURE(check_scopes(body, api.body));
  body = new_client_grant(std::move(body), services.random);
  CO_ENSURE(co_await insert(services, resource, call.tenant(), body, {api_record(services, call)}));
  co_return ok(std::move(body));
}

// A change is not held against the API's scopes (as recorded from Auth0); what a token gets is.
Async<Reply> change(const ports::Services& services, Call call) {
  CO_TRY(auto body, co_await update(services, resource, call.tenant(), call.parameter("id"),
                                    merging(call.object()), {api_record(services, call)}));
  co_return ok(std::move(body));
}

Async<Reply> destroy(const ports::Services& services, Call call) {
  CO_ENSURE(
      co_await remove(services, resource, call.tenant(), call.parameter("id"), {api_record(services, call)}));
  co_return no_content();
}

// Organizations come with a later issue; no grant belongs to one yet.
Async<Reply> list_organizations(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query));
  CO_ENSURE(co_await load(services, resource, call.tenant(), call.parameter("id")));
  co_return ok(endpoint::render_list(paging, "organizations", {}, 0, {}));
}

}  // namespace

const Resource resource = {
    .collection = ports::Collection::client_grants,
    .id_member = "id",
    .plural = "client_grants",
    .missing = {ErrorKind::not_found, "inexistent_client_grant", "The grant does not exist."},
    .taken = {ErrorKind::conflict, "client_grant_conflict",
              "A client grant for this client, audience and subject type already exists."},
    .keys = document_keys,
};

json::Object new_client_grant(json::Object body, Random& random) {
  body["id"] = "cgr_" + random.base62(16);
  if (!body.contains("scope")) body["scope"] = json::Array();
  if (!body.contains("subject_type")) body["subject_type"] = "client";
  return body;
}

std::vector<Endpoint> rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string base = "/api/v2/client-grants", one = base + "/{id}", tag = "client-grants";
  const auto* schema = &client_grant_schema();
  return {
      {.id = "list_client_grants",
       .method = get,
       .path = base,
       .tag = tag,
       .summary = "Get client grants",
       .scopes = {"read:client_grants"},
       .rate = management_read,
       .query = {{.name = "audience"},
                 {.name = "client_id"},
                 {.name = "allow_any_organization", .type = Type::boolean},
                 {.name = "subject_type", .values = "client user"},
                 {.name = "default_for"}},
       .reply = schema,
       .handler = handler<list>(services)},
      {.id = "create_client_grant",
       .method = post,
       .path = base,
       .tag = tag,
       .summary = "Create a client grant",
       .scopes = {"create:client_grants"},
       .rate = management_write,
       .success = 201,
       .body = schema,
       .reply = schema,
       .handler = handler<create>(services)},
      {.id = "get_client_grant",
       .method = get,
       .path = one,
       .tag = tag,
       .summary = "Get a client grant",
       .scopes = {"read:client_grants"},
       .rate = management_read,
       .reply = schema,
       .handler = handler<read>(services)},
      {.id = "update_client_grant",
       .method = patch,
       .path = one,
       .tag = tag,
       .summary = "Update a client grant",
       .scopes = {"update:client_grants"},
       .rate = management_write,
       .body = schema,
       .reply = schema,
       .handler = handler<change>(services)},
      {.id = "delete_client_grant",
       .method = delete_,
       .path = one,
       .tag = tag,
       .summary = "Delete a client grant",
       .scopes = {"delete:client_grants"},
       .rate = management_write,
       .success = 204,
       .handler = handler<destroy>(services)},
      {.id = "list_client_grant_organizations",
       .method = get,
       .path = one + "/organizations",
       .tag = tag,
       .summary = "Get the organizations associated to a client grant",
       .scopes = {"read:organization_client_grants"},
       .rate = management_read,
       .handler = handler<list_organizations>(services)},
  };
}

}  // namespace durward::management::client_grants
