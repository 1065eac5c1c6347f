#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

// How a tenant defends its sign-in, its sign-up and its password mails: the settings of /attack-protection as
// the login path reads them. What was never changed has the defaults written here, so an untouched tenant
// stores nothing.
namespace durward::domain {

// A bucket of failed or counted attempts of one address: `max_attempts` at once, then one more every
// `interval`.
struct Throttle {
  int64_t max_attempts;
  Milliseconds interval;
};

// Failed sign-ins of one account. Without `block` nothing is refused, but everything is logged.
struct BruteForceProtection {
  bool enabled = true, block = true, notify_user = true;
  bool per_ip = true;  // count_per_identifier_and_ip, else count_per_identifier
  int64_t max_attempts = 10;
  std::vector<std::string> allowlist;  // addresses and CIDR blocks that are never counted
};

// Failed sign-ins, sign-ups and invalid subject tokens of one address, whatever the account.
struct SuspiciousIpThrottling {
  bool enabled = true, block = true, notify_admin = true;
  std::vector<std::string> allowlist;
  Throttle sign_in{100, Milliseconds(864'000)};
  Throttle sign_up{50, Milliseconds(1'200)};
  Throttle token_exchange{10, Milliseconds(600'000)};
};

struct BreachedPasswordDetection {
  struct Shields {
    bool block = false, notify_user = false, notify_admin = false;
  };
  bool enabled = false;
  Shields sign_in, sign_up, change_password;
  std::vector<std::string> notification_frequency;  // immediately, daily, weekly, monthly
  std::string method = "standard";                  // or "enhanced"
};

enum class ChallengePolicy { never, when_risky, always };
enum class BotDetectionLevel { low, medium, high };

struct BotDetection {
  BotDetectionLevel level = BotDetectionLevel::medium;
  ChallengePolicy password = ChallengePolicy::when_risky;
  ChallengePolicy passwordless = ChallengePolicy::when_risky;
  ChallengePolicy password_reset = ChallengePolicy::when_risky;
  std::vector<std::string> allowlist;
  bool monitoring = false;  // challenges are logged, not asked
};

// Which challenge a person gets. Keys and secrets of the provider are in the document.
struct Captcha {
  std::string active_provider = "auth_challenge";
  bool auth_challenge_fail_open = false;
};

struct AttackProtection {
  BruteForceProtection brute_force;
  SuspiciousIpThrottling suspicious_ip;
  BreachedPasswordDetection breached_passwords;
  BotDetection bot_detection;
  Captcha captcha;
  bool exponential_phone_protection = false;  // phone-provider-protection.type

  std::map<std::string, json::Object> documents;  // by name: "brute-force-protection" ...; those that exist

  static AttackProtection from_documents(std::map<std::string, json::Object> documents);
};

// The document that an untouched tenant is seen with (Auth0 Management API). `name` is one of
// attack_protection_names; throws std::out_of_range for another.
const json::Object& default_attack_protection(std::string_view name);
inline constexpr std::string_view attack_protection_names[] = {
    "bot-detection", "breached-password-detection", "brute-force-protection",
    "captcha",       "phone-provider-protection",   "suspicious-ip-throttling"};

}  // namespace durward::domain
