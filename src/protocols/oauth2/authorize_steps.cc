#include "protocols/oauth2/authorize_steps.h"

#include <algorithm>
#include <charconv>

#include "standards/oauth/errors.h"
#include "standards/oauth/redirect_uri.h"
#include "standards/oauth/scope.h"
#include "standards/oidc/claims.h"
#include "tokens/tokens.h"
#include "tokens/verify.h"

namespace durward::protocols::oauth2 {
namespace {

constexpr size_t state_size_max = 4096, hint_size_max = 512, extension_count_max = 20;

constexpr std::string_view known_parameters[] = {
    "client_id",
    "response_type",
    "redirect_uri",
    "response_mode",
    "scope",
    "audience",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "display",
    "ui_locales",
    "id_token_hint",
    "login_hint",
    "screen_hint",
    "acr_values",
    "connection",
    "connection_scope",
    "organization",
    "invitation",
    "request",
    "request_uri",
    "resource",
    "claims",
    "dpop_jkt",
    "registration",
    "authorization_details",
};

constexpr std::string_view known_prompts[] = {"none", "login", "consent", "select_account"};

std::unexpected<Error> bad_request(std::string description) {
  return oauth::refuse("invalid_request", std::move(description));
}

// ---- entry

Result<> client_is_named(Attempt& attempt) {
  // RFC 6749 §3.1: a parameter may not come twice; which of two clients or callbacks was meant is the
  // question an attacker would like to leave open.
  for (const std::string_view name : {"client_id", "redirect_uri"})
    if (attempt.parameters.count(name) > 1)
      return bad_request("The parameter " + std::string(name) + " must not be repeated.");
  if (attempt.get("client_id").empty()) return bad_request("Missing required parameter: client_id");
  return {};
}

Result<> client_exists(Attempt& attempt) {
  if (!attempt.client) return oauth::refuse("unauthorized_client", "Unknown client: check the client_id.");
  attempt.request.client_id = attempt.client->client_id;
  return {};
}

oauth::MatchOptions match_options(const domain::Client& client) {
  return {.native = client.app_type == "native", .allow_wildcard = client.is_first_party, .placeholders = {}};
}

Result<> redirect_uri_is_registered(Attempt& attempt) {
  const auto& client = *attempt.client;
  const std::string incoming = attempt.get("redirect_uri");
  if (incoming.empty()) {
    // RFC 6749 §3.1.2.3: may be left out when exactly one is registered; OpenID Connect Core §3.1.2.1: not in
    // OpenID requests.
    const auto scope = oauth::ScopeSet::parse(attempt.get("scope"));
    const bool single = client.callbacks.size() == 1 && client.callbacks[0].find('*') == std::string::npos &&
                        oauth::parse_url(client.callbacks[0]);
    if (!single || !scope || scope->contains("openid"))
      return bad_request("Missing required parameter: redirect_uri");
    attempt.request.redirect_uri = client.callbacks[0];
    attempt.request.redirect_uri_given = false;
    return {};
  }
  const auto options = match_options(client);
  const bool known = std::ranges::any_of(client.callbacks, [&](const std::string& registered) {
    return oauth::matches_callback(registered, incoming, options);
  });
  if (!known)
    return fail(
        ErrorKind::forbidden, "invalid_request",
        "Callback URL mismatch. The provided redirect_uri is not in the list of allowed callback URLs.");
  attempt.request.redirect_uri = incoming;
  return {};
}

Result<> response_mode_for_errors(Attempt& attempt) {
  // From here on errors go to the application, in the way it asked for as far as that is understood
  // (OAuth 2.0 Multiple Response Type Encoding Practices §2.1).
  attempt.may_redirect = true;
  attempt.request.state = attempt.get("state");
  const auto type = oauth::parse_response_type(attempt.get("response_type"));
  attempt.request.response_type = type ? *type : oauth::ResponseType{.code = true};
  const auto mode = oauth::parse_response_mode(attempt.get("response_mode"), attempt.request.response_type);
  attempt.request.response_mode = mode ? *mode : oauth::default_response_mode(attempt.request.response_type);
  attempt.transaction.callback_origin = callback_source(attempt.request.redirect_uri);
  return {};
}

constexpr Step entry[] = {
    {"client_is_named", "RFC 6749 §4.1.1", client_is_named},
    {"client_exists", "RFC 6749 §4.1.2.1", client_exists},
    {"redirect_uri_is_registered", "RFC 9700 §2.1", redirect_uri_is_registered},
    {"response_mode_for_errors", "OAuth 2.0 Multiple Response Types §2.1", response_mode_for_errors},
};

// ---- request

Result<> nothing_twice(Attempt& attempt) {
  for (const std::string_view name : known_parameters)
    if (name != "resource" && attempt.parameters.count(name) > 1)
      return bad_request("The parameter " + std::string(name) + " must not be repeated.");
  return {};
}

Result<> sizes(Attempt& attempt) {
  if (attempt.request.state.size() > state_size_max) return bad_request("The parameter state is too long.");
  for (const std::string_view name :
       {"nonce", "login_hint", "connection", "ui_locales", "screen_hint", "prompt"})
    if (attempt.get(name).size() > hint_size_max)
      return bad_request("The parameter " + std::string(name) + " is too long.");
  return {};
}

Result<> no_request_objects(Attempt& attempt) {
  // OpenID Connect Core §3.1.2.6 and §6: the two words for what is not supported.
  if (!attempt.get("request").empty())
    return oauth::refuse("request_not_supported", "Request objects are not supported.");
  if (!attempt.get("request_uri").empty())
    return oauth::refuse("request_uri_not_supported", "The parameter request_uri is not supported.");
  // RFC 9126 §4
  if (attempt.client->require_pushed_authorization_requests)
    return bad_request("Pushed authorization requests are required for this client.");
  return {};
}

Result<> response_type(Attempt& attempt) {
  if (attempt.get("response_type").empty()) return bad_request("Missing required parameter: response_type");
  TRY(attempt.request.response_type, oauth::parse_response_type(attempt.get("response_type")));
  return {};
}

Result<> response_mode(Attempt& attempt) {
  TRY(attempt.request.response_mode,
      oauth::parse_response_mode(attempt.get("response_mode"), attempt.request.response_type));
  return {};
}

Result<> web_message_origin(Attempt& attempt) {
  if (attempt.request.response_mode != oauth::ResponseMode::web_message) return {};
  // The message is posted to the callback's origin and to nobody else, so the callback needs one.
  const auto url = oauth::parse_url(attempt.request.redirect_uri);
  if (!url || !url->is_web())
    return bad_request("response_mode web_message needs a callback with an origin.");
  return {};
}

Result<> grant_types(Attempt& attempt) {
  const auto& type = attempt.request.response_type;
  const auto refuse_grant = [](std::string_view grant) {
    return oauth::refuse("unauthorized_client",
                         "Grant type '" + std::string(grant) + "' not allowed for the client.");
  };
  if (type.code && !attempt.client->allows_grant("authorization_code"))
    return refuse_grant("authorization_code");
  if (type.returns_token() && !attempt.client->allows_grant("implicit")) return refuse_grant("implicit");
  return {};
}

Result<> pkce(Attempt& attempt) {
  TRY(attempt.request.challenge,
      oauth::parse_challenge(attempt.get("code_challenge"), attempt.get("code_challenge_method")));
  // RFC 9700 §2.1.1: clients without a secret must, others should. Third-party clients are held to it too.
  const bool owed = attempt.client->is_public() || !attempt.client->is_first_party;
  if (attempt.request.response_type.code && owed && !attempt.request.challenge)
    return bad_request("Missing required parameter: code_challenge");
  return {};
}

Result<> scope(Attempt& attempt) {
  TRY(const auto scopes, oauth::ScopeSet::parse(attempt.get("scope")));
  if (scopes.contains("offline_access") && scopes.contains("online_access"))
    return bad_request("The scopes offline_access and online_access exclude each other.");
  // OpenID Connect Core §3.2.2.1: an ID token needs an OpenID request.
  if (attempt.request.response_type.id_token && !scopes.contains("openid"))
    return bad_request("The scope openid is required for response types with id_token.");
  attempt.request.scope = scopes.words();
  return {};
}

Result<> nonce(Attempt& attempt) {
  attempt.request.nonce = attempt.get("nonce");
  // OpenID Connect Core §3.2.2.1 and §3.3.2.11
  if (attempt.request.response_type.id_token && attempt.request.nonce.empty())
    return bad_request("Missing required parameter: nonce");
  return {};
}

Result<> resource(Attempt& attempt) {
  if (!attempt.settings->resource_parameter) return {};
  // RFC 8707 §2: absolute, without fragment; one at a time here.
  if (attempt.parameters.count("resource") > 1)
    return oauth::refuse("invalid_target", "Only one resource may be requested.");
  const std::string value = attempt.get("resource");
  if (value.empty()) return {};
  const size_t colon = value.find(':');
  if (colon == 0 || colon == std::string::npos || value.find('#') != std::string::npos)
    return oauth::refuse("invalid_target", "The parameter resource must be an absolute URI.");
  return {};
}

Result<> audience(Attempt& attempt) {
  if (attempt.audience.empty()) return {};
  if (!attempt.api) return oauth::refuse("access_denied", "Service not found: " + attempt.audience);
  attempt.request.audience = attempt.api->identifier;
  const std::string& policy = attempt.api->user_policy;
  if (policy == "deny_all" || (policy == "require_client_grant" && !attempt.grant))
    return oauth::refuse("access_denied", "Client \"" + attempt.client->client_id +
                                              "\" is not authorized to access resource server \"" +
                                              attempt.api->identifier + "\".");
  return {};
}

Result<> grantable(Attempt& attempt) {
  // RFC 6749 §3.3: scopes beyond what may be granted are left out, not refused.
  attempt.request.scope = tokens::grantable_scopes(attempt.request.scope, *attempt.client, attempt.api.get(),
                                                   attempt.grant.get());
  return {};
}

Result<> prompt(Attempt& attempt) {
  attempt.transaction.prompt = attempt.get("prompt");
  // Words like those of a scope.
  const auto words = oauth::ScopeSet::parse(attempt.transaction.prompt);
  const bool known = words && std::ranges::all_of(*words, [](const std::string& word) {
                       return std::ranges::find(known_prompts, word) != std::end(known_prompts);
                     });
  if (!known) return bad_request("The parameter prompt has an unknown value.");
  // OpenID Connect Core §3.1.2.1: none stands alone.
  if (words->contains("none") && words->size() > 1)
    return bad_request("prompt=none must not be combined with other values.");
  return {};
}

Result<> max_age(Attempt& attempt) {
  const std::string text = attempt.get("max_age");
  if (text.empty()) return {};
  int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > INT32_MAX)
    return bad_request("The parameter max_age must be a number of seconds.");
  attempt.transaction.max_age = Seconds(value);
  attempt.request.max_age_requested = true;
  return {};
}

Result<> id_token_hint(Attempt& attempt) {
  const std::string token = attempt.get("id_token_hint");
  if (token.empty()) return {};
  if (!attempt.keys) return bad_request("The parameter id_token_hint is not valid.");
  const auto verified = tokens::verify_own_jwt(*attempt.keys, token);
  if (!verified) return bad_request("The parameter id_token_hint is not valid.");
  // OpenID Connect Core §3.1.2.2: issued by us; its age does not matter.
  const auto hint = oidc::read_id_token_hint(*verified, attempt.issuer, attempt.now);
  if (!hint) return bad_request("The parameter id_token_hint is not valid.");
  attempt.transaction.hint_subject = hint->subject;
  return {};
}

Result<> connection(Attempt& attempt) {
  const std::string name = attempt.get("connection");
  if (name.empty()) return {};
  const bool enabled = attempt.connections && std::ranges::any_of(*attempt.connections, [&](const auto& one) {
                         return one.name == name;
                       });
  if (!enabled) return bad_request("the connection was not found");
  attempt.transaction.connection = name;
  return {};
}

Result<> organization(Attempt& attempt) {
  const bool given = !attempt.get("organization").empty();
  const std::string& usage = attempt.client->organization_usage;
  if (given && usage != "allow" && usage != "require")
    return bad_request("parameter organization is not allowed for this client");
  if (!given && usage == "require") return bad_request("parameter organization is required for this client");
  if (given) return bad_request("parameter organization is invalid: no such organization");
  return {};
}

Result<> extensions(Attempt& attempt) {
  for (const auto& [name, value] : attempt.parameters) {
    if (!name.starts_with("ext-") || value.size() > hint_size_max) continue;
    if (attempt.request.extensions.size() == extension_count_max) break;
    attempt.request.extensions[name] = value;
  }
  return {};
}

Result<> hand_over(Attempt& attempt) {
  auto& transaction = attempt.transaction;
  transaction.client_id = attempt.client->client_id;
  transaction.protocol = "oauth2";
  transaction.login_hint = attempt.get("login_hint");
  transaction.screen_hint = attempt.get("screen_hint");
  transaction.ui_locales = attempt.get("ui_locales");
  transaction.audience = attempt.request.audience;
  transaction.scope = attempt.request.scope;
  transaction.needs_consent =
      needs_consent(*attempt.client, attempt.api.get(), attempt.request.redirect_uri, *attempt.settings);
  transaction.request = attempt.request.to_json();
  return {};
}

constexpr Step request[] = {
    {"nothing_twice", "RFC 6749 §3.1", nothing_twice},
    {"sizes", "docs/architecture.md", sizes},
    {"no_request_objects", "OpenID Connect Core §6, RFC 9126 §4", no_request_objects},
    {"response_type", "RFC 6749 §3.1.1", response_type},
    {"response_mode", "OAuth 2.0 Multiple Response Types §2.1", response_mode},
    {"web_message_origin", "Auth0 Authentication API", web_message_origin},
    {"grant_types", "RFC 6749 §4.1.2.1", grant_types},
    {"pkce", "RFC 7636 §4.3, RFC 9700 §2.1.1", pkce},
    {"scope", "RFC 6749 §3.3", scope},
    {"nonce", "OpenID Connect Core §3.2.2.1", nonce},
    {"resource", "RFC 8707 §2", resource},
    {"audience", "Auth0 Authentication API", audience},
    {"grantable", "RFC 6749 §3.3", grantable},
    {"prompt", "OpenID Connect Core §3.1.2.1", prompt},
    {"max_age", "OpenID Connect Core §3.1.2.1", max_age},
    {"id_token_hint", "OpenID Connect Core §3.1.2.2", id_token_hint},
    {"connection", "Auth0 Authentication API", connection},
    {"organization", "Auth0 Authentication API", organization},
    {"extensions", "Auth0 Authentication API", extensions},
    {"hand_over", "docs/architecture.md", hand_over},
};

bool is_verifiable(std::string_view redirect_uri) {
  const auto url = oauth::parse_url(redirect_uri);
  return url && url->is_web() && url->host != "localhost";
}

}  // namespace

std::span<const Step> entry_steps() { return entry; }
std::span<const Step> request_steps() { return request; }

Result<> run(std::span<const Step> steps, Attempt& attempt) {
  for (const Step& step : steps) ENSURE(step.check(attempt));
  return {};
}

std::string effective_audience(const http::Parameters& parameters, const domain::TenantSettings& settings,
                               std::string_view issuer) {
  std::string out = parameters.get_or("audience");
  if (out.empty() && settings.resource_parameter) out = parameters.get_or("resource");
  if (out.empty()) out = settings.default_audience;
  return out == std::string(issuer) + "userinfo" ? std::string() : out;
}

bool needs_consent(const domain::Client& client, const domain::ResourceServer* api,
                   std::string_view redirect_uri, const domain::TenantSettings& settings) {
  if (!client.is_first_party) return true;
  if (!api) return false;
  if (!api->skip_consent_for_verifiable_first_party_clients) return true;
  constexpr std::string_view skip = "skip_non_verifiable_callback_uri_confirmation_prompt";
  const bool confirmed =
      json::boolean_or(client.document, skip, false) || json::boolean_or(settings.document, skip, false);
  return !confirmed && !is_verifiable(redirect_uri);
}

std::string callback_source(std::string_view redirect_uri) {
  const auto url = oauth::parse_url(redirect_uri);
  if (!url) return {};
  return url->is_web() ? oauth::origin_of(*url) : url->scheme + ":";
}

}  // namespace durward::protocols::oauth2
