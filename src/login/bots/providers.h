#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "http/message.h"
#include "ports/fetcher.h"

// The captcha services a tenant may choose instead of our own challenge (/attack-protection/captcha): what a
// page needs for one, and how its answer is verified. A table; no I/O.
namespace durward::login {

// What the tenant entered for its provider.
struct ProviderSettings {
  std::string site_key, secret, project_id, client_subdomain, verify_subdomain;
  bool fail_open = false;
  static ProviderSettings from_document(const json::Object& captcha, std::string_view provider);
};

struct CaptchaProvider {
  std::string_view id;              // active_provider_id
  std::string_view script;          // {site} and {subdomain} are replaced
  std::string_view widget_class;    // of the element that the script fills
  std::string_view response_field;  // that it adds to the form
  // Sources of the page's Content-Security-Policy, space separated.
  std::string_view script_sources, frame_sources, other_sources;
  std::string_view verify_url;  // {project}, {key} and {verify} are replaced
  ports::Outbound (*ask)(const ProviderSettings& settings, std::string_view answer, std::string_view ip);
  bool (*accepts)(const json::Object& reply);
};

const CaptchaProvider* find_provider(std::string_view id);
// What the script of any provider added to a form; empty: nothing.
std::string response_in(const http::Parameters& form);

std::string script_url(const CaptchaProvider& provider, const ProviderSettings& settings);
// The request that verifies an answer; `url` is where, if not at the provider's own address.
ports::Outbound verification(const CaptchaProvider& provider, const ProviderSettings& settings,
                             std::string_view url, std::string_view answer, std::string_view ip);

}  // namespace durward::login
