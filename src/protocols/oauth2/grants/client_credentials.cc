#include "extensions/credentials_exchange.h"
#include "protocols/oauth2/grants/exchange.h"
#include "standards/oauth/errors.h"
#include "standards/oauth/scope.h"

// RFC 6749 §4.4.
namespace durward::protocols::oauth2 {

namespace {

// RFC 6749 §4.4: confidential clients only.
Result<> check_confidential(const Exchange& exchange) {
  if (exchange.client_proven && !exchange.client->is_public()) return {};
  return oauth::refuse("unauthorized_client", "Grant type 'client_credentials' not allowed for the client.");
}

std::unexpected<Error> not_granted(const std::string& audience) {
  return oauth::refuse("access_denied", "Client is not authorized to access \"" + audience +
                                            "\". Create a client grant for this API first.");
}

// Everything the client grant gives when nothing was asked for. A program that asks for more than that is set
// up wrongly, and is told so now rather than by an API later (RFC 6749 §3.3 allows both; Auth0 Authentication
// API).
Result<oauth::ScopeSet> granted_scope(const std::string& requested, const domain::ClientGrant& grant,
                                      const domain::ResourceServer& api) {
  oauth::ScopeSet allowed(grant.scope);
  if (grant.allow_all_scopes)
    for (const auto& scope : api.scopes()) allowed.add(scope.value);
  if (requested.empty()) return allowed;
  TRY(auto wanted, oauth::ScopeSet::parse(requested));
  oauth::ScopeSet missing;
  for (const auto& word : wanted)
    if (!allowed.contains(word)) missing.add(word);
  if (!missing.empty())
    return oauth::refuse("access_denied", "Client has not been granted scopes: " + missing.join());
  return wanted;
}

Async<Api> audience_api(Exchange& exchange) {
  CO_TRY(auto audience, co_await audience_of(exchange));
  if (audience.empty()) co_return oauth::refuse("invalid_request", "Missing required parameter: audience");
  exchange.log.audience = audience;
  CO_TRY(auto api, co_await find_api(exchange.services(), exchange.context, audience));
  // Without a user there is nothing to ask /userinfo about.
  if (!api.server) co_return oauth::refuse("access_denied", "Service not enabled within domain: " + audience);
  co_return api;
}

Async<extensions::ProgramVerdict> run_scripts(Exchange& exchange, const domain::ResourceServer& api,
                                              const oauth::ScopeSet& scope) {
  extensions::ProgramFacts facts{.context = exchange.context,
                                 .client = exchange.client,
                                 .audience = api.identifier,
                                 .scope = scope.words()};
  facts.request.method = "POST";
  for (const std::string_view name : {"grant_type", "client_id", "audience", "scope"})
    if (exchange.body.has(name)) facts.request.body[name] = exchange.body.get(name);
  CO_TRY(auto verdict, co_await extensions::credentials_exchange(exchange.services(), std::move(facts)));
  if (!verdict.trace.empty()) exchange.log.details["scripts"] = verdict.trace;
  auto& writes = verdict.denial ? exchange.penalty : exchange.writes;
  for (auto& write : verdict.writes) writes.push_back(std::move(write));
  if (verdict.denial) co_return std::unexpected(*verdict.denial);
  co_return verdict;
}

json::Object reply_of(const tokens::AccessToken& access, const std::string& scope) {
  json::Object reply{{"access_token", access.text}};
  if (!scope.empty()) reply["scope"] = scope;
  reply["expires_in"] = access.lifetime.count();
  reply["token_type"] = "Bearer";
  return reply;
}

}  // namespace

Async<json::Object> redeem_client_credentials(Exchange& exchange) {
  CO_ENSURE(check_confidential(exchange));
  CO_ENSURE(check_organization(exchange));
  CO_TRY(auto api, co_await audience_api(exchange));
  const auto& client = exchange.client;
  CO_TRY(auto grant, co_await exchange.services().configuration.client_grant(
                         exchange.tenant(), client->client_id, api.server->identifier, "client"));
  if (!grant || api.server->client_policy == "deny_all") co_return not_granted(exchange.log.audience);
  CO_TRY(auto scope, granted_scope(exchange.body.get("scope"), *grant, *api.server));
  CO_TRY(auto verdict, co_await run_scripts(exchange, *api.server, scope));
  scope = oauth::ScopeSet(verdict.scope);
  CO_TRY(auto access, co_await exchange.parts.issuer.access_token(
                          {.tenant = exchange.tenant(),
                           .issuer = exchange.context.issuer,
                           .now = exchange.context.now,
                           .client = client,
                           .api = api.server,
                           .audience = api.audience,
                           .subject = client->client_id + "@clients",
                           .of_user = false,
                           .scope = scope.words(),
                           .gty = std::string(tokens::gty_client_credentials),
                           .claims = api.server->is_system ? json::Object() : verdict.claims}));
  exchange.log.scope = scope.join();
  co_return reply_of(access, exchange.log.scope);
}

}  // namespace durward::protocols::oauth2
