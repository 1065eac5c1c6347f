#include "protocols/oauth2/grants/user_tokens.h"

#include <algorithm>

#include "standards/oauth/errors.h"
#include "standards/oauth/scope.h"

namespace durward::protocols::oauth2 {

namespace {

constexpr Seconds access_token_lifetime_max{2592000};

json::Object members(const json::Object& from, std::initializer_list<std::string_view> names) {
  json::Object out;
  for (const auto name : names)
    if (const auto* value = from.if_contains(name)) out.emplace(name, *value);
  return out;
}

void add_all(json::Object& to, const json::Object& from) {
  for (const auto& member : from) to.emplace(member.key(), member.value());
}

// Tokens for this server's own APIs carry nothing of a customer's (Auth0 Authentication API, audiences).
json::Object claims_for_api(const UserTokens& request, const Api& api) {
  auto claims = members(request.authorization.extra, {"org_id", "org_name"});
  if (!api.server || !api.server->is_system) add_all(claims, request.changes.access_claims);
  return claims;
}

json::Object claims_for_client(const UserTokens& request) {
  auto claims = members(request.authorization.extra, {"acr", "org_id", "org_name"});
  add_all(claims, request.changes.id_claims);
  return claims;
}

tokens::AccessTokenRequest access_request(const Exchange& exchange, const UserTokens& request,
                                          const Api& api) {
  const auto& context = exchange.context;
  return {.tenant = exchange.tenant(),
          .issuer = context.issuer,
          .now = context.now,
          .client = exchange.client,
          .api = api.server,
          .audience = api.audience,
          .subject = request.user.user_id,
          .scope = request.authorization.scope,
          .gty = std::string(request.gty),
          .grant_id = request.grant_id,
          .sid = request.authorization.sid,
          .claims = claims_for_api(request, api),
          .id_claims = request.changes.id_claims};
}

tokens::IdTokenRequest id_request(const Exchange& exchange, UserTokens request,
                                  std::vector<std::string> scope) {
  const auto& context = exchange.context;
  auto claims = claims_for_client(request);
  return {.tenant = exchange.tenant(),
          .issuer = context.issuer,
          .now = context.now,
          .client = exchange.client,
          .user = std::move(request.user),
          .scope = std::move(scope),
          .sid = request.authorization.sid,
          .nonce = std::move(request.nonce),
          .auth_time = request.auth_time,
          .amr = json::strings(request.authorization.extra, "amr"),
          .claims = std::move(claims)};
}

}  // namespace

Async<json::Object> user_tokens(Exchange& exchange, UserTokens request) {
  CO_TRY(auto api, co_await find_api(exchange.services(), exchange.context, request.authorization.audience));
  CO_TRY(auto access, co_await exchange.parts.issuer.access_token(access_request(exchange, request, api)));
  const std::string scope = oauth::ScopeSet(access.scope).join();
  json::Object reply{{"access_token", access.text}};
  if (!request.refresh_token.empty()) reply["refresh_token"] = request.refresh_token;
  if (has_scope(request.authorization, "openid")) {
    auto wanted = id_request(exchange, std::move(request), access.scope);
    CO_TRY(reply["id_token"], co_await exchange.parts.issuer.id_token(std::move(wanted)));
  }
  reply["scope"] = scope;
  reply["expires_in"] = access.lifetime.count();
  reply["token_type"] = "Bearer";
  exchange.log.audience = api.server ? api.audience : exchange.context.issuer + "userinfo";
  exchange.log.scope = scope;
  co_return reply;
}

Async<domain::User> active_user(Exchange& exchange, std::string user_id, std::string_view gone) {
  CO_TRY(auto user, co_await exchange.services().users.find(exchange.tenant(), user_id));
  if (!user) co_return oauth::refuse("invalid_grant", std::string(gone));
  exchange.log.user_id = user->user_id;
  exchange.log.user_name = user->email();
  if (user->blocked()) co_return fail(ErrorKind::forbidden, "unauthorized", "user is blocked");
  co_return std::move(*user);
}

bool has_scope(const domain::Authorization& authorization, std::string_view scope) {
  const auto& words = authorization.scope;
  return std::find(words.begin(), words.end(), scope) != words.end();
}

domain::Device device_of(const endpoint::RequestContext& context) {
  return {context.ip, context.user_agent, context.ip, context.user_agent};
}

TimePoint revocation_end(TimePoint now) { return now + access_token_lifetime_max; }

}  // namespace durward::protocols::oauth2
