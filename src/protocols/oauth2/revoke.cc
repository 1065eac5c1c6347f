#include "protocols/oauth2/revoke.h"

#include "crypto/hash.h"
#include "protocols/client_authentication.h"
#include "protocols/cors.h"
#include "protocols/oauth2/grants/user_tokens.h"
#include "protocols/record.h"
#include "protocols/reply.h"
#include "standards/oauth/errors.h"

namespace durward::protocols::oauth2 {

namespace {

using ClientPtr = std::shared_ptr<const domain::Client>;

// The refresh token if it is this client's; nothing otherwise, which RFC 7009 §2.2 makes a success.
Async<std::optional<domain::RefreshToken>> find_own(const ports::Services& services, domain::TenantId tenant,
                                                    const domain::Client& client, std::string text) {
  const auto handle = tokens::parse_refresh_token(text);
  if (!handle) co_return std::nullopt;
  CO_TRY(auto token, co_await services.refresh_tokens.find(tenant, handle->id));
  const bool own = token && token->authorization.client_id == client.client_id &&
                   crypto::equal_constant_time(crypto::sha256(handle->secret), token->secret_sha256);
  if (!own) co_return std::nullopt;
  co_return token;
}

// RFC 7009 §2.1: the whole family, as any member renews the others, and the access tokens of the same grant.
ports::Writes revocation_of(const domain::RefreshToken& token, bool whole_grant, TimePoint now) {
  ports::Writes writes{ports::RevokeFamily{token.family},
                       ports::RevokeGrant{token.family, revocation_end(now)}};
  const auto& of = token.authorization;
  if (whole_grant) writes.push_back(ports::RevokeRefreshTokensOf{of.user_id, of.client_id, of.audience});
  return writes;
}

ports::AppendLog revoked(const ports::Services& services, const endpoint::RequestContext& context,
                         const domain::Client& client, const domain::RefreshToken& token) {
  auto log = record_of(context, &client, "srrt", "Refresh token revoked");
  log.id = services.sequence.next();
  log.user_id = token.authorization.user_id;
  log.audience = token.authorization.audience;
  return {std::move(log)};
}

// RFC 7009 §2.2.1: access tokens cannot be revoked one by one.
Result<> check_kind(const std::string& token) {
  if (!token.starts_with("eyJ")) return {};
  return fail(ErrorKind::invalid, "invalid_token", "Only refresh tokens can be revoked.");
}

Async<> revoke_token(const ports::Services& services, endpoint::RequestContext context, ClientPtr client,
                     std::string text) {
  const auto tenant = context.tenant->id;
  CO_TRY(auto token, co_await find_own(services, tenant, *client, std::move(text)));
  if (!token) co_return Result<>();
  CO_TRY(auto settings, co_await services.configuration.settings(tenant));
  auto writes = revocation_of(*token, settings && settings->revoke_refresh_token_grant, context.now);
  writes.push_back(revoked(services, context, *client, *token));
  co_return co_await services.committer.commit(tenant, std::move(writes));
}

Async<> answer(const ports::Services& services, const endpoint::RequestContext& context,
               const http::Request& request, ClientPtr& client) {
  CO_TRY(auto body, Body::parse(request));
  CO_ENSURE(require(body, {"token"}));
  CO_TRY(auto presented, presented_client(request, body));
  CO_TRY(client, co_await services.configuration.client(context.tenant->id, presented.client_id));
  CO_ENSURE(check_client(client.get(), presented));
  CO_ENSURE(check_kind(body.get("token")));
  co_return co_await revoke_token(services, context, client, body.get("token"));
}

Task<http::Response> revoke(Parts parts, endpoint::RequestContext context, http::Request request) {
  ClientPtr client;
  auto done = co_await answer(parts.services, context, request, client);
  http::Response response;
  if (!done) response = oauth_error(done.error());
  set_no_store(response);
  add_basic_challenge(response, request, context.issuer);
  allow_client_origin(response, request.headers.get("Origin"), client.get());
  co_return response;
}

}  // namespace

std::vector<endpoint::Endpoint> revoke_rows(Parts parts) {
  endpoint::Endpoint row;
  row.id = "revoke";
  row.method = http::Method::post;
  row.path = "/oauth/revoke";
  row.tag = "oauth";
  row.summary = "Revoke a refresh token (RFC 7009)";
  row.open_because = "RFC 7009 §2.1: the client authenticates itself in the request";
  row.rate = endpoint::RateClass::token;
  row.cors = endpoint::Cors::client_origins;
  row.handler = endpoint::ProtocolHandler(
      [parts](endpoint::RequestContext context, http::Request request, endpoint::PathParameters) {
        return revoke(parts, std::move(context), std::move(request));
      });
  return {row};
}

}  // namespace durward::protocols::oauth2
