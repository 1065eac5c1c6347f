#include "management/connections/scim.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "management/connections/document.h"

namespace durward::management::connection {
namespace {

using endpoint::Type;

constexpr size_t active_tokens_max = 2;

// A strategy that can be provisioned, and the SCIM attribute that holds the user's id there.
struct Provisioned {
  std::string_view strategy, user_id_attribute;
};
constexpr Provisioned provisioned[] = {
    {"samlp", "userName"}, {"oidc", "externalId"}, {"okta", "externalId"}, {"waad", "externalId"}};

// RFC 7643 §4.1 and §4.3: the attributes of a user, and the members of a profile they become.
struct Mapped {
  std::string_view scim, member;
};
constexpr Mapped default_mapping[] = {
    {"userName", "preferred_username"},
    {"emails[primary eq true].value", "email"},
    {"externalId", "app_metadata.external_id"},
    {"displayName", "name"},
    {"nickName", "nickname"},
    {"name.givenName", "given_name"},
    {"name.familyName", "family_name"},
    {"photos[type eq \"photo\"].value", "picture"},
    {"phoneNumbers[primary eq true].value", "app_metadata.phone_number"},
    {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.department", "app_metadata.department"},
    {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.manager", "app_metadata.manager"},
};

constexpr std::string_view shown_members[] = {"connection_id", "connection_name",   "strategy",
                                              "tenant_name",   "user_id_attribute", "mapping",
                                              "created_at",    "updated_on"};
constexpr std::string_view shown_token_members[] = {"token_id", "scopes", "created_at", "valid_until"};
constexpr std::string_view every_scope[] = {"get:users", "post:users", "patch:users", "put:users",
                                            "delete:users"};

constexpr endpoint::Field configuration_fields[] = {
    {.path = "user_id_attribute", .min = 1, .max = 256},
    {.path = "mapping", .type = Type::array, .max = 200},
    {.path = "mapping[].auth0", .flags = endpoint::required, .min = 1, .max = 512},
    {.path = "mapping[].scim", .flags = endpoint::required, .min = 1, .max = 512},
    {.path = "connection_id", .flags = endpoint::read_only},
    {.path = "connection_name", .flags = endpoint::read_only},
    {.path = "strategy", .flags = endpoint::read_only},
    {.path = "tenant_name", .flags = endpoint::read_only},
    {.path = "created_at", .flags = endpoint::read_only, .format = "date-time"},
    {.path = "updated_on", .flags = endpoint::read_only, .format = "date-time"},
};
const endpoint::Schema& configuration_schema() {
  static const endpoint::Schema made("ScimConfiguration", configuration_fields);
  return made;
}

// The shortest lifetime is 15 minutes (Auth0 Authentication API).
constexpr endpoint::Field token_fields[] = {
    {.path = "scopes",
     .type = Type::array,
     .min = 1,
     .max = 5,
     .values = "get:users post:users patch:users put:users delete:users"},
    {.path = "token_lifetime",
     .type = Type::integer,
     .flags = endpoint::nullable,
     .min = 900,
     .max = 315360000},
    {.path = "token_id", .flags = endpoint::read_only},
    {.path = "token", .flags = endpoint::read_only},
    {.path = "created_at", .flags = endpoint::read_only, .format = "date-time"},
    {.path = "valid_until", .flags = endpoint::read_only, .format = "date-time"},
};
const endpoint::Schema& token_schema() {
  static const endpoint::Schema made("ScimToken", token_fields);
  return made;
}

const json::Array& tokens_of(const json::Object& body) {
  static const json::Array none;
  const auto* tokens = json::array(body, "_tokens");
  return tokens ? *tokens : none;
}

std::vector<ports::DocumentKey> document_keys(const json::Object& body) {
  std::vector<ports::DocumentKey> keys = {{"connection", json::string_or(body, "connection_id")}};
  for (const auto& token : tokens_of(body))
    keys.push_back({"token", json::string_or(token.get_object(), "hash"), true});
  return keys;
}

const Resource configurations = {
    .collection = ports::Collection::scim_configurations,
    .id_member = "connection_id",
    .plural = "scim_configurations",
    .missing = {ErrorKind::not_found, "", "Not Found"},
    .taken = {ErrorKind::conflict, "", "The connection already has a SCIM configuration."},
    .keys = document_keys,
};

json::Object pick(const json::Object& body, std::span<const std::string_view> members) {
  json::Object out;
  for (const auto name : members)
    if (const auto* value = body.if_contains(name)) out[name] = *value;
  return out;
}

json::Object render(const json::Object& body) { return pick(body, shown_members); }

// ---- configuration

json::Array mapping_rows() {
  json::Array out;
  for (const auto& row : default_mapping)
    out.push_back(json::Object{{"scim", row.scim}, {"auth0", row.member}});
  return out;
}

// The connection of a request; one whose strategy cannot be provisioned has no SCIM configuration.
Async<ports::Document> provisionable(const ports::Services& services, const Call& call) {
  CO_TRY(auto document, co_await load(services, resource, call.tenant(), call.parameter("id")));
  const std::string strategy = json::string_or(document.body, "strategy");
  if (std::ranges::find(provisioned, strategy, &Provisioned::strategy) == std::end(provisioned))
    co_return std::unexpected(configurations.missing);
  co_return document;
}

json::Object new_configuration(const json::Object& connection, const json::Object& given,
                               std::string_view tenant, TimePoint now) {
  const std::string strategy = json::string_or(connection, "strategy");
  json::Object body;
  body["connection_id"] = json::string_or(connection, "id");
  body["connection_name"] = json::string_or(connection, "name");
  body["strategy"] = strategy;
  body["tenant_name"] = tenant;
  body["user_id_attribute"] =
      std::ranges::find(provisioned, strategy, &Provisioned::strategy)->user_id_attribute;
  body["mapping"] = mapping_rows();
  for (const char* name : {"user_id_attribute", "mapping"})
    if (const auto* value = given.if_contains(name)) body[name] = *value;
  for (const char* name : {"created_at", "updated_on"}) body[name] = to_iso8601(now);
  return body;
}

Async<Reply> create(const ports::Services& services, Call call) {
  CO_TRY(const auto connection, co_await provisionable(services, call));
  auto body = new_configuration(connection.body, call.object(), call.context.tenant->name, call.context.now);
  CO_ENSURE(
      co_await insert(services, configurations, call.tenant(), body, {api_record(services, call, body)}));
  co_return ok(render(body));
}

Async<Reply> read(const ports::Services& services, Call call) {
  CO_TRY(const auto document, co_await load(services, configurations, call.tenant(), call.parameter("id")));
  co_return ok(render(document.body));
}

Async<Reply> change(const ports::Services& services, Call call) {
  json::Object patch = call.object();
  for (const char* name : {"user_id_attribute", "mapping"})
    if (!patch.contains(name))
      co_return invalid_body("Payload validation error: 'Missing required property: " + std::string(name) +
                             "'.");
  patch["updated_on"] = to_iso8601(call.context.now);
  CO_TRY(const auto body, co_await update(services, configurations, call.tenant(), call.parameter("id"),
                                          merging(std::move(patch)), {api_record(services, call)}));
  co_return ok(render(body));
}

// Taking away what is not there is fine; the connection itself has to be.
Async<Reply> destroy(const ports::Services& services, Call call) {
  CO_ENSURE(co_await load(services, resource, call.tenant(), call.parameter("id")));
  CO_ENSURE(co_await remove(services, configurations, call.tenant(), call.parameter("id"),
                            {api_record(services, call)}));
  co_return no_content();
}

Async<Reply> read_default_mapping(const ports::Services& services, Call call) {
  CO_ENSURE(co_await provisionable(services, call));
  co_return ok(json::Object{{"mapping", mapping_rows()}});
}

Async<Reply> list(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query, {.pages = false}));
  CO_TRY(const auto found, co_await page(services, configurations, call.tenant(), {}, paging));
  json::Array items;
  for (const auto& document : found.items) items.push_back(render(document.body));
  co_return ok(
      endpoint::render_list(paging, configurations.plural, std::move(items), found.total, found.next));
}

// ---- tokens

struct Token {
  json::Object stored;
  std::string text;
};

// The text begins with the id, so that a leaked token can be found and taken away.
Token new_token(const json::Object& given, Random& random, TimePoint now) {
  Token out;
  const std::string id = "tok_" + random.base62(16);
  out.text = id + "." + random.base62(48);
  auto scopes = json::strings(given, "scopes");
  if (scopes.empty()) scopes.assign(std::begin(every_scope), std::end(every_scope));
  out.stored["token_id"] = id;
  out.stored["hash"] = to_hex(crypto::sha256(out.text));
  out.stored["scopes"] = json::array_of(scopes);
  out.stored["created_at"] = to_iso8601(now);
  if (const auto lifetime = json::integer(given, "token_lifetime"))
    out.stored["valid_until"] = to_iso8601(now + Seconds(*lifetime));
  return out;
}

bool expired(const json::Value& token, TimePoint now) {
  const auto until = parse_iso8601(json::string_or(token.get_object(), "valid_until"));
  return until && *until <= now;
}

Result<> add_token(json::Object& body, const json::Object& token, TimePoint now) {
  auto tokens = tokens_of(body);
  remove_items(tokens, [now](const json::Value& item) { return expired(item, now); });
  if (tokens.size() >= active_tokens_max)
    return fail(ErrorKind::conflict, "", "The connection already has two active SCIM tokens.");
  tokens.push_back(token);
  body["_tokens"] = std::move(tokens);
  return {};
}

Result<> remove_token(json::Object& body, std::string_view id) {
  auto tokens = tokens_of(body);
  const size_t before = tokens.size();
  remove_items(
      tokens, [id](const json::Value& item) { return json::string_or(item.get_object(), "token_id") == id; });
  if (tokens.size() == before) return std::unexpected(configurations.missing);
  body["_tokens"] = std::move(tokens);
  return {};
}

Async<Reply> create_token(const ports::Services& services, Call call) {
  const TimePoint now = call.context.now;
  const Token token = new_token(call.object(), services.random, now);
  Change change = [stored = token.stored, now](json::Object& body) { return add_token(body, stored, now); };
  CO_ENSURE(co_await update(services, configurations, call.tenant(), call.parameter("id"), std::move(change),
                            {api_record(services, call)}));
  auto shown = pick(token.stored, shown_token_members);
  shown["token"] = token.text;
  co_return ok(std::move(shown));
}

Async<Reply> list_tokens(const ports::Services& services, Call call) {
  CO_TRY(const auto document, co_await load(services, configurations, call.tenant(), call.parameter("id")));
  json::Array out;
  for (const auto& token : tokens_of(document.body))
    out.push_back(pick(token.get_object(), shown_token_members));
  co_return ok(std::move(out));
}

Async<Reply> destroy_token(const ports::Services& services, Call call) {
  Change change = [id = call.parameter("tokenId")](json::Object& body) { return remove_token(body, id); };
  CO_ENSURE(co_await update(services, configurations, call.tenant(), call.parameter("id"), std::move(change),
                            {api_record(services, call)}));
  co_return no_content();
}

}  // namespace

ports::Write scim_removal(std::string connection_id) {
  return ports::RemoveDocumentsBy{configurations.collection, "connection", std::move(connection_id)};
}

std::vector<Endpoint> scim_rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string one = "/api/v2/connections/{id}/scim-configuration";
  return {
      {.id = "get_scim_configuration",
       .method = get,
       .path = one,
       .tag = "connections",
       .summary = "Get a connection's SCIM configuration",
       .scopes = {"read:scim_config"},
       .rate = management_read,
       .reply = &configuration_schema(),
       .handler = handler<read>(services)},
      {.id = "create_scim_configuration",
       .method = post,
       .path = one,
       .tag = "connections",
       .summary = "Create a SCIM configuration",
       .scopes = {"create:scim_config"},
       .rate = management_write,
       .success = 201,
       .body = &configuration_schema(),
       .body_optional = true,
       .reply = &configuration_schema(),
       .handler = handler<create>(services)},
      {.id = "update_scim_configuration",
       .method = patch,
       .path = one,
       .tag = "connections",
       .summary = "Update a connection's SCIM configuration",
       .scopes = {"update:scim_config"},
       .rate = management_write,
       .body = &configuration_schema(),
       .reply = &configuration_schema(),
       .handler = handler<change>(services)},
      {.id = "delete_scim_configuration",
       .method = delete_,
       .path = one,
       .tag = "connections",
       .summary = "Delete a connection's SCIM configuration",
       .scopes = {"delete:scim_config"},
       .rate = management_write,
       .success = 204,
       .handler = handler<destroy>(services)},
      {.id = "get_scim_default_mapping",
       .method = get,
       .path = one + "/default-mapping",
       .tag = "connections",
       .summary = "Get a connection's default SCIM mapping",
       .scopes = {"read:scim_config"},
       .rate = management_read,
       .handler = handler<read_default_mapping>(services)},
      {.id = "list_scim_tokens",
       .method = get,
       .path = one + "/tokens",
       .tag = "connections",
       .summary = "Get a connection's SCIM tokens",
       .scopes = {"read:scim_token"},
       .rate = management_read,
       .reply = &token_schema(),
       .handler = handler<list_tokens>(services)},
      {.id = "create_scim_token",
       .method = post,
       .path = one + "/tokens",
       .tag = "connections",
       .summary = "Create a SCIM token",
       .scopes = {"create:scim_token"},
       .rate = management_write,
       .success = 201,
       .body = &token_schema(),
       .body_optional = true,
       .reply = &token_schema(),
       .handler = handler<create_token>(services)},
      {.id = "delete_scim_token",
       .method = delete_,
       .path = one + "/tokens/{tokenId}",
       .tag = "connections",
       .summary = "Delete a connection's SCIM token",
       .scopes = {"delete:scim_token"},
       .rate = management_write,
       .success = 204,
       .handler = handler<destroy_token>(services)},
      {.id = "list_scim_configurations",
       .method = get,
       .path = "/api/v2/connections-scim-configurations",
       .tag = "connections",
       .summary = "Get the SCIM configurations of all connections",
       .scopes = {"read:scim_config"},
       .rate = management_read,
       .reply = &configuration_schema(),
       .handler = handler<list>(services)},
  };
}

}  // namespace durward::management::connection
