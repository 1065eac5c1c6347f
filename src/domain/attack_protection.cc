#include "domain/attack_protection.h"

#include <algorithm>
#include <stdexcept>

namespace durward::domain {
namespace {

struct Default {
  std::string_view name, text;
};
constexpr Default defaults[] = {
    {"bot-detection",
     R"({"bot_detection_level":"medium","challenge_password_policy":"when_risky",
         "challenge_passwordless_policy":"when_risky","challenge_password_reset_policy":"when_risky",
         "allowlist":[],"monitoring_mode_enabled":false})"},
    {"breached-password-detection",
     R"({"enabled":false,"shields":[],"admin_notification_frequency":[],"method":"standard",
         "stage":{"pre-user-registration":{"shields":[]},"pre-change-password":{"shields":[]}}})"},
    {"brute-force-protection",
     R"({"enabled":true,"shields":["block","user_notification"],"mode":"count_per_identifier_and_ip",
         "allowlist":[],"max_attempts":10})"},
    {"captcha",
     R"({"active_provider_id":"auth_challenge","simple_captcha":{},"auth_challenge":{"fail_open":false}})"},
    {"phone-provider-protection", R"({"type":"none"})"},
    {"suspicious-ip-throttling",
     R"({"enabled":true,"shields":["admin_notification","block"],"allowlist":[],
         "stage":{"pre-login":{"max_attempts":100,"rate":864000},
                  "pre-user-registration":{"max_attempts":50,"rate":1200},
                  "pre-custom-token-exchange":{"max_attempts":10,"rate":600000}}})"},
};

using Defaults = std::map<std::string, json::Object, std::less<>>;
Defaults parse_defaults() {
  Defaults out;
  for (const auto& [name, text] : defaults) out.emplace(name, json::parse_object(text).value());
  return out;
}

// A shield or a list is what its word stands in.
bool has(const json::Object& body, std::string_view word) {
  const auto words = json::strings(body, "shields");
  return std::ranges::find(words, word) != words.end();
}

const json::Object& stage_of(const json::Object& body, std::string_view name) {
  static const json::Object none;
  const auto* stages = json::object(body, "stage");
  const auto* stage = stages ? json::object(*stages, name) : nullptr;
  return stage ? *stage : none;
}

void read(const json::Object& body, BruteForceProtection& out) {
  out.enabled = json::boolean_or(body, "enabled", out.enabled);
  out.block = has(body, "block");
  out.notify_user = has(body, "user_notification");
  out.per_ip = json::string_or(body, "mode") != "count_per_identifier";
  out.max_attempts = std::max<int64_t>(1, json::integer_or(body, "max_attempts", out.max_attempts));
  out.allowlist = json::strings(body, "allowlist");
}

Throttle throttle_of(const json::Object& body, std::string_view stage, Throttle fallback) {
  const auto& object = stage_of(body, stage);
  return {std::max<int64_t>(1, json::integer_or(object, "max_attempts", fallback.max_attempts)),
          Milliseconds(std::max<int64_t>(1, json::integer_or(object, "rate", fallback.interval.count())))};
}

void read(const json::Object& body, SuspiciousIpThrottling& out) {
  out.enabled = json::boolean_or(body, "enabled", out.enabled);
  out.block = has(body, "block");
  out.notify_admin = has(body, "admin_notification");
  out.allowlist = json::strings(body, "allowlist");
  out.sign_in = throttle_of(body, "pre-login", out.sign_in);
  out.sign_up = throttle_of(body, "pre-user-registration", out.sign_up);
  out.token_exchange = throttle_of(body, "pre-custom-token-exchange", out.token_exchange);
}

BreachedPasswordDetection::Shields shields_of(const json::Object& body) {
  return {has(body, "block"), has(body, "user_notification"), has(body, "admin_notification")};
}

void read(const json::Object& body, BreachedPasswordDetection& out) {
  out.enabled = json::boolean_or(body, "enabled", out.enabled);
  out.sign_in = shields_of(body);
  out.sign_up = shields_of(stage_of(body, "pre-user-registration"));
  out.change_password = shields_of(stage_of(body, "pre-change-password"));
  out.notification_frequency = json::strings(body, "admin_notification_frequency");
  out.method = json::string_or(body, "method", out.method);
}

template <class Word>
Word word_of(const json::Object& body, std::string_view member, Word fallback,
             std::initializer_list<std::string_view> words) {
  const auto found = std::ranges::find(words, json::string_or(body, member));
  return found == words.end() ? fallback : Word(found - words.begin());
}

void read(const json::Object& body, BotDetection& out) {
  const auto policy = [&](std::string_view member, ChallengePolicy fallback) {
    return word_of(body, member, fallback, {"never", "when_risky", "always"});
  };
  out.level = word_of(body, "bot_detection_level", out.level, {"low", "medium", "high"});
  out.password = policy("challenge_password_policy", out.password);
  out.passwordless = policy("challenge_passwordless_policy", out.passwordless);
  out.password_reset = policy("challenge_password_reset_policy", out.password_reset);
  out.allowlist = json::strings(body, "allowlist");
  out.monitoring = json::boolean_or(body, "monitoring_mode_enabled", out.monitoring);
}

void read(const json::Object& body, Captcha& out) {
  out.active_provider = json::string_or(body, "active_provider_id", out.active_provider);
  if (const auto* challenge = json::object(body, "auth_challenge"))
    out.auth_challenge_fail_open = json::boolean_or(*challenge, "fail_open", out.auth_challenge_fail_open);
}

void read(const json::Object& body, bool& exponential) {
  exponential = json::string_or(body, "type") == "exponential";
}

}  // namespace

const json::Object& default_attack_protection(std::string_view name) {
  static const Defaults all = parse_defaults();
  const auto found = all.find(name);
  if (found == all.end()) throw std::out_of_range("no attack protection settings " + std::string(name));
  return found->second;
}

AttackProtection AttackProtection::from_documents(std::map<std::string, json::Object> documents) {
  AttackProtection out;
  const auto fill = [&](const char* name, auto& settings) {
    if (const auto found = documents.find(name); found != documents.end()) read(found->second, settings);
  };
  fill("brute-force-protection", out.brute_force);
  fill("suspicious-ip-throttling", out.suspicious_ip);
  fill("breached-password-detection", out.breached_passwords);
  fill("bot-detection", out.bot_detection);
  fill("captcha", out.captcha);
  fill("phone-provider-protection", out.exponential_phone_protection);
  out.documents = std::move(documents);
  return out;
}

}  // namespace durward::domain
