#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "domain/client.h"
#include "domain/session.h"
#include "domain/signing_key.h"
#include "domain/user.h"
#include "ports/services.h"

// Making tokens: access tokens (JWT or opaque), ID tokens, refresh tokens. Verifying them is tokens/verify.h.
namespace durward::tokens {

inline constexpr Seconds opaque_lifetime{86400}, opaque_lifetime_for_web{7200};

// The words of `gty`.
inline constexpr std::string_view gty_client_credentials = "client-credentials", gty_password = "password",
                                  gty_refresh_token = "refresh_token",
                                  gty_token_exchange = "urn:ietf:params:oauth:grant-type:token-exchange";

struct AccessTokenRequest {
  domain::TenantId tenant;
  std::string issuer;  // RequestContext::issuer
  TimePoint now;
  std::shared_ptr<const domain::Client> client;
  std::shared_ptr<const domain::ResourceServer> api;  // null: opaque, good at /userinfo only
  std::string audience;                               // of the token; empty: the API's identifier
  std::string subject;                                // user id, or client_id@clients
  bool of_user = true;                                // false: client credentials, no RBAC
  std::vector<std::string> scope;                     // what the grant allows, before RBAC
  std::string gty;                                    // empty: left out
  bool front_channel = false;                         // token_lifetime_for_web
  int64_t grant_id = 0;    // AuthorizationCode::grant_id; revoked with the grant. 0: none
  std::string sid;         // stays inside of opaque tokens
  json::Object claims;     // further claims: org_id, org_name, acr ...
  json::Object id_claims;  // that scripts set on the ID token: opaque tokens bring them to /userinfo
};

struct AccessToken {
  std::string text;
  Seconds lifetime{0};
  std::vector<std::string> scope;  // finally granted: with enforce_policies an intersection
};

struct IdTokenRequest {
  domain::TenantId tenant;
  std::string issuer;
  TimePoint now;
  std::shared_ptr<const domain::Client> client;
  domain::User user;
  std::vector<std::string> scope;  // decides the profile claims
  std::string sid, nonce;          // empty: left out
  std::optional<TimePoint> auth_time;
  std::vector<std::string> amr;           // empty: left out
  std::string access_token, code, state;  // give at_hash, c_hash, s_hash; empty: left out
  json::Object claims;                    // further claims: org_id, org_name, acr ...
};

// The signing side of a process: keeps prepared signers per key set. One per process, thread-safe. Errors:
// unavailable or internal only (no signing key of the wanted type is an internal error).
class Issuer {
 public:
  explicit Issuer(const ports::Services& services);
  ~Issuer();

  // No read but when the API enforces RBAC (one: permissions_of).
  Async<AccessToken> access_token(AccessTokenRequest request) const;
  Async<std::string> id_token(IdTokenRequest request) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The Management API token behind the `auth0` helper of rules: it reads and updates the tenant's users, for
// little longer than the rules of one login may take (Auth0, Rules).
Async<std::string> users_token(const Issuer& issuer, domain::TenantId tenant, std::string issuer_url,
                               TimePoint now);

// A refresh token to be written with InsertRefreshToken. `text` is "v1." + Handle.
struct NewRefreshToken {
  std::string text;
  domain::RefreshToken token;
};
// `family` 0: the token begins its own.
NewRefreshToken make_refresh_token(const ports::Services& services, const domain::Client& client,
                                   domain::Authorization authorization, int64_t family, domain::Device device,
                                   TimePoint now);
// Row key and secret of a presented refresh token.
std::optional<domain::Handle> parse_refresh_token(std::string_view text);

// ---- scopes

// openid, profile, email, phone, address, offline_access and the single claims that count as scopes.
bool is_oidc_scope(std::string_view scope);
// What `client` may get for a user: OIDC scopes and those defined by the API (or its client grant where the
// API's user policy requires one; `grant` is then the one with subject type "user", null when there is none).
// offline_access stays only when both API and client allow refresh tokens. Unknown scopes are left out, and
// so are those of the management API that reach beyond the user's own account.
std::vector<std::string> grantable_scopes(const std::vector<std::string>& requested,
                                          const domain::Client& client, const domain::ResourceServer* api,
                                          const domain::ClientGrant* grant);

}  // namespace durward::tokens
