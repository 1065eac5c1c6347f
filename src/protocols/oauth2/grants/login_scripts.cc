// post-login for grants without a browser: a refresh, a password, a token exchange.
#include "base/encoding.h"
#include "protocols/oauth2/grants/user_tokens.h"

namespace durward::protocols::oauth2 {

namespace {

json::Object transaction_event(const UserTokens& request, const LoginScripts& call) {
  json::Object out = call.transaction;
  out["protocol"] = call.protocol;
  out["requested_scopes"] = json::array_of(request.authorization.scope);
  for (const auto name : {"acr_values", "ui_locales"}) out[name] = json::Array();
  if (const auto* actor = request.authorization.extra.if_contains(actor_member)) out["actor"] = *actor;
  return out;
}

void refuse_by(Exchange& exchange, const extensions::LoginVerdict& verdict, const UserTokens& request) {
  const auto& denial = *verdict.denial;
  exchange.log.details["reason"] = denial.log_text;
  for (const auto& write : verdict.writes) exchange.penalty.push_back(write);
  if (denial.revokes_session)
    if (const auto handle = domain::Handle::parse(request.authorization.sid, 16))
      exchange.penalty.push_back(ports::RemoveSession{handle->id});
  if (denial.revokes_refresh_tokens)
    exchange.penalty.push_back(
        ports::RevokeRefreshTokensOf{request.user.user_id, exchange.client->client_id, {}});
}

}  // namespace

extensions::RequestFacts request_facts(const Exchange& exchange) {
  return {
      .method = "POST", .language = {}, .query = {}, .body = extensions::body_event(exchange.body.members())};
}

Async<> run_login_scripts(Exchange& exchange, UserTokens& request, LoginScripts call) {
  const auto& services = exchange.services();
  CO_TRY(const bool any, co_await extensions::has_login_scripts(services, exchange.tenant()));
  if (!any) co_return Result<>();
  extensions::LoginFacts facts{.context = exchange.context,
                               .request = request_facts(exchange),
                               .client = exchange.client,
                               .user = request.user,
                               .refresh_token = std::move(call.refresh_token),
                               .method = call.method,
                               .transaction = transaction_event(request, call),
                               .resource_server = request.authorization.audience,
                               .users_token = users_token_of(exchange.parts.issuer)};
  CO_TRY(facts.connection,
         co_await services.configuration.connection_by_name(exchange.tenant(), call.connection));
  CO_TRY(auto verdict, co_await extensions::post_login(services, std::move(facts)));
  exchange.log.details["scripts"] = verdict.trace;
  if (verdict.denial) {
    refuse_by(exchange, verdict, request);
    co_return std::unexpected(verdict.denial->error);
  }
  for (auto& write : verdict.writes) exchange.writes.push_back(std::move(write));
  request.user = std::move(verdict.user);
  request.changes = std::move(verdict.tokens);
  request.authorization.scope = request.changes.apply_to(std::move(request.authorization.scope));
  co_return Result<>();
}

}  // namespace durward::protocols::oauth2
