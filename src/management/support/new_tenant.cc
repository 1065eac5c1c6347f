#include "management/support/new_tenant.h"

#include <algorithm>
#include <thread>

#include "management/branding/branding.h"
#include "management/client_grants/client_grants.h"
#include "management/clients/document.h"
#include "management/connections/document.h"
#include "management/keys/keys.h"
#include "management/prompts/prompts.h"
#include "management/resource_servers/document.h"
#include "management/tenants/tenants.h"

namespace durward::management {
namespace {

// What is being made, so that its parts can name each other.
struct Draft {
  domain::TenantId tenant;
  NewTenant wanted;
  InitialDocuments out;
  std::string issuer() const { return "https://" + wanted.domain + "/"; }
  std::string audience() const { return issuer() + "api/v2/"; }
};

json::Object management_client(Random& random) {
  json::Object body;
  body["name"] = management_client_name;
  body["app_type"] = "non_interactive";
  body["grant_types"] = json::Array{json::Value("client_credentials")};
  body["token_endpoint_auth_method"] = "client_secret_post";
  body["oidc_conformant"] = true;
  body["jwt_configuration"] = json::Object{{"alg", "RS256"}, {"lifetime_in_seconds", 36000}};
  return clients::new_client(std::move(body), random);
}

json::Object global_client(Random& random) {
  json::Object body;
  body["name"] = "All Applications";
  body["global"] = true;
  body["callbacks"] = json::Array();
  body["custom_login_page_on"] = true;
  return clients::new_client(std::move(body), random);
}

Async<> add(const ports::Services& services, const Resource& resource, domain::TenantId tenant,
            json::Object body, ports::Writes* writes) {
  CO_TRY(body, co_await seal(services, resource, tenant, std::move(body)));
  writes->push_back(insertion(services, resource, std::move(body)));
  co_return Result<>{};
}

Async<Draft> add_clients(const ports::Services& services, Draft draft) {
  auto global = global_client(services.random), manager = management_client(services.random);
  draft.out.global_client_id = json::string_or(global, "client_id");
  draft.out.client_id = json::string_or(manager, "client_id");
  draft.out.client_secret = json::string_or(manager, "client_secret");
  auto* writes = &draft.out.writes;
  CO_ENSURE(co_await add(services, clients::resource, draft.tenant, std::move(global), writes));
  CO_ENSURE(co_await add(services, clients::resource, draft.tenant, std::move(manager), writes));
  co_return draft;
}

Async<Draft> add_api(const ports::Services& services, Draft draft) {
  auto* writes = &draft.out.writes;
  auto api = resource_servers::system_api(draft.audience(), services.random);
  CO_ENSURE(co_await add(services, resource_servers::resource, draft.tenant, std::move(api), writes));
  json::Object grant;
  grant["client_id"] = draft.out.client_id;
  grant["audience"] = draft.audience();
  grant["allow_all_scopes"] = true;  // also of later versions
  grant = client_grants::new_client_grant(std::move(grant), services.random);
  CO_ENSURE(co_await add(services, client_grants::resource, draft.tenant, std::move(grant), writes));
  co_return draft;
}

Async<Draft> add_connection(const ports::Services& services, Draft draft) {
  json::Object body;
  body["name"] = database_connection_name;
  body["strategy"] = "auth0";
  body["enabled_clients"] = json::Array{json::Value(draft.out.client_id)};
  CO_TRY(body, connection::new_connection(std::move(body), services.random, draft.issuer()));
  CO_ENSURE(co_await add(services, connection::resource, draft.tenant, std::move(body), &draft.out.writes));
  co_return draft;
}

Async<Draft> add_keys(const ports::Services& services, Draft draft, TenantKeys keys) {
  struct Row {
    const crypto::PrivateKey* key;
    std::string_view status;
  };
  const auto given = [](const auto& key) { return key ? &*key : nullptr; };
  const Row rows[] = {{given(keys.rsa_current), "current"},
                      {&keys.ec_current, "current"},
                      {given(keys.rsa_next), "next"},
                      {&keys.ec_next, "next"}};
  for (const Row& row : rows) {
    if (!row.key) continue;
    CO_TRY(auto body, keys::new_document(services, *row.key, row.status, draft.wanted.domain));
    CO_ENSURE(co_await add(services, keys::resource, draft.tenant, std::move(body), &draft.out.writes));
  }
  co_return draft;
}

}  // namespace

Result<TenantKeys> generate_tenant_keys() {
  Result<crypto::PrivateKey> rsa_next = fail(ErrorKind::internal, "");
  std::thread other([&] { rsa_next = crypto::PrivateKey::generate_rsa(); });
  auto rsa_current = crypto::PrivateKey::generate_rsa();
  other.join();
  TRY(auto first, std::move(rsa_current));
  TRY(auto second, std::move(rsa_next));
  TRY(auto ec_current, crypto::PrivateKey::generate_ec_p256());
  TRY(auto ec_next, crypto::PrivateKey::generate_ec_p256());
  return TenantKeys{std::move(first), std::move(second), std::move(ec_current), std::move(ec_next)};
}

bool is_tenant_name(std::string_view name) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return name.size() >= 2 && name.size() <= 63 && name[0] != '-' && std::ranges::all_of(name, fits);
}

Async<InitialDocuments> initial_documents(const ports::Services& services, domain::TenantId tenant,
                                          NewTenant wanted, TenantKeys keys) {
  Draft draft{.tenant = tenant, .wanted = std::move(wanted)};
  auto* writes = &draft.out.writes;
  writes->push_back(
      insertion(services, tenants::resource, tenants::new_settings(draft.wanted.friendly_name)));
  writes->push_back(insertion(services, prompts::resource, prompts::new_prompts()));
  writes->push_back(insertion(services, branding::resource, branding::new_branding()));
  CO_TRY(draft, co_await add_clients(services, std::move(draft)));
  CO_TRY(draft, co_await add_api(services, std::move(draft)));
  CO_TRY(draft, co_await add_connection(services, std::move(draft)));
  CO_TRY(draft, co_await add_keys(services, std::move(draft), std::move(keys)));
  co_return std::move(draft.out);
}

Async<CreatedTenant> create_tenant(const ports::Services& services, NewTenant wanted, TenantKeys keys) {
  if (!is_tenant_name(wanted.name))
    co_return fail(ErrorKind::invalid, "invalid_tenant_name",
                   "A tenant's name has 2 to 63 characters a-z, 0-9 and '-', and does not begin with '-'.");
  CO_TRY(auto tenant, co_await services.tenants.create(wanted.name, services.vault.new_tenant_key(),
                                                       services.clock.now()));
  auto records = std::move(wanted.records);
  auto documents = co_await initial_documents(services, tenant.id, std::move(wanted), std::move(keys));
  Result<> done;
  if (documents) std::ranges::move(records, std::back_inserter(documents->writes));
  if (documents)
    done = co_await services.committer.commit(tenant.id, std::move(documents->writes));
  else
    done = std::unexpected(documents.error());
  if (!done) {
    // Half a tenant would only be in the way; the first error is the one to tell.
    auto removed = co_await services.tenants.remove(tenant.id);
    if (!removed) done.error().debug += "; removing it failed too: " + removed.error().code;
    co_return std::unexpected(done.error());
  }
  co_return CreatedTenant{std::move(tenant), documents->client_id, documents->client_secret,
                          documents->global_client_id};
}

}  // namespace durward::management
