#include "adapters/flags/configured_flags.h"

namespace durward::adapters {

Task<domain::FlagResolution> ConfiguredFlags::resolve(std::string key, domain::FlagContext context) {
  const auto* flag = domain::find_flag(key);
  if (!flag)
    co_return domain::FlagResolution{
        .value = {}, .variant = {}, .reason = domain::FlagReason::error, .error_code = "FLAG_NOT_FOUND"};
  auto out = domain::resolve_flag(*flag, {}, {}, environment_, context);
  const auto installation = co_await configuration_.flags(domain::TenantId{0});
  const auto tenant = co_await configuration_.flags(context.tenant);
  if (installation && tenant)
    co_return domain::resolve_flag(*flag, **tenant, **installation, environment_, context);
  out.reason = domain::FlagReason::error;
  out.error_code = "GENERAL";
  co_return out;
}

}  // namespace durward::adapters
