#include "management/resource_servers/document.h"

#include "base/encoding.h"
#include "domain/management_scopes.h"

namespace durward::management::resource_servers {
namespace {

constexpr std::string_view secrets[] = {"signing_secret"};

std::vector<ports::DocumentKey> document_keys(const json::Object& body) {
  return {{"identifier", json::string_or(body, "identifier"), true},
          {"is_system", json::boolean_or(body, "is_system", false) ? "true" : "false"}};
}

struct Default {
  std::string_view name, value;
};
constexpr Default defaults[] = {
    {"allow_offline_access", "false"},
    {"skip_consent_for_verifiable_first_party_clients", "false"},
    {"subject_type_authorization",
     R"({"user":{"policy":"allow_all"},"client":{"policy":"require_client_grant"}})"},
    {"token_lifetime", "86400"},
    {"signing_alg", R"("RS256")"},
};
constexpr int64_t web_lifetime = 7200;

Async<std::optional<ports::Document>> find_by_identifier(const ports::Services& services,
                                                         domain::TenantId tenant, std::string identifier) {
  co_return co_await services.documents.find_by(tenant, resource.collection, "identifier",
                                                std::move(identifier));
}

Async<ports::Document> look_up(const ports::Services& services, endpoint::RequestContext context,
                               std::string key) {
  const auto tenant = context.tenant->id;
  CO_TRY(auto by_id, co_await services.documents.find(tenant, resource.collection, key));
  if (by_id) co_return *std::move(by_id);
  CO_TRY(auto found, co_await find_by_identifier(services, tenant, key));
  if (found) co_return *std::move(found);
  if (const auto decoded = percent_decode(key); decoded && *decoded != key) {
    CO_TRY(auto again, co_await find_by_identifier(services, tenant, *decoded));
    if (again) co_return *std::move(again);
    key = *decoded;
  }
  if (key != context.issuer + "api/v2/") co_return std::unexpected(resource.missing);
  CO_TRY(auto system, co_await services.documents.find_by(tenant, resource.collection, "is_system", "true"));
  if (!system) co_return std::unexpected(resource.missing);
  co_return *std::move(system);
}

}  // namespace

const Resource resource = {
    .collection = ports::Collection::resource_servers,
    .id_member = "id",
    .plural = "resource_servers",
    .missing = {ErrorKind::not_found, "inexistent_resource_server", "The resource server does not exist"},
    .taken = {ErrorKind::conflict, "resource_server_conflict",
              "A resource server with the same identifier already exists"},
    .keys = document_keys,
    .secrets = secrets,
};

json::Object new_resource_server(json::Object body, Random& random) {
  for (const auto& row : defaults)
    if (!body.contains(row.name)) body[row.name] = *json::parse(row.value);
  if (!body.contains("name")) body["name"] = json::string_or(body, "identifier");
  if (!body.contains("token_lifetime_for_web"))
    body["token_lifetime_for_web"] =
        std::min(web_lifetime, json::integer_or(body, "token_lifetime", web_lifetime));
  if (json::string_or(body, "signing_alg") == "HS256" && !body.contains("signing_secret"))
    body["signing_secret"] = random.base62(32);
  body["id"] = random.hex(24);
  return body;
}

json::Object system_api(std::string_view identifier, Random& random) {
  json::Object body;
  body["name"] = "Auth0 Management API";
  body["identifier"] = identifier;
  body["is_system"] = true;
  return new_resource_server(std::move(body), random);
}

json::Object with_scopes(json::Object body) {
  if (!json::boolean_or(body, "is_system", false)) return body;
  json::Array scopes;
  for (const auto scope : domain::management_scopes())
    scopes.push_back(json::Object{{"value", scope}, {"description", domain::describe_scope(scope)}});
  body["scopes"] = std::move(scopes);
  return body;
}

Async<ports::Document> find(const ports::Services& services, endpoint::RequestContext context,
                            std::string key) {
  CO_TRY(auto found, co_await look_up(services, std::move(context), std::move(key)));
  found.body = with_scopes(std::move(found.body));
  co_return found;
}

}  // namespace durward::management::resource_servers
