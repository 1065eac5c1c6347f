#include "login/limits.h"

#include "domain/user.h"
#include "http/address.h"

namespace durward::login {

Async<> limit_attempt(const endpoint::RequestContext& context, std::string identifier) {
  return endpoint::limit(
      context.limits, endpoint::RateClass::login_attempt, endpoint::LimitScope::identifier,
      domain::normalise_identifier("email", identifier) + "@" + http::client_block(context.ip));
}

Async<> limit_mail(const endpoint::RequestContext& context, std::string identifier) {
  return endpoint::limit(context.limits, endpoint::RateClass::change_password,
                         endpoint::LimitScope::identifier, domain::normalise_identifier("email", identifier));
}

}  // namespace durward::login
