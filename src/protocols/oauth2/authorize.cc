#include "protocols/oauth2/authorize.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "login/pages.h"
#include "protocols/api.h"
#include "protocols/oauth2/authorize_response.h"
#include "protocols/oauth2/authorize_steps.h"
#include "protocols/parts.h"
#include "standards/oauth/errors.h"
#include "standards/oauth/scope.h"

namespace durward::protocols::oauth2 {
namespace {

// RFC 6749 §4.1.2 recommends at most ten minutes.
constexpr Seconds code_lifetime{600};

struct Parts {
  const ports::Services& services;
  std::shared_ptr<login::Machine> machine;
};

Result<http::Parameters> read_parameters(const http::Request& request) {
  if (request.method != http::Method::post) return http::parse_form(request.query);
  // OpenID Connect Core §3.1.2.1: a POST carries the parameters as a form, and only there.
  const std::string type = to_lower(request.headers.get("Content-Type"));
  if (!type.starts_with("application/x-www-form-urlencoded"))
    return fail(ErrorKind::invalid, "invalid_request", "The request must be a form.");
  return http::parse_form(request.body);
}

// ---- loading: configuration only, which the cache holds

Async<Attempt> load(const ports::Services& services, endpoint::RequestContext context,
                    http::Parameters parameters) {
  auto& configuration = services.configuration;
  const auto tenant = context.tenant->id;
  Attempt out;
  out.parameters = std::move(parameters);
  out.issuer = context.issuer;
  out.now = context.now;
  CO_TRY(out.settings, co_await configuration.settings(tenant));
  if (!out.settings) out.settings = std::make_shared<const domain::TenantSettings>();
  const std::string client_id = out.get("client_id");
  if (client_id.empty()) co_return out;
  CO_TRY(out.client, co_await configuration.client(tenant, client_id));
  if (!out.client) co_return out;
  CO_TRY(out.connections, co_await configuration.connections_of(tenant, client_id));
  out.audience = effective_audience(out.parameters, *out.settings, context.issuer);
  if (!out.audience.empty()) {
    CO_TRY(auto api, co_await look_for_api(services, context, out.audience));
    out.api = std::move(api.server);
  }
  if (out.api) {
    CO_TRY(out.grant, co_await configuration.client_grant(tenant, client_id, out.api->identifier, "user"));
  }
  if (!out.get("id_token_hint").empty()) {
    CO_TRY(out.keys, co_await configuration.keys(tenant));
  }
  co_return out;
}

// ---- answering

void add_issuer(oauth::Parameters& parameters, const domain::TenantSettings& settings,
                const std::string& issuer) {
  // RFC 9207 §2: in good and bad answers alike.
  if (settings.authorization_response_iss) parameters.emplace_back("iss", issuer);
}

Task<http::Response> answer(const ports::Services& services, endpoint::RequestContext context,
                            AuthorizationRequest request, oauth::Parameters parameters) {
  const auto page = co_await login::page_context(services, context, "", "");
  if (!page)
    co_return co_await login::error_page(
        services, context, {}, {503, "temporarily_unavailable", "The server is overloaded.", {}, {}});
  add_issuer(parameters, *page->settings, context.issuer);
  co_return respond(request, std::move(parameters), *page);
}

Task<http::Response> refuse_on_page(const ports::Services& services, endpoint::RequestContext context,
                                    http::Headers headers, std::string client_id, Error error) {
  co_return co_await login::error_page(
      services, context, headers,
      {endpoint::status_of(error.kind), error.code, error.message, std::move(client_id), {}});
}

Task<http::Response> authorize(Parts parts, endpoint::RequestContext context, http::Request request) {
  auto parameters = read_parameters(request);
  if (!parameters)
    co_return co_await refuse_on_page(parts.services, context, request.headers, {}, parameters.error());
  auto attempt = co_await load(parts.services, context, std::move(*parameters));
  if (!attempt)
    co_return co_await refuse_on_page(
        parts.services, context, request.headers, {},
        {ErrorKind::unavailable, "temporarily_unavailable", "The server is overloaded.", {}});
  auto checked = run(entry_steps(), *attempt);
  if (checked) checked = run(request_steps(), *attempt);
  if (checked)
    co_return co_await parts.machine->begin(context, std::move(request), std::move(attempt->transaction));
  if (!attempt->may_redirect)
    co_return co_await refuse_on_page(parts.services, context, request.headers,
                                      attempt->client ? attempt->client->client_id : "", checked.error());
  co_return co_await answer(parts.services, context, attempt->request, error_parameters(checked.error()));
}

// ---- completion

struct Outcome {
  AuthorizationRequest request;
  std::shared_ptr<const domain::Client> client;
  Api api;
  int64_t grant_id = 0;
  std::string code;
  std::optional<tokens::AccessToken> access_token;
  std::string id_token;
};

std::string issue_code(const ports::Services& services, const endpoint::RequestContext& context,
                       const Outcome& outcome, const login::Authenticated& who, ports::Writes& writes) {
  const auto& request = outcome.request;
  const domain::Handle handle{services.sequence.next(), services.random.bytes(32)};
  domain::AuthorizationCode code;
  code.id = handle.id;
  code.secret_sha256 = crypto::sha256(handle.secret);
  code.authorization = {.client_id = request.client_id,
                        .user_id = who.user.user_id,
                        .audience = request.audience,
                        .scope = who.changes.apply_to(request.scope),
                        .sid = who.session.sid(),
                        .connection = who.session.connection,
                        .auth_time = who.session.authenticated_at,
                        .nonce = request.nonce,
                        .extra = {}};
  if (!who.changes.empty())
    code.authorization.extra[extensions::token_changes_member] = who.changes.to_json();
  // RFC 6749 §4.1.3: only a redirect URI that was sent has to be repeated.
  if (request.redirect_uri_given) code.redirect_uri = request.redirect_uri;
  if (request.challenge) {
    code.code_challenge = request.challenge->value;
    code.code_challenge_method = oauth::to_string(request.challenge->method);
  }
  code.max_age_requested = request.max_age_requested;
  code.created_at = context.now;
  code.expires_at = context.now + code_lifetime;
  code.grant_id = outcome.grant_id;
  writes.push_back(ports::InsertCode{std::move(code)});
  return handle.to_string();
}

Async<tokens::AccessToken> front_channel_token(tokens::Issuer& issuer, endpoint::RequestContext context,
                                               Outcome outcome, login::Authenticated who) {
  tokens::AccessTokenRequest wanted;
  wanted.tenant = context.tenant->id;
  wanted.issuer = context.issuer;
  wanted.now = context.now;
  wanted.client = outcome.client;
  wanted.api = outcome.api.server;
  wanted.audience = outcome.api.audience;
  wanted.subject = who.user.user_id;
  wanted.scope = who.changes.apply_to(outcome.request.scope);
  if (!outcome.api.server || !outcome.api.server->is_system) wanted.claims = who.changes.access_claims;
  wanted.id_claims = who.changes.id_claims;
  // A refresh token never comes through the front channel (RFC 6749 §4.2.2).
  std::erase(wanted.scope, "offline_access");
  wanted.front_channel = true;
  wanted.grant_id = outcome.grant_id;
  wanted.sid = who.session.sid();
  co_return co_await issuer.access_token(std::move(wanted));
}

Async<std::string> front_channel_id_token(tokens::Issuer& issuer, endpoint::RequestContext context,
                                          Outcome outcome, login::Authenticated who) {
  tokens::IdTokenRequest wanted;
  wanted.tenant = context.tenant->id;
  wanted.issuer = context.issuer;
  wanted.now = context.now;
  wanted.client = outcome.client;
  wanted.user = std::move(who.user);
  wanted.scope = who.changes.apply_to(outcome.request.scope);
  wanted.claims = std::move(who.changes.id_claims);
  wanted.sid = who.session.sid();
  wanted.nonce = outcome.request.nonce;
  if (outcome.request.max_age_requested) wanted.auth_time = who.session.authenticated_at;
  // OpenID Connect Core §3.2.2.10 and §3.3.2.11: at_hash and c_hash.
  if (outcome.access_token) wanted.access_token = outcome.access_token->text;
  wanted.code = outcome.code;
  co_return co_await issuer.id_token(std::move(wanted));
}

oauth::Parameters parameters_of(const Outcome& outcome) {
  oauth::Parameters out;
  if (!outcome.code.empty()) out.emplace_back("code", outcome.code);
  if (outcome.access_token) {
    out.emplace_back("access_token", outcome.access_token->text);
    std::string scope;
    for (const std::string& word : outcome.access_token->scope) scope += (scope.empty() ? "" : " ") + word;
    if (!scope.empty()) out.emplace_back("scope", scope);
    out.emplace_back("expires_in", std::to_string(outcome.access_token->lifetime.count()));
    out.emplace_back("token_type", "Bearer");
  }
  if (!outcome.id_token.empty()) out.emplace_back("id_token", outcome.id_token);
  return out;
}

Async<http::Response> complete(const ports::Services& services, tokens::Issuer& issuer,
                               endpoint::RequestContext context, login::Transaction transaction,
                               login::Authenticated who, ports::Writes& writes) {
  const auto tenant = context.tenant->id;
  Outcome outcome;
  CO_TRY(outcome.request, AuthorizationRequest::from_json(transaction.request));
  const auto& request = outcome.request;
  CO_TRY(outcome.client, co_await services.configuration.client(tenant, request.client_id));
  if (!outcome.client) co_return oauth::refuse("unauthorized_client", "Unknown client.");
  if (!request.audience.empty()) {
    CO_TRY(outcome.api, co_await look_for_api(services, context, request.audience));
    if (!outcome.api.server)
      co_return oauth::refuse("access_denied", "Service not found: " + request.audience);
  }
  outcome.grant_id = services.sequence.next();
  if (request.response_type.code) outcome.code = issue_code(services, context, outcome, who, writes);
  if (request.response_type.token) {
    CO_TRY(outcome.access_token, co_await front_channel_token(issuer, context, outcome, who));
  }
  if (request.response_type.id_token) {
    CO_TRY(outcome.id_token, co_await front_channel_id_token(issuer, context, outcome, who));
  }
  co_return co_await answer(services, context, request, parameters_of(outcome));
}

Task<http::Response> refuse(const ports::Services& services, endpoint::RequestContext context,
                            login::Transaction transaction, Error error) {
  auto request = AuthorizationRequest::from_json(transaction.request);
  if (!request)
    co_return co_await refuse_on_page(services, context, {}, transaction.client_id, std::move(error));
  co_return co_await answer(services, context, std::move(*request), error_parameters(error));
}

// ---- what scripts are told

std::string_view protocol_of(const oauth::ResponseType& type) {
  if (!type.code) return "oidc-implicit-profile";
  return type.token || type.id_token ? "oidc-hybrid-profile" : "oidc-basic-profile";
}

json::Array words_of(std::string_view text) {
  const auto words = oauth::ScopeSet::parse(text);
  return words ? json::array_of(words->words()) : json::Array();
}

login::Told describe(const login::Transaction& transaction) {
  login::Told told;
  const auto request = AuthorizationRequest::from_json(transaction.request);
  if (!request) return told;
  const std::string type = std::string(oauth::to_string(request->response_type));
  const std::string mode = std::string(oauth::to_string(request->response_mode));
  told.transaction = {{"id", transaction.id},
                      {"protocol", protocol_of(request->response_type)},
                      {"requested_scopes", json::array_of(request->scope)},
                      {"response_type", words_of(type)},
                      {"response_mode", mode},
                      {"redirect_uri", request->redirect_uri},
                      {"acr_values", json::Array()},
                      {"ui_locales", words_of(transaction.ui_locales)}};
  if (!request->state.empty()) told.transaction["state"] = request->state;
  if (!transaction.prompt.empty()) told.transaction["prompt"] = words_of(transaction.prompt);
  if (!transaction.login_hint.empty()) told.transaction["login_hint"] = transaction.login_hint;
  told.resource_server = request->audience;
  told.query = request->extensions;
  told.query["client_id"] = request->client_id;
  told.query["response_type"] = type;
  told.query["redirect_uri"] = request->redirect_uri;
  told.query["scope"] = oauth::ScopeSet(request->scope).join();
  if (!request->audience.empty()) told.query["audience"] = request->audience;
  return told;
}

endpoint::Endpoint row(std::string id, http::Method method, const Parts& parts) {
  endpoint::Endpoint out;
  out.id = std::move(id);
  out.method = method;
  out.path = "/authorize";
  out.tag = "oauth2";
  out.summary = "Authorization request (RFC 6749 §3.1)";
  out.open_because = "browsers begin here; the client, its callback and the session cookie are checked";
  out.rate = endpoint::RateClass::login;
  out.success = 302;
  out.handler = endpoint::ProtocolHandler(
      [parts](endpoint::RequestContext context, http::Request request, const endpoint::PathParameters&) {
        return authorize(parts, std::move(context), std::move(request));
      });
  return out;
}

}  // namespace

login::Protocol authorization_protocol(const ports::Services& services, tokens::Issuer& issuer) {
  return {.complete =
              [&services, &issuer](endpoint::RequestContext context, login::Transaction transaction,
                                   login::Authenticated who, ports::Writes& writes) {
                return complete(services, issuer, std::move(context), std::move(transaction), std::move(who),
                                writes);
              },
          .refuse =
              [&services](endpoint::RequestContext context, login::Transaction transaction, Error error) {
                return refuse(services, std::move(context), std::move(transaction), std::move(error));
              },
          .describe = describe,
          .users_token = users_token_of(issuer)};
}

std::vector<endpoint::Endpoint> authorize_rows(const ports::Services& services,
                                               std::shared_ptr<login::Machine> machine) {
  const Parts parts{services, std::move(machine)};
  return {row("authorize", http::Method::get, parts), row("authorize_post", http::Method::post, parts)};
}

}  // namespace durward::protocols::oauth2
