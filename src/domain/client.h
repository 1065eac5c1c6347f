#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace durward::domain {

struct RefreshTokenPolicy {
  bool rotating = false;
  bool expiring = false;
  Seconds leeway{0};
  Seconds lifetime{31557600};
  Seconds idle_lifetime{2592000};
  bool infinite_lifetime = true, infinite_idle_lifetime = true;
};

// An application. `document` is API v2's client object without its secret.
struct Client {
  std::string client_id, name, description, app_type, logo_uri, initiate_login_uri;
  std::string secret;         // opened from its sealed form; never rendered except to read:client_keys
  std::string secret_sha256;  // of `secret`, raw bytes, for the comparison
  std::string token_endpoint_auth_method = "none";
  std::vector<std::string> grant_types, callbacks, web_origins, allowed_origins, allowed_logout_urls;
  bool global = false;
  bool is_first_party = true;
  bool oidc_conformant = true;
  bool sso_disabled = false;
  bool require_pushed_authorization_requests = false;
  // token_exchange: it may use every profile of type custom_authentication.
  bool exchanges_custom_tokens = false;
  std::string organization_usage = "deny";
  std::string id_token_alg = "RS256";  // jwt_configuration.alg
  Seconds id_token_lifetime{36000};
  RefreshTokenPolicy refresh_token;
  json::Object document;

  bool is_public() const { return token_endpoint_auth_method == "none"; }
  bool allows_grant(std::string_view grant_type) const;
  static Client from_json(json::Object document, std::string secret);
};

// An API, also called resource server.
struct ResourceServer {
  struct Scope {
    std::string value, description;
  };
  std::string id, identifier, name;
  std::string signing_alg = "RS256";
  std::string signing_secret;  // HS256 only; opened from its sealed form
  std::vector<Scope> own_scopes;
  Seconds token_lifetime{86400}, token_lifetime_for_web{7200};
  bool is_system = false;
  bool allow_offline_access = false;
  bool skip_consent_for_verifiable_first_party_clients = true;
  bool enforce_policies = false;
  std::string token_dialect = "access_token";
  std::string user_policy = "allow_all",
              client_policy = "require_client_grant";  // subject_type_authorization
  json::Object document;

  // Those of the management API are the program's and shared, since 100,000 tenants have one each.
  const std::vector<Scope>& scopes() const;
  bool has_scope(std::string_view value) const;
  static ResourceServer from_json(json::Object document, std::string signing_secret);
};

struct ClientGrant {
  std::string id, client_id, audience, subject_type = "client";
  std::vector<std::string> scope;
  bool allow_all_scopes = false;
  json::Object document;
  static ClientGrant from_json(json::Object document);
};

}  // namespace durward::domain
