#include "protocols/oidc/userinfo.h"

#include "base/encoding.h"
#include "protocols/body.h"
#include "protocols/cors.h"
#include "protocols/reply.h"
#include "standards/oauth/errors.h"
#include "standards/oauth/scope.h"
#include "standards/oidc/claims.h"
#include "tokens/verify.h"

namespace durward::protocols::oidc {

namespace {

// RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1).
Result<std::string> token_of_header(const http::Headers& headers) {
  if (headers.count("Authorization") > 1)
    return oauth::refuse("invalid_request", "More than one Authorization header.");
  const std::string_view value = headers.get("Authorization");
  if (to_lower(value.substr(0, 7)) != "bearer ") return std::string();
  return std::string(trim(value.substr(7)));
}

bool is_form(const http::Headers& headers) {
  const std::string_view type = headers.get("Content-Type");
  return to_lower(trim(type.substr(0, type.find(';')))) == "application/x-www-form-urlencoded";
}

// RFC 6750 §2.2: in the body of a POST, and only of a form.
Result<std::string> token_of_body(const http::Request& request) {
  if (request.method != http::Method::post || !is_form(request.headers)) return std::string();
  TRY(auto body, Body::parse(request));
  return body.get("access_token");
}

Async<json::Object> claims_of(const ports::Services& services, domain::TenantId tenant,
                              const tokens::UserInfoAccess& access) {
  CO_TRY(auto user, co_await services.users.find(tenant, access.user_id));
  if (!user || user->blocked())
    co_return fail(ErrorKind::unauthenticated, "invalid_token",
                   "The access token is invalid or has expired.");
  json::Object claims{{"sub", user->user_id}};
  const auto granted = durward::oidc::claims_for(oauth::ScopeSet(access.scope), user->to_claims());
  for (const auto& member : granted) claims.emplace(member.key(), member.value());
  for (const auto& member : access.claims) claims.emplace(member.key(), member.value());
  co_return claims;
}

Async<json::Object> answer(const ports::Services& services, const endpoint::RequestContext& context,
                           const http::Request& request, std::string& client_id) {
  CO_TRY(auto token, bearer_token(request));
  CO_TRY(auto access, co_await tokens::verify_for_userinfo(services, context, std::move(token)));
  client_id = access.client_id;
  CO_ENSURE(co_await endpoint::limit(context.limits, endpoint::RateClass::userinfo,
                                     endpoint::LimitScope::user, access.user_id));
  co_return co_await claims_of(services, context.tenant->id, access);
}

Task<http::Response> userinfo(Parts parts, endpoint::RequestContext context, http::Request request) {
  std::string client_id;
  auto claims = co_await answer(parts.services, context, request, client_id);
  auto response = claims ? uncached_json(200, *claims) : bearer_error(claims.error(), context.issuer);
  const std::string_view origin = request.headers.get("Origin");
  if (!origin.empty()) {
    auto client = co_await parts.services.configuration.client(context.tenant->id, client_id);
    allow_client_origin(response, origin, client ? client->get() : nullptr);
  }
  co_return response;
}

}  // namespace

Result<std::string> bearer_token(const http::Request& request) {
  TRY(auto header, token_of_header(request.headers));
  TRY(auto body, token_of_body(request));
  // RFC 6750 §2: one method per request.
  if (!header.empty() && !body.empty())
    return oauth::refuse("invalid_request", "The access token was sent in two ways.");
  if (header.empty() && body.empty()) return fail(ErrorKind::unauthenticated, "", "Unauthorized");
  return header.empty() ? body : header;
}

std::vector<endpoint::Endpoint> userinfo_rows(Parts parts) {
  endpoint::Endpoint row;
  row.id = "userinfo";
  row.method = http::Method::get;
  row.path = "/userinfo";
  row.tag = "oidc";
  row.summary = "Claims about the user of an access token (OpenID Connect Core §5.3)";
  row.open_because = "OpenID Connect Core §5.3.1: the access token itself decides what is shown";
  row.rate = endpoint::RateClass::userinfo;
  row.cors = endpoint::Cors::client_origins;
  row.handler = endpoint::ProtocolHandler(
      [parts](endpoint::RequestContext context, http::Request request, endpoint::PathParameters) {
        return userinfo(parts, std::move(context), std::move(request));
      });
  endpoint::Endpoint post = row;
  post.id = "userinfo_post";
  post.method = http::Method::post;
  return {row, post};
}

}  // namespace durward::protocols::oidc
