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
  auto claims = members(request.authorization.extra, {"org_id", "org_name", actor_member});
  if (!api.server || !api.server->is_system) add_all(claims, request.changes.access_claims);
  return claims;
}

json::Object claims_for_client(const UserTokens& request) {
  auto claims = members(request.authorization.extra, {"acr", "org_id", "org_name", actor_member});
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

std::string add_refresh_token(Exchange& exchange, UserTokens& request) {
  auto made = tokens::make_refresh_token(exchange.services(), *exchange.client, request.authorization, 0,
                                         device_of(exchange.context), exchange.context.now);
  request.changes.apply_to(made.token);
  request.grant_id = made.token.family;
  exchange.writes.push_back(ports::InsertRefreshToken{std::move(made.token)});
  return made.text;
}

}  // namespace

Async<WantedAccess> wanted_access(Exchange& exchange) {
  CO_TRY(auto audience, co_await audience_of(exchange));
  CO_TRY(auto api, co_await find_api(exchange.services(), exchange.context, audience));
  CO_TRY(auto requested, oauth::ScopeSet::parse(exchange.body.get("scope")));
  co_return WantedAccess{std::move(api), requested.words()};
}

Async<domain::Authorization> authorization_for(Exchange& exchange, WantedAccess wanted, std::string user_id,
                                               std::string connection) {
  const auto* api = wanted.api.server.get();
  std::shared_ptr<const domain::ClientGrant> grant;
  if (api && api->user_policy == "require_client_grant") {
    CO_TRY(grant, co_await exchange.services().configuration.client_grant(
                      exchange.tenant(), exchange.client->client_id, api->identifier, "user"));
  }
  co_return domain::Authorization{
      .client_id = exchange.client->client_id,
      .user_id = std::move(user_id),
      .audience = api ? api->identifier : std::string(),
      .scope = tokens::grantable_scopes(wanted.scope, *exchange.client, api, grant.get()),
      .connection = std::move(connection),
      .auth_time = exchange.context.now};
}

Async<json::Object> sign_in(Exchange& exchange, UserTokens request, LoginScripts call) {
  exchange.writes.push_back(
      ports::RecordLogin{request.user.user_id, exchange.context.ip, exchange.context.now});
  CO_ENSURE(co_await run_login_scripts(exchange, request, std::move(call)));
  if (has_scope(request.authorization, "offline_access"))
    request.refresh_token = add_refresh_token(exchange, request);
  co_return co_await user_tokens(exchange, std::move(request));
}

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
  CO_ENSURE(admit_user(exchange, *user));
  co_return std::move(*user);
}

Result<> admit_user(Exchange& exchange, const domain::User& user) {
  exchange.log.user_id = user.user_id;
  exchange.log.user_name = user.email();
  if (user.blocked()) return fail(ErrorKind::forbidden, "unauthorized", "user is blocked");
  return {};
}

std::unexpected<Error> barred(Exchange& exchange, login::Barred reason) {
  exchange.log.type = std::move(reason.log_type);
  exchange.log.user_id = std::move(reason.user_id);
  append(exchange.penalty, std::move(reason.writes));
  exchange.permit = std::move(reason.permit);
  return std::unexpected(std::move(reason.error));
}

connections::database::Scene scene_of(const Exchange& exchange) {
  const auto& context = exchange.context;
  return {*context.tenant,    context.link_host,          context.ip,
          context.user_agent, exchange.client->client_id, exchange.client->name,
          context.now};
}

void log_connection(Exchange& exchange, const domain::Connection& connection) {
  exchange.log.connection = connection.name;
  exchange.log.connection_id = connection.id;
  exchange.log.strategy = connection.strategy;
}

void append(ports::Writes& to, ports::Writes from) {
  for (auto& write : from) to.push_back(std::move(write));
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
