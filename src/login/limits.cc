#include "login/limits.h"

#include "domain/user.h"
#include "http/address.h"

namespace durward::login {

Async<> limit_attempt(const endpoint::RequestContext& context, std::string identifier) {
  auto done = co_await endpoint::limit(
      context.limits, endpoint::RateClass::login_attempt, endpoint::LimitScope::identifier,
      domain::normalise_identifier("email", identifier) + "@" + http::client_block(context.ip));
  if (!done && done.error().kind == ErrorKind::limited) {
    done.error().code = "too_many_logins";  // Auth0 Authentication API, errors with status 429
    done.error().message = "Too many logins with the same username or email.";
  }
  co_return done;
}

Async<> limit_mail(const endpoint::RequestContext& context, std::string identifier) {
  return endpoint::limit(context.limits, endpoint::RateClass::change_password,
                         endpoint::LimitScope::identifier, domain::normalise_identifier("email", identifier));
}

}  // namespace durward::login
