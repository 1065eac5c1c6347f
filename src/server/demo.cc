#include "server/demo.h"

#include "base/encoding.h"
#include "base/executor.h"

namespace durward::server {
namespace {

std::string demo_seed() {
  return R"(tenant:
  name: demo
  friendly_name: Durward demo
clients:
  - name: Sample application
    description: A single-page application that signs in with auth0-spa-js
    app_type: spa
    token_endpoint_auth_method: none
    grant_types: [authorization_code, refresh_token]
    refresh_token: {rotation_type: rotating, expiration_type: expiring, leeway: 10}
resourceServers:
  - name: Sample API
    identifier: https://api.sample.example
    allow_offline_access: true
    scopes:
      - {value: "read:notes", description: Read your notes}
roles:
  - name: Reader
    description: May read notes
    permissions:
      - {permission_name: "read:notes", resource_server_identifier: "https://api.sample.example"}
users:
  - email: )" +
         std::string(demo_email) + R"(
    email_verified: true
    name: Demo User
    password: )" +
         std::string(demo_password) + R"(
    roles: [Reader]
)";
}

json::Array one(const std::string& text) { return json::Array{json::Value(text)}; }

Async<std::optional<DemoClient>> open_client(const InternalApi& api, InternalApi::Place place,
                                             std::string origin) {
  CO_TRY(const auto clients, co_await api.all(place, "/clients", "clients"));
  for (const auto& item : clients) {
    if (json::string_or(item.as_object(), "name") != demo_client) continue;
    const std::string id = json::string_or(item.as_object(), "client_id");
    CO_ENSURE(co_await api.call(place, http::Method::patch, "/clients/" + percent_encode(id),
                                json::Object{{"callbacks", one(origin + "/")},
                                             {"allowed_logout_urls", one(origin + "/")},
                                             {"web_origins", one(origin)},
                                             {"allowed_origins", one(origin)}}));
    co_return DemoClient{id, place.host};
  }
  co_return std::nullopt;
}

}  // namespace

Result<Provisioner::Place> make_demo_tenant(Installation& installation, const std::string& host) {
  auto seed = parse_seed(demo_seed(), "demo.yaml");
  if (!seed) return fail(ErrorKind::internal, "bad_demo", seed.error().front());
  return run_sync(installation.provisioner.create_from(*std::move(seed), host));
}

Result<std::optional<DemoClient>> open_demo_client(Installation& installation, const std::string& host,
                                                   const std::string& origin) {
  auto place = run_sync(installation.provisioner.find(std::string(demo_tenant), host));
  if (!place && place.error().kind == ErrorKind::not_found) return std::nullopt;
  if (!place) return std::unexpected(place.error());
  return run_sync(open_client(installation.api, *std::move(place), origin));
}

}  // namespace durward::server
