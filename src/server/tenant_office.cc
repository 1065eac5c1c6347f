#include "server/tenant_office.h"

#include "base/json.h"
#include "base/log.h"
#include "management/support/audit.h"
#include "server/entitle.h"

namespace durward::server {
namespace {

void record(std::string_view what, const std::string& tenant, const endpoint::Call& asked) {
  log::info(what, {{"tenant", tenant},
                   {"by", asked.principal.subject},
                   {"remote_ip", asked.context.ip},
                   {"request_id", asked.context.request_id}});
}

}  // namespace

Async<operators::MadeTenant> TenantOffice::create(operators::NewTenant wanted, endpoint::Call asked) {
  if (wanted.domain.empty()) wanted.domain = domain_of_(wanted.name);
  management::NewTenant form{wanted.name, wanted.domain, wanted.friendly_name, {}};
  form.records.push_back(management::api_record(services_, asked));
  CO_TRY(auto made, co_await provisioner_.make(std::move(form)));
  record("tenant created", wanted.name, asked);
  co_return operators::MadeTenant{
      {std::move(made.tenant), std::move(wanted.domain), std::move(wanted.friendly_name)},
      std::move(made.client_id),
      std::move(made.client_secret)};
}

Async<std::vector<domain::Tenant>> TenantOffice::list(std::string after_name, int64_t limit) {
  co_return co_await services_.tenants.list(std::move(after_name), limit);
}

Async<domain::Tenant> TenantOffice::tenant(std::string name) const {
  CO_TRY(auto found, co_await services_.tenants.find_by_name(name));
  if (!found) co_return fail(ErrorKind::not_found, "inexistent_tenant", "The tenant does not exist.");
  co_return *std::move(found);
}

// The authority given at its creation lives on in the identifier of its system API.
Async<operators::TenantView> TenantOffice::find(std::string name) {
  CO_TRY(auto found, co_await tenant(name));
  CO_TRY(const auto settings,
         co_await services_.documents.find(found.id, ports::Collection::settings, "settings"));
  CO_TRY(const auto api, co_await services_.documents.find_by(found.id, ports::Collection::resource_servers,
                                                              "is_system", "true"));
  std::string domain = domain_of_(name);
  constexpr std::string_view before = "https://", after = "/api/v2/";
  if (const std::string id = api ? json::string_or(api->body, "identifier") : "";
      id.size() > before.size() + after.size() && id.starts_with(before) && id.ends_with(after))
    domain = id.substr(before.size(), id.size() - before.size() - after.size());
  co_return operators::TenantView{std::move(found), std::move(domain),
                                  settings ? json::string_or(settings->body, "friendly_name") : ""};
}

Async<operators::TenantView> TenantOffice::rename(std::string name, std::string friendly_name,
                                                  endpoint::Call asked) {
  CO_TRY(const auto view, co_await find(name));
  const InternalApi::Place place{std::make_shared<domain::Tenant>(view.tenant), view.domain};
  CO_ENSURE(co_await api_.call(place, http::Method::patch, "/tenants/settings",
                               json::Object{{"friendly_name", friendly_name}}));
  record("tenant changed", name, asked);
  co_return operators::TenantView{view.tenant, view.domain, std::move(friendly_name)};
}

Async<> TenantOffice::remove(std::string name, endpoint::Call asked) {
  CO_TRY(const auto found, co_await tenant(name));
  auto removed = co_await services_.tenants.remove(found.id);
  if (!removed && removed.error().kind == ErrorKind::not_found)  // somebody else was first
    co_return fail(ErrorKind::not_found, "inexistent_tenant", "The tenant does not exist.");
  if (removed) record("tenant deleted", name, asked);
  co_return removed;
}

Async<json::Object> TenantOffice::entitlements(std::string name) {
  CO_TRY(const auto found, co_await tenant(name));
  co_return co_await entitlements_of(services_, found.id);
}

Async<json::Object> TenantOffice::entitle(std::string name, json::Object patch, endpoint::Call asked) {
  CO_TRY(const auto found, co_await tenant(name));
  CO_TRY(auto body, co_await server::entitle(services_, found.id, std::move(patch),
                                             {management::api_record(services_, asked)}));
  record("tenant's entitlements changed", name, asked);
  co_return body;
}

}  // namespace durward::server
