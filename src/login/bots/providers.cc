#include "login/bots/providers.h"

#include <algorithm>

#include "base/encoding.h"

namespace durward::login {
namespace {

ports::Outbound form_request(http::Parameters fields) {
  return {{}, {{"Content-Type", "application/x-www-form-urlencoded"}}, http::encode_form(fields)};
}

ports::Outbound json_request(const json::Object& body) {
  return {{}, {{"Content-Type", "application/json"}}, json::serialize(body)};
}

ports::Outbound ask_siteverify(const ProviderSettings& settings, std::string_view answer,
                               std::string_view ip) {
  http::Parameters fields;
  fields.add("secret", settings.secret);
  fields.add("response", std::string(answer));
  fields.add("remoteip", std::string(ip));
  fields.add("sitekey", settings.site_key);
  return form_request(std::move(fields));
}

ports::Outbound ask_enterprise(const ProviderSettings& settings, std::string_view answer,
                               std::string_view ip) {
  return json_request(
      {{"event", {{"token", answer}, {"siteKey", settings.site_key}, {"userIpAddress", ip}}}});
}

ports::Outbound ask_friendly(const ProviderSettings& settings, std::string_view answer, std::string_view) {
  return json_request({{"solution", answer}, {"secret", settings.secret}, {"sitekey", settings.site_key}});
}

ports::Outbound ask_arkose(const ProviderSettings& settings, std::string_view answer, std::string_view) {
  return json_request({{"private_key", settings.secret}, {"session_token", answer}});
}

bool says_success(const json::Object& reply) { return json::boolean_or(reply, "success", false); }

bool is_valid_token(const json::Object& reply) {
  const auto* token = json::object(reply, "tokenProperties");
  return token && json::boolean_or(*token, "valid", false);
}

bool is_solved(const json::Object& reply) {
  const auto* session = json::object(reply, "session_details");
  return session && json::boolean_or(*session, "solved", false);
}

constexpr CaptchaProvider providers[] = {
    {"hcaptcha", "https://js.hcaptcha.com/1/api.js", "h-captcha", "h-captcha-response",
     "https://hcaptcha.com https://*.hcaptcha.com", "https://hcaptcha.com https://*.hcaptcha.com",
     "https://hcaptcha.com https://*.hcaptcha.com", "https://api.hcaptcha.com/siteverify", ask_siteverify,
     says_success},
    {"recaptcha_v2", "https://www.google.com/recaptcha/api.js", "g-recaptcha", "g-recaptcha-response",
     "https://www.google.com/recaptcha/ https://www.gstatic.com/recaptcha/",
     "https://www.google.com/recaptcha/ https://recaptcha.google.com/recaptcha/",
     "https://www.google.com/recaptcha/", "https://www.google.com/recaptcha/api/siteverify", ask_siteverify,
     says_success},
    {"recaptcha_enterprise", "https://www.google.com/recaptcha/enterprise.js", "g-recaptcha",
     "g-recaptcha-response", "https://www.google.com/recaptcha/ https://www.gstatic.com/recaptcha/",
     "https://www.google.com/recaptcha/ https://recaptcha.google.com/recaptcha/",
     "https://www.google.com/recaptcha/",
     "https://recaptchaenterprise.googleapis.com/v1/projects/{project}/assessments?key={key}", ask_enterprise,
     is_valid_token},
    {"friendly_captcha", "https://cdn.jsdelivr.net/npm/friendly-challenge@0.9.18/widget.min.js",
     "frc-captcha", "frc-captcha-solution", "https://cdn.jsdelivr.net 'wasm-unsafe-eval'", "",
     "https://api.friendlycaptcha.com blob:", "https://api.friendlycaptcha.com/api/v1/siteverify",
     ask_friendly, says_success},
    {"arkose", "https://{subdomain}.arkoselabs.com/v2/{site}/api.js", "arkose", "arkose-token",
     "https://*.arkoselabs.com", "https://*.arkoselabs.com", "https://*.arkoselabs.com",
     "https://{verify}.arkoselabs.com/api/v4/verify/", ask_arkose, is_solved},
};

std::string replaced(std::string text, std::string_view place, std::string_view value) {
  for (size_t at; (at = text.find(place)) != text.npos;) text.replace(at, place.size(), value);
  return text;
}

// A tenant's text becomes part of a host name only as one label.
std::string label_or(const std::string& text, std::string_view fallback) {
  const bool fits = !text.empty() && text.size() <= 63 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  return fits ? text : std::string(fallback);
}

}  // namespace

ProviderSettings ProviderSettings::from_document(const json::Object& captcha, std::string_view provider) {
  ProviderSettings out;
  const auto* own = json::object(captcha, provider);
  if (!own) return out;
  out.site_key = json::string_or(*own, "site_key");
  out.secret = json::string_or(*own, provider == "recaptcha_enterprise" ? "api_key" : "secret");
  out.project_id = json::string_or(*own, "project_id");
  out.client_subdomain = json::string_or(*own, "client_subdomain");
  out.verify_subdomain = json::string_or(*own, "verify_subdomain");
  out.fail_open = json::boolean_or(*own, "fail_open", false);
  return out;
}

const CaptchaProvider* find_provider(std::string_view id) {
  for (const CaptchaProvider& one : providers)
    if (one.id == id) return &one;
  return nullptr;
}

std::string response_in(const http::Parameters& form) {
  for (const CaptchaProvider& one : providers)
    if (auto response = form.get_or(one.response_field); !response.empty()) return response;
  return {};
}

std::string script_url(const CaptchaProvider& provider, const ProviderSettings& settings) {
  std::string out(provider.script);
  out = replaced(std::move(out), "{subdomain}", label_or(to_lower(settings.client_subdomain), "client-api"));
  return replaced(std::move(out), "{site}", percent_encode(settings.site_key));
}

ports::Outbound verification(const CaptchaProvider& provider, const ProviderSettings& settings,
                             std::string_view url, std::string_view answer, std::string_view ip) {
  auto out = provider.ask(settings, answer, ip);
  out.url = url.empty() ? provider.verify_url : url;
  out.url =
      replaced(std::move(out.url), "{verify}", label_or(to_lower(settings.verify_subdomain), "verify-api"));
  out.url = replaced(std::move(out.url), "{project}", percent_encode(settings.project_id));
  out.url = replaced(std::move(out.url), "{key}", percent_encode(settings.secret));
  return out;
}

}  // namespace durward::login
