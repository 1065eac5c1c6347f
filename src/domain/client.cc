#include "domain/client.h"

#include <algorithm>

#include "crypto/hash.h"
#include "domain/management_scopes.h"

namespace durward::domain {

namespace {

RefreshTokenPolicy refresh_token_policy(const json::Object* o) {
  RefreshTokenPolicy p;
  if (!o) return p;
  p.rotating = json::string_or(*o, "rotation_type") == "rotating";
  p.expiring = json::string_or(*o, "expiration_type") == "expiring";
  p.leeway = Seconds(json::integer_or(*o, "leeway", 0));
  p.lifetime = Seconds(json::integer_or(*o, "token_lifetime", p.lifetime.count()));
  p.idle_lifetime = Seconds(json::integer_or(*o, "idle_token_lifetime", p.idle_lifetime.count()));
  p.infinite_lifetime = json::boolean_or(*o, "infinite_token_lifetime", !p.expiring);
  p.infinite_idle_lifetime = json::boolean_or(*o, "infinite_idle_token_lifetime", !p.expiring);
  return p;
}

// An application created without token_endpoint_auth_method gets the one of its kind.
std::string default_auth_method(const json::Object& document) {
  const std::string app_type = json::string_or(document, "app_type");
  return app_type == "spa" || app_type == "native" ? "none" : "client_secret_post";
}

}  // namespace

bool Client::allows_grant(std::string_view grant_type) const {
  return std::find(grant_types.begin(), grant_types.end(), grant_type) != grant_types.end();
}

Client Client::from_json(json::Object document, std::string secret) {
  Client c;
  c.client_id = json::string_or(document, "client_id");
  c.name = json::string_or(document, "name");
  c.description = json::string_or(document, "description");
  c.app_type = json::string_or(document, "app_type");
  c.logo_uri = json::string_or(document, "logo_uri");
  c.initiate_login_uri = json::string_or(document, "initiate_login_uri");
  c.secret_sha256 = secret.empty() ? std::string() : crypto::sha256(secret);
  c.secret = std::move(secret);
  c.token_endpoint_auth_method =
      json::string(document, "token_endpoint_auth_method").value_or(default_auth_method(document));
  c.grant_types = json::strings(document, "grant_types");
  c.callbacks = json::strings(document, "callbacks");
  c.web_origins = json::strings(document, "web_origins");
  c.allowed_origins = json::strings(document, "allowed_origins");
  c.allowed_logout_urls = json::strings(document, "allowed_logout_urls");
  c.global = json::boolean_or(document, "global", false);
  c.is_first_party = json::boolean_or(document, "is_first_party", true);
  c.oidc_conformant = json::boolean_or(document, "oidc_conformant", true);
  c.sso_disabled = json::boolean_or(document, "sso_disabled", false);
  c.require_pushed_authorization_requests =
      json::boolean_or(document, "require_pushed_authorization_requests", false);
  c.organization_usage = json::string_or(document, "organization_usage", "deny");
  if (const auto* jwt = json::object(document, "jwt_configuration")) {
    c.id_token_alg = json::string_or(*jwt, "alg", "RS256");
    c.id_token_lifetime = Seconds(json::integer_or(*jwt, "lifetime_in_seconds", 36000));
  }
  if (const auto* exchange = json::object(document, "token_exchange"))
    for (const auto& type : json::strings(*exchange, "allow_any_profile_of_type"))
      c.exchanges_custom_tokens |= type == "custom_authentication";
  c.refresh_token = refresh_token_policy(json::object(document, "refresh_token"));
  c.document = std::move(document);
  return c;
}

const std::vector<ResourceServer::Scope>& ResourceServer::scopes() const {
  static const std::vector<Scope> system = [] {
    std::vector<Scope> out;
    for (const auto scope : management_scopes()) out.push_back({std::string(scope), describe_scope(scope)});
    return out;
  }();
  return is_system ? system : own_scopes;
}

bool ResourceServer::has_scope(std::string_view value) const {
  return std::ranges::any_of(scopes(), [&](const Scope& s) { return s.value == value; });
}

ResourceServer ResourceServer::from_json(json::Object document, std::string signing_secret) {
  ResourceServer r;
  r.id = json::string_or(document, "id");
  r.identifier = json::string_or(document, "identifier");
  r.name = json::string_or(document, "name");
  r.signing_alg = json::string_or(document, "signing_alg", "RS256");
  r.signing_secret = std::move(signing_secret);
  if (const auto* scopes = json::array(document, "scopes"))
    for (const auto& item : *scopes)
      if (const auto* o = item.if_object())
        r.own_scopes.push_back({json::string_or(*o, "value"), json::string_or(*o, "description")});
  r.token_lifetime = Seconds(json::integer_or(document, "token_lifetime", 86400));
  r.token_lifetime_for_web = Seconds(json::integer_or(document, "token_lifetime_for_web", 7200));
  r.is_system = json::boolean_or(document, "is_system", false);
  r.allow_offline_access = json::boolean_or(document, "allow_offline_access", false);
  r.skip_consent_for_verifiable_first_party_clients =
      json::boolean_or(document, "skip_consent_for_verifiable_first_party_clients", false);
  r.enforce_policies = json::boolean_or(document, "enforce_policies", false);
  r.token_dialect = json::string_or(document, "token_dialect", "access_token");
  if (const auto* subjects = json::object(document, "subject_type_authorization")) {
    if (const auto* user = json::object(*subjects, "user"))
      r.user_policy = json::string_or(*user, "policy", r.user_policy);
    if (const auto* client = json::object(*subjects, "client"))
      r.client_policy = json::string_or(*client, "policy", r.client_policy);
  }
  r.document = std::move(document);
  return r;
}

ClientGrant ClientGrant::from_json(json::Object document) {
  ClientGrant g;
  g.id = json::string_or(document, "id");
  g.client_id = json::string_or(document, "client_id");
  g.audience = json::string_or(document, "audience");
  g.subject_type = json::string_or(document, "subject_type", "client");
  g.scope = json::strings(document, "scope");
  g.allow_all_scopes = json::boolean_or(document, "allow_all_scopes", false);
  g.document = std::move(document);
  return g;
}

}  // namespace durward::domain
