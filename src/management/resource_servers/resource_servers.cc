#include "management/resource_servers/resource_servers.h"

#include <algorithm>
#include <set>

#include "management/resource_servers/document.h"
#include "management/resource_servers/fields.h"

namespace durward::management::resource_servers {
namespace {

using endpoint::Type;

// What an operator may change of the management API itself.
constexpr std::string_view system_members[] = {"token_lifetime", "token_lifetime_for_web",
                                               "skip_consent_for_verifiable_first_party_clients",
                                               "allow_offline_access", "signing_alg"};

Async<json::Object> render(const ports::Services& services, domain::TenantId tenant, json::Object body) {
  co_return co_await reveal(services, resource, tenant, with_scopes(std::move(body)), true);
}

Async<json::Array> render_all(const ports::Services& services, Call call,
                              std::vector<ports::Document> documents) {
  json::Array out;
  for (auto& document : documents) {
    CO_TRY(const auto shown, co_await render(services, call.tenant(), std::move(document.body)));
    out.push_back(select_fields(call.query, shown));
  }
  co_return out;
}

Async<Reply> list_of_identifiers(const ports::Services& services, Call call, endpoint::Paging paging,
                                 std::vector<std::string> identifiers) {
  std::vector<ports::Document> documents;
  for (auto& identifier : identifiers) {
    auto found = co_await find(services, call.context, std::move(identifier));
    if (found)
      documents.push_back(*std::move(found));
    else if (found.error().kind != ErrorKind::not_found)
      co_return std::unexpected(found.error());
  }
  CO_TRY(auto items, co_await render_all(services, call, std::move(documents)));
  co_return sliced_reply(std::move(items), paging, resource.plural);
}

Async<Reply> list(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query));
  auto identifiers = words(call.query, "identifiers");
  if (identifiers.size() > 50)
    co_return fail(ErrorKind::invalid, "invalid_query_string", "Too many identifiers.");
  if (!identifiers.empty())
    co_return co_await list_of_identifiers(services, std::move(call), paging, std::move(identifiers));
  CO_TRY(auto found, co_await page(services, resource, call.tenant(), {}, paging));
  CO_TRY(auto items, co_await render_all(services, call, std::move(found.items)));
  co_return ok(endpoint::render_list(paging, resource.plural, std::move(items), found.total, found.next));
}

Async<Reply> read(const ports::Services& services, Call call) {
  CO_TRY(auto document, co_await find(services, call.context, call.parameter("id")));
  CO_TRY(const auto shown, co_await render(services, call.tenant(), std::move(document.body)));
  co_return ok(select_fields(call.query, shown));
}

Result<> check(const json::Object& body) {
  if (const auto* scopes = json::array(body, "scopes")) {
    std::set<std::string> seen;
    for (const auto& scope : *scopes)
      if (!seen.insert(json::string_or(scope.get_object(), "value")).second)
        return invalid_body("Payload validation error: 'Array items are not unique' on property scopes.");
  }
  if (json::integer_or(body, "token_lifetime_for_web", 0) > json::integer_or(body, "token_lifetime", 86400))
    return invalid_body("The property token_lifetime_for_web must be less than or equal to token_lifetime.");
  return {};
}

Async<Reply> create(const ports::Services& services, Call call) {
  auto body = new_resource_server(call.object(), services.random);
  CO_ENSURE(check(body));
  CO_TRY(body, co_await seal(services, resource, call.tenant(), std::move(body)));
  CO_ENSURE(co_await insert(services, resource, call.tenant(), body, {api_record(services, call)}));
  CO_TRY(auto shown, co_await render(services, call.tenant(), std::move(body)));
  co_return ok(std::move(shown));
}

Result<> check_system_patch(const json::Object& patch) {
  for (const auto& member : patch)
    if (std::ranges::find(system_members, std::string_view(member.key())) == std::end(system_members))
      return invalid_body("Invalid request: the property " + std::string(member.key()) +
                          " of a system API cannot be changed.");
  return {};
}

Result<> apply_patch(json::Object& body, const json::Object& patch) {
  constexpr std::string_view merged[] = {"_sealed"};
  if (json::boolean_or(body, "is_system", false)) ENSURE(check_system_patch(patch));
  endpoint::merge_patch(body, patch, merged);
  // A shorter token also bounds the one for the web, unless both were named.
  const int64_t whole = json::integer_or(body, "token_lifetime", 86400);
  if (!patch.contains("token_lifetime_for_web") &&
      json::integer_or(body, "token_lifetime_for_web", 0) > whole)
    body["token_lifetime_for_web"] = whole;
  return check(body);
}

// An API that becomes HS256 needs a secret; one is made when the caller brings none.
bool needs_secret(const json::Object& body, const json::Object& patch) {
  const auto* sealed = json::object(body, "_sealed");
  return json::string_or(patch, "signing_alg") == "HS256" && !patch.contains("signing_secret") &&
         !(sealed && json::string(*sealed, "signing_secret"));
}

Async<Reply> change(const ports::Services& services, Call call) {
  CO_TRY(const auto document, co_await find(services, call.context, call.parameter("id")));
  json::Object patch = call.object();
  if (needs_secret(document.body, patch)) patch["signing_secret"] = services.random.base62(32);
  CO_TRY(patch, co_await seal(services, resource, call.tenant(), std::move(patch)));
  Change apply = [patch](json::Object& body) { return apply_patch(body, patch); };
  CO_TRY(auto body, co_await update(services, resource, call.tenant(), document.id, std::move(apply),
                                    {api_record(services, call)}));
  CO_TRY(auto shown, co_await render(services, call.tenant(), std::move(body)));
  co_return ok(std::move(shown));
}

// The grants of an API go with it.
Async<Reply> destroy(const ports::Services& services, Call call) {
  auto document = co_await find(services, call.context, call.parameter("id"));
  if (!document && document.error().kind == ErrorKind::not_found) co_return no_content();
  if (!document) co_return std::unexpected(document.error());
  if (json::boolean_or(document->body, "is_system", false))
    co_return fail(ErrorKind::invalid, "invalid_body", "A system API cannot be deleted.");
  const std::string identifier = json::string_or(document->body, "identifier");
  ports::Writes more = {ports::RemoveDocumentsBy{ports::Collection::client_grants, "audience", identifier},
                        api_record(services, call)};
  CO_ENSURE(co_await remove(services, resource, call.tenant(), document->id, std::move(more)));
  co_return no_content();
}

}  // namespace

std::vector<Endpoint> rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string base = "/api/v2/resource-servers", one = base + "/{id}", tag = "resource-servers";
  const auto* schema = &resource_server_schema();
  return {
      {.id = "list_resource_servers",
       .method = get,
       .path = base,
       .tag = tag,
       .summary = "Get resource servers",
       .scopes = {"read:resource_servers"},
       .rate = management_read,
       .query = fields_query({{.name = "identifiers"}}),
       .reply = schema,
       .handler = handler<list>(services)},
      {.id = "create_resource_server",
       .method = post,
       .path = base,
       .tag = tag,
       .summary = "Create a resource server",
       .scopes = {"create:resource_servers"},
       .rate = management_write,
       .success = 201,
       .body = schema,
       .reply = schema,
       .handler = handler<create>(services)},
      {.id = "get_resource_server",
       .method = get,
       .path = one,
       .tag = tag,
       .summary = "Get a resource server",
       .scopes = {"read:resource_servers"},
       .rate = management_read,
       .query = fields_query(),
       .reply = schema,
       .handler = handler<read>(services)},
      {.id = "update_resource_server",
       .method = patch,
       .path = one,
       .tag = tag,
       .summary = "Update a resource server",
       .scopes = {"update:resource_servers"},
       .rate = management_write,
       .body = schema,
       .reply = schema,
       .handler = handler<change>(services)},
      {.id = "delete_resource_server",
       .method = delete_,
       .path = one,
       .tag = tag,
       .summary = "Delete a resource server",
       .scopes = {"delete:resource_servers"},
       .rate = management_write,
       .success = 204,
       .handler = handler<destroy>(services)},
  };
}

}  // namespace durward::management::resource_servers
