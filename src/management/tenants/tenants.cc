#include "management/tenants/tenants.h"

#include "management/tenants/fields.h"
#include "standards/oauth/redirect_uri.h"

namespace durward::management::tenants {
namespace {

constexpr std::string_view defaults = R"({
  "allowed_logout_urls": [],
  "default_audience": "",
  "default_directory": "",
  "default_redirection_uri": "",
  "enabled_locales": ["en"],
  "flags": {
    "allow_changing_enable_sso": false,
    "allow_legacy_delegation_grant_types": false,
    "allow_legacy_ro_grant_types": false,
    "cannot_change_enforce_client_authentication_on_passwordless_start": true,
    "change_pwd_flow_v1": false,
    "disable_clickjack_protection_headers": false,
    "disable_impersonation": true,
    "enable_apis_section": false,
    "enable_client_connections": false,
    "enable_custom_domain_in_emails": false,
    "enable_dynamic_client_registration": false,
    "enable_legacy_logs_search_v2": false,
    "enable_pipeline2": false,
    "enable_public_signup_user_exists_error": true,
    "enable_sso": true,
    "enforce_client_authentication_on_passwordless_start": true,
    "mfa_show_factor_list_on_enrollment": false,
    "new_universal_login_experience_enabled": true,
    "remove_alg_from_jwks": false,
    "revoke_refresh_token_grant": false,
    "universal_login": true,
    "use_scope_descriptions_for_consent": false
  },
  "friendly_name": "",
  "guardian_mfa_page": {"enabled": false, "html": ""},
  "picture_url": "",
  "support_email": "",
  "support_url": "",
  "session_lifetime": 168,
  "idle_session_lifetime": 72,
  "ephemeral_session_lifetime": 72,
  "idle_ephemeral_session_lifetime": 24,
  "session_cookie": {"mode": "persistent"},
  "sessions": {"oidc_logout_prompt_enabled": true},
  "oidc_logout": {"rp_logout_end_session_endpoint_discovery": true},
  "customize_mfa_in_postlogin_action": false,
  "pushed_authorization_requests_supported": false,
  "phone_consolidated_experience": false,
  "resource_parameter_profile": "audience",
  "sandbox_version": "22",
  "universal_login": {"passwordless": {"allow_magiclink_verify_without_session": true}}
})";

constexpr std::string_view lifetimes[] = {"session_lifetime", "idle_session_lifetime",
                                          "ephemeral_session_lifetime", "idle_ephemeral_session_lifetime"};

std::vector<ports::DocumentKey> document_keys(const json::Object&) { return {}; }

json::Object render(json::Object body) {
  body.stable_erase("id");
  body["sandbox_versions_available"] = json::Array{json::Value("24"), json::Value("22"), json::Value("18")};
  return body;
}

// A lifetime is kept in hours, with a fraction when it was given in minutes; minutes win.
void settle_lifetimes(json::Object& patch) {
  for (const auto name : lifetimes) {
    const std::string in_minutes = std::string(name) + "_in_minutes";
    const auto minutes = json::integer(patch, in_minutes);
    patch.stable_erase(in_minutes);
    if (!minutes) continue;
    patch[name] = *minutes % 60 == 0 ? json::Value(*minutes / 60) : json::Value(double(*minutes) / 60);
  }
}

Result<> check_logout_urls(const json::Object& body) {
  const auto urls = json::strings(body, "allowed_logout_urls");
  for (size_t i = 0; i < urls.size(); ++i)
    if (auto ok = oauth::validate_redirect_uri(urls[i]); !ok)
      return invalid_body("Payload validation error: '" + ok.error().message +
                          "' on property allowed_logout_urls." + std::to_string(i) + ".");
  return {};
}

Result<> check(const json::Object& body) {
  ENSURE(check_logout_urls(body));
  const auto hours = [&](std::string_view name) {
    const auto* value = body.if_contains(name);
    return value && value->is_number() ? value->to_number<double>() : 0.0;
  };
  if (hours("idle_session_lifetime") > hours("session_lifetime"))
    return invalid_body("idle_session_lifetime must be less than or equal to session_lifetime.");
  if (hours("idle_ephemeral_session_lifetime") > hours("ephemeral_session_lifetime"))
    return invalid_body(
        "idle_ephemeral_session_lifetime must be less than or equal to ephemeral_session_lifetime.");
  for (const auto name : lifetimes)
    if (body.contains(name) && hours(name) <= 0)
      return invalid_body("Payload validation error: 'Value 0 is less than minimum 1' on property " +
                          std::string(name) + ".");
  return {};
}

Async<Reply> read(const ports::Services& services, Call call) {
  CO_TRY(auto document, co_await load(services, resource, call.tenant(), "settings"));
  co_return ok(select_fields(call.query, render(std::move(document.body))));
}

// An idle lifetime that was not named follows a shorter whole lifetime.
void follow(json::Object& body, const json::Object& patch) {
  for (const auto [whole, idle] :
       {std::pair{lifetimes[0], lifetimes[1]}, std::pair{lifetimes[2], lifetimes[3]}}) {
    const auto *max = body.if_contains(whole), *value = body.if_contains(idle);
    if (!patch.contains(idle) && max && value && value->to_number<double>() > max->to_number<double>())
      body[idle] = json::Value(*max);
  }
}

// The answer to a change also tells how the login pages are set up.
void show_login_pages(json::Object& shown, const json::Object& prompts) {
  auto& pages = shown["universal_login"];
  if (!pages.is_object()) pages = json::Object();
  auto& out = pages.get_object();
  out["is_custom_template_set"] = false;
  out["is_custom_theme_set"] = false;
  for (const char* name : {"identifier_first", "webauthn_platform_first_factor"})
    out[name] = json::boolean_or(prompts, name, false);
}

Async<Reply> change(const ports::Services& services, Call call) {
  json::Object patch = call.object();
  settle_lifetimes(patch);
  Change apply = [patch](json::Object& body) {
    constexpr std::string_view merged[] = {"flags"};
    endpoint::merge_patch(body, patch, merged);
    follow(body, patch);
    return check(body);
  };
  CO_TRY(auto body, co_await update(services, resource, call.tenant(), "settings", std::move(apply),
                                    {api_record(services, call)}));
  CO_TRY(const auto prompts,
         co_await services.documents.find(call.tenant(), ports::Collection::prompts, "prompts"));
  auto shown = render(std::move(body));
  if (prompts) show_login_pages(shown, prompts->body);
  co_return ok(std::move(shown));
}

}  // namespace

const Resource resource = {
    .collection = ports::Collection::settings,
    .id_member = "id",
    .plural = "settings",
    .missing = {ErrorKind::not_found, "", "The tenant does not exist."},
    .taken = {ErrorKind::conflict, "", "The settings exist already."},
    .keys = document_keys,
};

json::Object new_settings(std::string_view friendly_name) {
  auto body = *json::parse_object(defaults);
  body["id"] = "settings";
  body["friendly_name"] = friendly_name;
  return body;
}

std::vector<Endpoint> rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const auto* schema = &settings_schema();
  return {
      {.id = "get_tenant_settings",
       .method = get,
       .path = "/api/v2/tenants/settings",
       .tag = "tenants",
       .summary = "Get tenant settings",
       .scopes = {"read:tenant_settings"},
       .rate = management_read,
       .query = fields_query(),
       .reply = schema,
       .handler = handler<read>(services)},
      {.id = "update_tenant_settings",
       .method = patch,
       .path = "/api/v2/tenants/settings",
       .tag = "tenants",
       .summary = "Update tenant settings",
       .scopes = {"update:tenant_settings"},
       .rate = management_write,
       .body = schema,
       .reply = schema,
       .handler = handler<change>(services)},
  };
}

}  // namespace durward::management::tenants
