#include "login/bots/providers.h"

#include <gtest/gtest.h>

namespace durward::login {
namespace {

const ProviderSettings settings{
    .site_key = "site", .secret = "s3cret&", .project_id = "my/project", .client_subdomain = "acme"};

ports::Outbound asked(std::string_view id, const ProviderSettings& with = settings) {
  return verification(*find_provider(id), with, "", "answer", "192.0.2.1");
}
bool accepted(std::string_view id, std::string_view reply) {
  return find_provider(id)->accepts(*json::parse_object(reply));
}

TEST(Providers, are_asked_as_each_wants_it) {
  EXPECT_EQ(asked("hcaptcha").url, "https://api.hcaptcha.com/siteverify");
  EXPECT_EQ(asked("hcaptcha").body, "secret=s3cret%26&response=answer&remoteip=192.0.2.1&sitekey=site");
  EXPECT_EQ(asked("recaptcha_v2").url, "https://www.google.com/recaptcha/api/siteverify");
  EXPECT_EQ(asked("recaptcha_enterprise").url,
            "https://recaptchaenterprise.googleapis.com/v1/projects/my%2Fproject/assessments?key=s3cret%26");
  EXPECT_EQ(asked("recaptcha_enterprise").body,
            R"({"event":{"token":"answer","siteKey":"site","userIpAddress":"192.0.2.1"}})");
  EXPECT_EQ(asked("friendly_captcha").body, R"({"solution":"answer","secret":"s3cret&","sitekey":"site"})");
  EXPECT_EQ(asked("arkose").url, "https://verify-api.arkoselabs.com/api/v4/verify/");
  EXPECT_EQ(asked("arkose").body, R"({"private_key":"s3cret&","session_token":"answer"})");
}

TEST(Providers, their_replies_are_understood) {
  for (const char* id : {"hcaptcha", "recaptcha_v2", "friendly_captcha"}) {
    EXPECT_TRUE(accepted(id, R"({"success":true})"));
    EXPECT_FALSE(accepted(id, R"({"success":false})"));
    EXPECT_FALSE(accepted(id, R"({"success":"true"})"));
    EXPECT_FALSE(accepted(id, "{}"));
  }
  EXPECT_TRUE(accepted("recaptcha_enterprise", R"({"tokenProperties":{"valid":true}})"));
  EXPECT_FALSE(accepted("recaptcha_enterprise", R"({"valid":true})"));
  EXPECT_TRUE(accepted("arkose", R"({"session_details":{"solved":true}})"));
  EXPECT_FALSE(accepted("arkose", R"({"session_details":{"solved":false}})"));
}

TEST(Providers, a_subdomain_is_one_label_or_not_used) {
  auto hostile = settings;
  for (const char* text : {"evil.example/", "a.b", "a/b", "", "-\n"}) {
    hostile.client_subdomain = hostile.verify_subdomain = text;
    EXPECT_EQ(script_url(*find_provider("arkose"), hostile),
              "https://client-api.arkoselabs.com/v2/site/api.js")
        << text;
    EXPECT_EQ(asked("arkose", hostile).url, "https://verify-api.arkoselabs.com/api/v4/verify/");
  }
  EXPECT_EQ(script_url(*find_provider("arkose"), settings), "https://acme.arkoselabs.com/v2/site/api.js");
}

TEST(Providers, settings_come_from_the_tenants_document) {
  const auto document =
      json::parse_object(R"({"active_provider_id":"recaptcha_enterprise","recaptcha_enterprise":
      {"site_key":"k","api_key":"a","project_id":"p"},"arkose":{"site_key":"x","secret":"y","fail_open":true}})")
          .value();
  const auto enterprise = ProviderSettings::from_document(document, "recaptcha_enterprise");
  EXPECT_EQ(enterprise.site_key + enterprise.secret + enterprise.project_id, "kap");
  EXPECT_TRUE(ProviderSettings::from_document(document, "arkose").fail_open);
  EXPECT_EQ(ProviderSettings::from_document(document, "hcaptcha").site_key, "");
}

TEST(Providers, what_is_none_is_not_found) {
  EXPECT_EQ(find_provider("auth_challenge"), nullptr);
  EXPECT_EQ(find_provider(""), nullptr);
}

}  // namespace
}  // namespace durward::login
