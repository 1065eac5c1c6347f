#include "management/attack_protection/fields.h"

#include <map>

namespace durward::management::attack_protection {
namespace {

using endpoint::Field;
using endpoint::required;
using endpoint::secret;
using endpoint::Type;

// Auth0 Management API, attack-protection; a list of addresses is bounded as Auth0's is.
constexpr double addresses_max = 100;
constexpr std::string_view policies = "never when_risky always";

constexpr Field bot_detection[] = {
    {.path = "bot_detection_level", .values = "low medium high"},
    {.path = "challenge_password_policy", .values = policies},
    {.path = "challenge_passwordless_policy", .values = policies},
    {.path = "challenge_password_reset_policy", .values = policies},
    {.path = "allowlist", .type = Type::array, .max = addresses_max},
    {.path = "monitoring_mode_enabled", .type = Type::boolean},
};

constexpr Field breached_passwords[] = {
    {.path = "enabled", .type = Type::boolean},
    {.path = "shields",
     .type = Type::array,
     .max = 3,
     .values = "block user_notification admin_notification"},
    {.path = "admin_notification_frequency",
     .type = Type::array,
     .max = 4,
     .values = "immediately daily weekly monthly"},
    {.path = "method", .values = "standard enhanced"},
    {.path = "stage", .type = Type::object},
    {.path = "stage.pre-user-registration", .type = Type::object},
    {.path = "stage.pre-user-registration.shields",
     .type = Type::array,
     .max = 2,
     .values = "block admin_notification"},
    {.path = "stage.pre-change-password", .type = Type::object},
    {.path = "stage.pre-change-password.shields",
     .type = Type::array,
     .max = 2,
     .values = "block admin_notification"},
};

constexpr Field brute_force[] = {
    {.path = "enabled", .type = Type::boolean},
    {.path = "shields", .type = Type::array, .max = 2, .values = "block user_notification"},
    {.path = "allowlist", .type = Type::array, .max = addresses_max},
    {.path = "mode", .values = "count_per_identifier_and_ip count_per_identifier"},
    {.path = "max_attempts", .type = Type::integer, .min = 1, .max = 100},
};

constexpr Field captcha[] = {
    // The empty word chooses none, so the words are checked apart (attack_protection.cc).
    {.path = "active_provider_id", .max = 36},
    {.path = "arkose", .type = Type::object},
    {.path = "arkose.site_key", .flags = required, .max = 100},
    {.path = "arkose.secret", .flags = required | secret, .max = 100},
    {.path = "arkose.client_subdomain", .max = 100},
    {.path = "arkose.verify_subdomain", .max = 100},
    {.path = "arkose.fail_open", .type = Type::boolean},
    {.path = "auth_challenge", .type = Type::object},
    {.path = "auth_challenge.fail_open", .type = Type::boolean, .flags = required},
    {.path = "hcaptcha", .type = Type::object},
    {.path = "hcaptcha.site_key", .flags = required, .max = 100},
    {.path = "hcaptcha.secret", .flags = required | secret, .max = 100},
    {.path = "friendly_captcha", .type = Type::object},
    {.path = "friendly_captcha.site_key", .flags = required, .max = 100},
    {.path = "friendly_captcha.secret", .flags = required | secret, .max = 100},
    {.path = "recaptcha_enterprise", .type = Type::object},
    {.path = "recaptcha_enterprise.site_key", .flags = required, .max = 100},
    {.path = "recaptcha_enterprise.api_key", .flags = required | secret, .max = 100},
    {.path = "recaptcha_enterprise.project_id", .flags = required, .max = 100},
    {.path = "recaptcha_v2", .type = Type::object},
    {.path = "recaptcha_v2.site_key", .flags = required, .max = 100},
    {.path = "recaptcha_v2.secret", .flags = required | secret, .max = 100},
    {.path = "simple_captcha", .type = Type::map, .max = 10},
};

constexpr Field phone_provider[] = {{.path = "type", .values = "exponential none"}};

constexpr Field suspicious_ip[] = {
    {.path = "enabled", .type = Type::boolean},
    {.path = "shields", .type = Type::array, .max = 2, .values = "block admin_notification"},
    {.path = "allowlist", .type = Type::array, .max = addresses_max},
    {.path = "stage", .type = Type::object},
    {.path = "stage.pre-login", .type = Type::object},
    {.path = "stage.pre-login.max_attempts", .type = Type::integer, .min = 1, .max = 2500},
    {.path = "stage.pre-login.rate", .type = Type::integer, .min = 34'560, .max = 86'400'000},
    {.path = "stage.pre-user-registration", .type = Type::object},
    {.path = "stage.pre-user-registration.max_attempts", .type = Type::integer, .min = 1, .max = 72'000},
    {.path = "stage.pre-user-registration.rate", .type = Type::integer, .min = 1'200, .max = 86'400'000},
    // Not in the published description, but in the answers, which tools send back.
    {.path = "stage.pre-custom-token-exchange", .type = Type::object},
    {.path = "stage.pre-custom-token-exchange.max_attempts", .type = Type::integer, .min = 1, .max = 72'000},
    {.path = "stage.pre-custom-token-exchange.rate", .type = Type::integer, .min = 1'200, .max = 86'400'000},
};

constexpr Settings all[] = {
    {"bot-detection", "bot detection settings", "BotDetection", bot_detection, {}},
    {"breached-password-detection",
     "breached password detection settings",
     "BreachedPasswordDetection",
     breached_passwords,
     {}},
    {"brute-force-protection", "brute-force protection settings", "BruteForceProtection", brute_force, {}},
    {"captcha", "CAPTCHA settings", "Captcha", captcha, {}},
    {"phone-provider-protection", "phone provider protection settings", "PhoneProviderProtection",
     phone_provider, "type"},
    {"suspicious-ip-throttling",
     "suspicious IP throttling settings",
     "SuspiciousIpThrottling",
     suspicious_ip,
     {}},
};

using Schemas = std::map<std::string_view, endpoint::Schema>;
Schemas compile() {
  Schemas out;
  for (const Settings& one : all) out.try_emplace(one.name, one.schema_name, one.fields);
  return out;
}

}  // namespace

std::span<const Settings> settings() { return all; }

const endpoint::Schema& schema_of(const Settings& settings) {
  static const Schemas made = compile();
  return made.at(settings.name);
}

}  // namespace durward::management::attack_protection
