#pragma once
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace durward::domain {

// Every row belongs to a tenant; a port method without one does not exist. The number never leaves the store.
struct TenantId {
  int64_t value = 0;
  auto operator<=>(const TenantId&) const = default;
};

struct Tenant {
  TenantId id;
  std::string name;  // ^[a-z0-9][a-z0-9-]{1,62}$, the first label of its host
  TimePoint created_at;
};

// The settings document of API v2 (GET /tenants/settings) and what the hot path reads of it.
struct TenantSettings {
  std::string friendly_name, picture_url, support_email, support_url;
  std::string default_audience, default_directory, default_redirection_uri;
  std::string error_page_url;
  std::vector<std::string> allowed_logout_urls, enabled_locales;
  std::chrono::minutes session_lifetime{168 * 60}, idle_session_lifetime{72 * 60};
  std::chrono::minutes ephemeral_session_lifetime{72 * 60}, idle_ephemeral_session_lifetime{24 * 60};
  bool persistent_session_cookie = true;
  bool end_session_endpoint_in_discovery = true;
  bool logout_prompt = true;                          // sessions.oidc_logout_prompt_enabled
  bool authorization_response_iss = false;            // RFC 9207
  bool resource_parameter = false;                    // resource_parameter_profile == "compatibility"
  bool revoke_refresh_token_grant = false;            // flags.revoke_refresh_token_grant
  bool public_signup_user_exists_error = false;       // flags.enable_public_signup_user_exists_error
  bool enable_client_connections = false;             // flags.enable_client_connections
  bool disable_clickjack_protection_headers = false;  // flags.disable_clickjack_protection_headers
  bool identifier_first = false;                      // the prompts document: GET /prompts
  json::Object document;

  static TenantSettings from_json(json::Object document, const json::Object& prompts);
};

// Colours and logo of the tenant's pages: GET /branding.
struct Branding {
  std::string primary_color = "#635dff", page_background = "#f4f5f7", logo_url, favicon_url;
  static Branding from_json(const json::Object& document);
};

}  // namespace durward::domain
