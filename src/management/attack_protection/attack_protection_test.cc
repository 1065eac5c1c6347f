#include "management/attack_protection/attack_protection.h"

#include <gtest/gtest.h>

#include "domain/attack_protection.h"
#include "management/support/testing/world.h"

namespace durward::management {
namespace {

using testing::World;

json::Value body(std::string_view text) { return *json::parse(text); }
std::string place(std::string_view name) { return "/attack-protection/" + std::string(name); }
constexpr auto collection = ports::Collection::attack_protection;

TEST(attack_protection, an_untouched_tenant_shows_the_defaults_and_stores_nothing) {
  World world;
  for (const auto name : domain::attack_protection_names) {
    const auto answer = world.get(place(name));
    EXPECT_EQ(answer.status, 200) << name;
    EXPECT_EQ(answer.body.as_object(), domain::default_attack_protection(name)) << name;
  }
  EXPECT_EQ(world.count(collection), 0u);
}

TEST(attack_protection, what_is_shown_can_be_sent_back) {
  World world;
  for (const auto name : domain::attack_protection_names) {
    const auto shown = world.get(place(name));
    const auto answer = world.patch(place(name), shown.body);
    EXPECT_EQ(answer.status, 200) << name << json::serialize(answer.body);
    EXPECT_EQ(answer.body, shown.body) << name;
  }
}

TEST(attack_protection, a_change_keeps_the_rest_and_is_one_audited_commit) {
  World world;
  const auto changed =
      world.patch(place("brute-force-protection"),
                  body(R"({"max_attempts":3,"allowlist":["192.0.2.1","10.0.0.0/8","2001:db8::/32"]})"));
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed["max_attempts"], json::Value(3));
  EXPECT_EQ(changed.text("mode"), "count_per_identifier_and_ip");
  EXPECT_EQ(changed["shields"].as_array().size(), 2u);
  EXPECT_EQ(world.store.commits, 1);
  EXPECT_EQ(world.last_log().type, "sapi");
  EXPECT_EQ(world.last_log().description, "Update brute-force protection settings");
  EXPECT_EQ(world.get(place("brute-force-protection")).body, changed.body);
  EXPECT_EQ(world.call(http::Method::get, place("brute-force-protection"), nullptr, {"*"}, 2)["max_attempts"],
            json::Value(10));
}

TEST(attack_protection, one_stage_changes_without_the_others) {
  World world;
  const auto changed = world.patch(place("suspicious-ip-throttling"),
                                   body(R"({"stage":{"pre-login":{"max_attempts":7,"rate":34560}}})"));
  const auto& stage = changed["stage"].as_object();
  EXPECT_EQ(stage.at("pre-login").at("max_attempts"), json::Value(7));
  EXPECT_EQ(stage.at("pre-user-registration").at("max_attempts"), json::Value(50));
  EXPECT_EQ(stage.at("pre-custom-token-exchange").at("rate"), json::Value(600000));
}

TEST(attack_protection, of_two_first_changes_at_once_none_is_lost) {
  World world;
  world.store.before_commit = [&] {
    world.patch(place("bot-detection"), body(R"({"bot_detection_level":"high"})"));
  };
  const auto mine = world.patch(place("bot-detection"), body(R"({"monitoring_mode_enabled":true})"));
  EXPECT_EQ(mine.status, 200);
  EXPECT_EQ(mine.text("bot_detection_level"), "high");
  EXPECT_EQ(mine["monitoring_mode_enabled"], json::Value(true));
}

TEST(attack_protection, secrets_of_providers_are_sealed_and_never_shown) {
  World world;
  const auto changed = world.patch(
      place("captcha"),
      body(R"({"active_provider_id":"hcaptcha","hcaptcha":{"site_key":"site","secret":"very-secret"},
               "recaptcha_enterprise":{"site_key":"s","api_key":"very-secret-too","project_id":"p"}})"));
  EXPECT_EQ(changed.status, 200) << json::serialize(changed.body);
  EXPECT_EQ(json::serialize(changed["hcaptcha"]), R"({"site_key":"site"})");
  EXPECT_EQ(world.get(place("captcha")).body, changed.body);
  EXPECT_EQ(world.dump().find("very-secret"), std::string::npos);
  const auto stored = run_sync(world.services.documents.find({1}, collection, "captcha")).value();
  const auto* sealed = json::object(stored->body, "_sealed");
  ASSERT_TRUE(sealed);
  EXPECT_EQ(run_sync(world.services.vault.open({1}, "attack_protection.hcaptcha.secret",
                                               json::string_or(*sealed, "hcaptcha.secret"))),
            "very-secret");
}

struct Wrong {
  std::string_view name, body, message;
};
constexpr Wrong wrongs[] = {
    {"brute-force-protection", R"({"max_attempts":0})", "Value 0 is less than minimum 1"},
    {"brute-force-protection", R"({"max_attempts":101})", "Value 101 is greater than maximum 100"},
    {"brute-force-protection", R"({"mode":"count"})", "No enum match for: count"},
    {"brute-force-protection", R"({"shields":["admin_notification"]})",
     "No enum match for: admin_notification"},
    {"brute-force-protection", R"({"enabled":"yes"})", "Expected type boolean but found type string"},
    {"brute-force-protection", R"({"max":1})", "Additional properties not allowed: max"},
    {"brute-force-protection", R"({"allowlist":["example.com"]})", "allowlist.0"},
    {"brute-force-protection", R"({"allowlist":["192.0.2.1","10.0.0.1/8"]})", "allowlist.1"},
    {"suspicious-ip-throttling", R"({"stage":{"pre-login":{"rate":1}}})",
     "Value 1 is less than minimum 34560"},
    {"suspicious-ip-throttling", R"({"stage":{"pre-login":{"max_attempts":2501}}})", "maximum 2500"},
    {"suspicious-ip-throttling", R"({"stage":{"later":{}}})", "Additional properties not allowed: later"},
    {"suspicious-ip-throttling", R"({"allowlist":[""]})", "allowlist.0"},
    {"breached-password-detection", R"({"method":"fast"})", "No enum match for: fast"},
    {"breached-password-detection", R"({"admin_notification_frequency":["yearly"]})",
     "No enum match for: yearly"},
    {"breached-password-detection",
     R"({"stage":{"pre-user-registration":{"shields":["user_notification"]}}})",
     "No enum match for: user_notification"},
    {"bot-detection", R"({"bot_detection_level":"extreme"})", "No enum match for: extreme"},
    {"bot-detection", R"({"challenge_password_policy":"sometimes"})", "No enum match for: sometimes"},
    {"bot-detection", R"({"allowlist":["1.2.3.4.5"]})", "allowlist.0"},
    {"captcha", R"({"active_provider_id":"mine"})", "No enum match for: mine"},
    {"captcha", R"({"hcaptcha":{"site_key":"s"}})", "Missing required property: secret"},
    {"captcha", R"({"auth_challenge":{}})", "Missing required property: fail_open"},
    {"phone-provider-protection", R"({})", "Missing required property: type"},
    {"phone-provider-protection", R"({"type":"linear"})", "No enum match for: linear"},
};

TEST(attack_protection, what_does_not_fit_is_refused_with_the_reason) {
  World world;
  for (const auto& wrong : wrongs) {
    const auto answer = world.patch(place(wrong.name), body(wrong.body));
    EXPECT_EQ(answer.status, 400) << wrong.body;
    EXPECT_EQ(answer.text("errorCode"), "invalid_body") << wrong.body;
    EXPECT_NE(answer.text("message").find(wrong.message), std::string::npos)
        << wrong.body << ": " << answer.text("message");
  }
  EXPECT_EQ(world.count(collection), 0u);
}

TEST(attack_protection, the_empty_word_chooses_no_captcha_provider) {
  World world;
  EXPECT_EQ(world.patch(place("captcha"), body(R"({"active_provider_id":""})")).text("active_provider_id"),
            "");
}

TEST(attack_protection, its_scopes_are_its_own) {
  World world;
  EXPECT_EQ(world.call(http::Method::get, place("captcha"), nullptr, {"read:clients"}).status, 403);
  EXPECT_EQ(world.call(http::Method::patch, place("captcha"), body("{}"), {"read:attack_protection"}).status,
            403);
}

}  // namespace
}  // namespace durward::management
