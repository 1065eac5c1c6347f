#include "domain/tenant.h"

namespace durward::domain {

namespace {

const json::Object& member(const json::Object& object, std::string_view key) {
  static const json::Object empty;
  const json::Object* found = json::object(object, key);
  return found ? *found : empty;
}

// Lifetimes come in hours, or in minutes by the field of the same name with a suffix; minutes win.
std::chrono::minutes lifetime(const json::Object& document, const std::string& field,
                              std::chrono::minutes fallback) {
  if (auto minutes = json::integer(document, field + "_in_minutes")) return std::chrono::minutes(*minutes);
  const json::Value* hours = document.if_contains(field);
  if (hours && hours->is_number()) return std::chrono::minutes(int64_t(hours->to_number<double>() * 60));
  return fallback;
}

}  // namespace

TenantSettings TenantSettings::from_json(json::Object document, const json::Object& prompts) {
  TenantSettings s;
  s.friendly_name = json::string_or(document, "friendly_name");
  s.picture_url = json::string_or(document, "picture_url");
  s.support_email = json::string_or(document, "support_email");
  s.support_url = json::string_or(document, "support_url");
  s.default_audience = json::string_or(document, "default_audience");
  s.default_directory = json::string_or(document, "default_directory");
  s.default_redirection_uri = json::string_or(document, "default_redirection_uri");
  s.error_page_url = json::string_or(member(document, "error_page"), "url");
  s.allowed_logout_urls = json::strings(document, "allowed_logout_urls");
  s.enabled_locales = json::strings(document, "enabled_locales");
  s.session_lifetime = lifetime(document, "session_lifetime", s.session_lifetime);
  s.idle_session_lifetime = lifetime(document, "idle_session_lifetime", s.idle_session_lifetime);
  s.ephemeral_session_lifetime =
      lifetime(document, "ephemeral_session_lifetime", s.ephemeral_session_lifetime);
  s.idle_ephemeral_session_lifetime =
      lifetime(document, "idle_ephemeral_session_lifetime", s.idle_ephemeral_session_lifetime);
  s.persistent_session_cookie =
      json::string_or(member(document, "session_cookie"), "mode", "persistent") == "persistent";
  s.end_session_endpoint_in_discovery =
      json::boolean_or(member(document, "oidc_logout"), "rp_logout_end_session_endpoint_discovery", true);
  s.logout_prompt = json::boolean_or(member(document, "sessions"), "oidc_logout_prompt_enabled", true);
  s.authorization_response_iss =
      json::boolean_or(document, "authorization_response_iss_parameter_supported", false);
  s.resource_parameter = json::string_or(document, "resource_parameter_profile") == "compatibility";
  const auto& flags = member(document, "flags");
  s.revoke_refresh_token_grant = json::boolean_or(flags, "revoke_refresh_token_grant", false);
  s.public_signup_user_exists_error =
      json::boolean_or(flags, "enable_public_signup_user_exists_error", false);
  s.enable_client_connections = json::boolean_or(flags, "enable_client_connections", false);
  s.disable_clickjack_protection_headers =
      json::boolean_or(flags, "disable_clickjack_protection_headers", false);
  s.identifier_first = json::boolean_or(prompts, "identifier_first", false);
  s.document = std::move(document);
  return s;
}

Branding Branding::from_json(const json::Object& document) {
  Branding b;
  const auto& colors = member(document, "colors");
  b.primary_color = json::string_or(colors, "primary", b.primary_color);
  b.page_background = json::string_or(colors, "page_background", b.page_background);
  b.logo_url = json::string_or(document, "logo_url");
  b.favicon_url = json::string_or(document, "favicon_url");
  return b;
}

}  // namespace durward::domain
