#include "protocols/oidc/logout_hint.h"

#include "standards/oauth/errors.h"
#include "standards/oidc/claims.h"
#include "tokens/verify.h"

namespace durward::protocols::oidc {

namespace {

std::unexpected<Error> bad_hint() {
  return oauth::refuse("invalid_request", "The id_token_hint is not an ID token of this issuer.");
}

}  // namespace

Async<std::optional<LogoutHint>> read_logout_hint(const ports::Services& services,
                                                  endpoint::RequestContext context, std::string text) {
  if (text.empty()) co_return std::nullopt;
  auto jwt = co_await tokens::verify_own_id_token(services, context.tenant->id, std::move(text));
  if (!jwt && jwt.error().kind == ErrorKind::unauthenticated) co_return bad_hint();
  if (!jwt) co_return std::unexpected(std::move(jwt).error());
  auto hint = durward::oidc::read_id_token_hint(*jwt, context.issuer, context.now);
  if (!hint || hint->audiences.size() != 1) co_return bad_hint();
  // An access token is no hint: its audience is an API, which the caller will not find among the clients.
  co_return LogoutHint{hint->subject, hint->session_id, hint->audiences.front()};
}

}  // namespace durward::protocols::oidc
