#include "protocols/api.h"

#include "standards/oauth/errors.h"

namespace durward::protocols {

Async<ApiPtr> find_api(const ports::Services& services, endpoint::RequestContext context,
                       std::string audience) {
  if (audience.empty() || audience == context.issuer + "userinfo") co_return ApiPtr();
  CO_TRY(auto api, co_await services.configuration.resource_server(context.tenant->id, audience));
  if (!api) co_return oauth::refuse("access_denied", "Service not enabled within domain: " + audience);
  co_return api;
}

Async<std::string> audience_or_default(const ports::Services& services, domain::TenantId tenant,
                                       std::string audience) {
  if (!audience.empty()) co_return audience;
  CO_TRY(auto settings, co_await services.configuration.settings(tenant));
  co_return settings ? settings->default_audience : std::string();
}

}  // namespace durward::protocols
