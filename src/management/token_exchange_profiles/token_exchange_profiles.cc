#include "management/token_exchange_profiles/token_exchange_profiles.h"

#include <algorithm>

#include "base/encoding.h"
#include "management/actions/document.h"
#include "management/support/scripts.h"

namespace durward::management::token_exchange_profiles {
namespace {

using endpoint::create_only;
using endpoint::read_only;
using endpoint::required;

constexpr std::string_view trigger = "custom-token-exchange";

constexpr endpoint::Field profile_fields[] = {
    {.path = "id", .flags = read_only},
    {.path = "name", .flags = required, .min = 3, .max = 50},
    {.path = "subject_token_type", .flags = required, .min = 8, .max = 100, .format = "uri"},
    {.path = "action_id", .flags = required | create_only, .min = 1, .max = 36},
    {.path = "type", .flags = required | create_only, .values = "custom_authentication"},
    {.path = "created_at", .flags = read_only},
    {.path = "updated_at", .flags = read_only},
};
const endpoint::Schema& profile_schema() {
  static const endpoint::Schema made("TokenExchangeProfile", profile_fields);
  return made;
}

std::vector<ports::DocumentKey> document_keys(const json::Object& body) {
  return {{"subject_token_type", json::string_or(body, "subject_token_type"), true},
          {std::string(named_action_key), json::string_or(body, "action_id")}};
}

const Resource resource = {
    .collection = ports::Collection::token_exchange_profiles,
    .id_member = "id",
    .plural = "token_exchange_profiles",
    .missing = {ErrorKind::not_found, "", "The token exchange profile does not exist."},
    .taken = {ErrorKind::conflict, "",
              "A token exchange profile with the same subject_token_type already exists."},
    .keys = document_keys,
};

// Types that standards and the platform give a meaning (Auth0 Authentication API, token exchange).
constexpr std::string_view reserved[] = {"http://auth0.com", "https://auth0.com", "http://okta.com",
                                         "https://okta.com", "urn:ietf",          "urn:auth0",
                                         "urn:okta"};

// The name of a namespace ends where the next part of the URI begins (RFC 3986 §3.2, RFC 8141 §2).
bool is_within(std::string_view uri, std::string_view space) {
  if (!uri.starts_with(space)) return false;
  return uri.size() == space.size() || std::string_view(":/?#").contains(uri[space.size()]);
}

Result<> check_type(const json::Object& body) {
  const std::string type = to_lower(json::string_or(body, "subject_token_type"));
  for (const auto space : reserved)
    if (is_within(type, space))
      return invalid_body("The subject_token_type must not begin with the reserved " + std::string(space) +
                          ".");
  return {};
}

Async<> check_action(const ports::Services& services, domain::TenantId tenant, std::string id) {
  CO_TRY(const auto action,
         co_await services.documents.find(tenant, actions::action_resource.collection, id));
  if (!action) co_return invalid_body("There is no action with the action_id '" + id + "'.");
  if (actions::trigger_of(action->body).id != trigger)
    co_return invalid_body("The action is not written for the trigger '" + std::string(trigger) + "'.");
  if (json::string_or(action->body, "deployed_version_id").empty())
    co_return invalid_body("The action has to be deployed before a profile can name it.");
  co_return Result<>();
}

Async<Reply> list(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query, {.pages = false}));
  CO_TRY(auto found, co_await page(services, resource, call.tenant(), {}, paging));
  co_return ok_page(resource, paging, std::move(found));
}

Async<Reply> read(const ports::Services& services, Call call) {
  CO_TRY(auto document, co_await load(services, resource, call.tenant(), call.parameter("id")));
  co_return ok(std::move(document.body));
}

Async<Reply> create(const ports::Services& services, Call call) {
  const auto& given = call.object();
  CO_ENSURE(check_type(given));
  CO_ENSURE(co_await check_action(services, call.tenant(), json::string_or(given, "action_id")));
  json::Object body{{"id", "tep_" + services.random.base62(16)}};
  for (const auto& member : given) body[member.key()] = member.value();
  body["created_at"] = body["updated_at"] = to_iso8601(services.clock.now());
  CO_ENSURE(co_await insert(services, resource, call.tenant(), body, {api_record(services, call, body)}));
  co_return ok(std::move(body));
}

Async<Reply> change(const ports::Services& services, Call call) {
  CO_ENSURE(check_type(call.object()));
  json::Object patch = call.object();
  patch["updated_at"] = to_iso8601(services.clock.now());
  CO_TRY(auto body, co_await update(services, resource, call.tenant(), call.parameter("id"),
                                    merging(std::move(patch)), {api_record(services, call)}));
  co_return ok(std::move(body));
}

Async<Reply> destroy(const ports::Services& services, Call call) {
  CO_ENSURE(
      co_await remove(services, resource, call.tenant(), call.parameter("id"), {api_record(services, call)}));
  co_return no_content();
}

}  // namespace

std::vector<Endpoint> rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string base = "/api/v2/token-exchange-profiles", one = base + "/{id}",
                    tag = "token-exchange-profiles";
  const auto* schema = &profile_schema();
  return {
      {.id = "list_token_exchange_profiles",
       .method = get,
       .path = base,
       .tag = tag,
       .summary = "List token exchange profiles",
       .scopes = {"read:token_exchange_profiles"},
       .rate = management_read,
       .reply = schema,
       .handler = handler<list>(services)},
      {.id = "create_token_exchange_profile",
       .method = post,
       .path = base,
       .tag = tag,
       .summary = "Create a token exchange profile",
       .scopes = {"create:token_exchange_profiles"},
       .rate = management_write,
       .success = 201,
       .body = schema,
       .reply = schema,
       .handler = handler<create>(services)},
      {.id = "get_token_exchange_profile",
       .method = get,
       .path = one,
       .tag = tag,
       .summary = "Get a token exchange profile",
       .scopes = {"read:token_exchange_profiles"},
       .rate = management_read,
       .reply = schema,
       .handler = handler<read>(services)},
      {.id = "update_token_exchange_profile",
       .method = patch,
       .path = one,
       .tag = tag,
       .summary = "Update a token exchange profile",
       .scopes = {"update:token_exchange_profiles"},
       .rate = management_write,
       .body = schema,
       .reply = schema,
       .handler = handler<change>(services)},
      {.id = "delete_token_exchange_profile",
       .method = delete_,
       .path = one,
       .tag = tag,
       .summary = "Delete a token exchange profile",
       .scopes = {"delete:token_exchange_profiles"},
       .rate = management_write,
       .success = 204,
       .handler = handler<destroy>(services)},
  };
}

}  // namespace durward::management::token_exchange_profiles
