#include "protocols/api.h"

#include "standards/oauth/errors.h"

namespace durward::protocols {

namespace {

std::string management_audience(const endpoint::RequestContext& context) {
  return context.issuer + "api/v2/";
}

// The management API, by its kind and not by the host it was set up with.
Async<std::shared_ptr<const domain::ResourceServer>> find_system_api(const ports::Services& services,
                                                                     domain::TenantId tenant) {
  CO_TRY(auto document, co_await services.documents.find_by(tenant, ports::Collection::resource_servers,
                                                            "is_system", "true"));
  if (!document) co_return nullptr;
  co_return co_await services.configuration.resource_server(tenant,
                                                            json::string_or(document->body, "identifier"));
}

bool needs_no_api(const endpoint::RequestContext& context, std::string_view audience) {
  return audience.empty() || audience == context.issuer + "userinfo";
}

}  // namespace

Async<Api> look_for_api(const ports::Services& services, endpoint::RequestContext context,
                        std::string audience) {
  const auto tenant = context.tenant->id;
  if (needs_no_api(context, audience)) co_return Api();
  CO_TRY(auto server, co_await services.configuration.resource_server(tenant, audience));
  const std::string management = management_audience(context);
  if (!server && audience == management) {
    CO_TRY(server, co_await find_system_api(services, tenant));
  }
  if (server && server->is_system) co_return Api{server, management};
  co_return Api{server, std::move(audience)};
}

Async<Api> find_api(const ports::Services& services, endpoint::RequestContext context, std::string audience) {
  CO_TRY(auto api, co_await look_for_api(services, context, audience));
  if (!api.server && !needs_no_api(context, audience))
    co_return oauth::refuse("access_denied", "Service not enabled within domain: " + audience);
  co_return api;
}

Async<std::string> requested_audience(const ports::Services& services, domain::TenantId tenant,
                                      std::string audience, std::string resource) {
  if (!audience.empty()) co_return audience;
  CO_TRY(auto settings, co_await services.configuration.settings(tenant));
  if (!settings) co_return std::string();
  if (settings->resource_parameter && !resource.empty()) co_return resource;
  co_return settings->default_audience;
}

}  // namespace durward::protocols
