#include "domain/attack_protection.h"

#include <gtest/gtest.h>

namespace durward::domain {
namespace {

json::Object object(std::string_view text) { return json::parse_object(text).value(); }

TEST(AttackProtection, the_values_of_an_untouched_tenant_are_those_of_its_default_documents) {
  std::map<std::string, json::Object> documents;
  for (const auto name : attack_protection_names) documents.emplace(name, default_attack_protection(name));
  const auto read = AttackProtection::from_documents(documents);
  const AttackProtection untouched;
  EXPECT_EQ(read.brute_force.enabled, untouched.brute_force.enabled);
  EXPECT_EQ(read.brute_force.block, untouched.brute_force.block);
  EXPECT_EQ(read.brute_force.notify_user, untouched.brute_force.notify_user);
  EXPECT_EQ(read.brute_force.per_ip, untouched.brute_force.per_ip);
  EXPECT_EQ(read.brute_force.max_attempts, untouched.brute_force.max_attempts);
  EXPECT_EQ(read.suspicious_ip.block, untouched.suspicious_ip.block);
  EXPECT_EQ(read.suspicious_ip.notify_admin, untouched.suspicious_ip.notify_admin);
  EXPECT_EQ(read.suspicious_ip.sign_in.max_attempts, untouched.suspicious_ip.sign_in.max_attempts);
  EXPECT_EQ(read.suspicious_ip.sign_in.interval, untouched.suspicious_ip.sign_in.interval);
  EXPECT_EQ(read.suspicious_ip.sign_up.max_attempts, untouched.suspicious_ip.sign_up.max_attempts);
  EXPECT_EQ(read.suspicious_ip.sign_up.interval, untouched.suspicious_ip.sign_up.interval);
  EXPECT_EQ(read.suspicious_ip.token_exchange.interval, untouched.suspicious_ip.token_exchange.interval);
  EXPECT_EQ(read.breached_passwords.enabled, untouched.breached_passwords.enabled);
  EXPECT_EQ(read.breached_passwords.method, untouched.breached_passwords.method);
  EXPECT_EQ(read.bot_detection.level, untouched.bot_detection.level);
  EXPECT_EQ(read.bot_detection.password, untouched.bot_detection.password);
  EXPECT_EQ(read.bot_detection.monitoring, untouched.bot_detection.monitoring);
  EXPECT_EQ(read.captcha.active_provider, untouched.captcha.active_provider);
  EXPECT_FALSE(read.exponential_phone_protection);
}

TEST(AttackProtection, reads_what_a_tenant_chose) {
  const auto read = AttackProtection::from_documents({
      {"brute-force-protection", object(R"({"enabled":true,"shields":["user_notification"],
        "mode":"count_per_identifier","max_attempts":3,"allowlist":["10.0.0.0/8"]})")},
      {"suspicious-ip-throttling", object(R"({"enabled":false,"shields":["block"],"allowlist":[],
        "stage":{"pre-login":{"max_attempts":5,"rate":34560},"pre-user-registration":{"max_attempts":2,"rate":1200}}})")},
      {"breached-password-detection", object(R"({"enabled":true,"shields":["block","admin_notification"],
        "method":"enhanced","admin_notification_frequency":["daily"],
        "stage":{"pre-user-registration":{"shields":["block"]}}})")},
      {"bot-detection", object(R"({"bot_detection_level":"high","challenge_password_policy":"always",
        "monitoring_mode_enabled":true})")},
      {"captcha", object(R"({"active_provider_id":"","auth_challenge":{"fail_open":true}})")},
      {"phone-provider-protection", object(R"({"type":"exponential"})")},
  });
  EXPECT_FALSE(read.brute_force.block);
  EXPECT_TRUE(read.brute_force.notify_user);
  EXPECT_FALSE(read.brute_force.per_ip);
  EXPECT_EQ(read.brute_force.max_attempts, 3);
  EXPECT_EQ(read.brute_force.allowlist, std::vector<std::string>{"10.0.0.0/8"});
  EXPECT_FALSE(read.suspicious_ip.enabled);
  EXPECT_FALSE(read.suspicious_ip.notify_admin);
  EXPECT_EQ(read.suspicious_ip.sign_in.max_attempts, 5);
  EXPECT_EQ(read.suspicious_ip.sign_up.interval, Milliseconds(1200));
  EXPECT_EQ(read.suspicious_ip.token_exchange.max_attempts, 10);
  EXPECT_TRUE(read.breached_passwords.sign_in.block);
  EXPECT_TRUE(read.breached_passwords.sign_in.notify_admin);
  EXPECT_TRUE(read.breached_passwords.sign_up.block);
  EXPECT_FALSE(read.breached_passwords.change_password.block);
  EXPECT_EQ(read.breached_passwords.method, "enhanced");
  EXPECT_EQ(read.bot_detection.level, BotDetectionLevel::high);
  EXPECT_EQ(read.bot_detection.password, ChallengePolicy::always);
  EXPECT_EQ(read.bot_detection.passwordless, ChallengePolicy::when_risky);
  EXPECT_TRUE(read.bot_detection.monitoring);
  EXPECT_EQ(read.captcha.active_provider, "");
  EXPECT_TRUE(read.captcha.auth_challenge_fail_open);
  EXPECT_TRUE(read.exponential_phone_protection);
}

TEST(AttackProtection, knows_no_other_document) {
  EXPECT_THROW(default_attack_protection("firewall"), std::out_of_range);
}

}  // namespace
}  // namespace durward::domain
