#include <gtest/gtest.h>

#include "management/emails/emails.h"
#include "management/support/testing/scripts.h"

namespace durward::management::emails {
namespace {

using testing::Answer;

json::Value body(std::string_view text) { return *json::parse(text); }

struct World : testing::World {
  World() { testing::play_builds(*this); }
  Answer create(std::string_view text) { return post("/emails/provider", body(text)); }
  Answer change(std::string_view text) { return patch("/emails/provider", body(text)); }
  Answer read() { return get("/emails/provider"); }
  void deploy(const std::string& trigger) {
    post("/actions/actions",
         body(R"({"name":"mails","deploy":true,"code":"exports.onExecuteCustomEmailProvider = 1",)"
              R"("supported_triggers":[{"id":")" +
              trigger + R"("}]})"));
  }
  std::string stored() {
    for (const auto& row : store.rows[{1, ports::Collection::email_providers}])
      return json::serialize(row.document.body);
    return "";
  }
};

constexpr std::string_view smtp =
    R"({"name":"smtp","default_from_address":"Acme <a@acme.test>","credentials":)"
    R"({"smtp_host":"mail.test","smtp_port":587,"smtp_user":"u","smtp_pass":"hidden"}})";

TEST(email_provider, is_created_read_changed_and_removed) {
  World world;
  EXPECT_EQ(world.read().status, 404);
  EXPECT_EQ(world.read().text("errorCode"), "inexistent_email_provider");
  const auto made = world.create(smtp);
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(json::serialize(made.body),
            R"({"name":"smtp","default_from_address":"Acme <a@acme.test>","credentials":)"
            R"({"smtp_host":"mail.test","smtp_port":587,"smtp_user":"u"},"enabled":true})");
  EXPECT_EQ(world.create(smtp).status, 409);
  EXPECT_EQ(world.change(R"({"enabled":false})")["enabled"].as_bool(), false);
  EXPECT_EQ(json::serialize(world.get("/emails/provider?fields=name").body), R"({"name":"smtp"})");
  EXPECT_EQ(world.remove("/emails/provider").status, 204);
  EXPECT_EQ(world.read().status, 404);
  EXPECT_EQ(world.remove("/emails/provider").status, 204);
  EXPECT_EQ(world.change(R"({"enabled":true})").status, 404);
}

TEST(email_provider, a_secret_is_sealed_and_stays_until_another_is_given) {
  World world;
  world.create(smtp);
  EXPECT_FALSE(world.stored().contains("hidden"));
  EXPECT_TRUE(world.stored().contains("credentials.smtp_pass"));
  EXPECT_EQ(
      world.change(R"({"credentials":{"smtp_host":"mail.test","smtp_port":25,"smtp_user":"v"}})").status, 200)
      << "as tools write back what they could read";
  EXPECT_TRUE(world.stored().contains("credentials.smtp_pass"));
  EXPECT_EQ(
      world.change(R"({"credentials":{"smtp_host":"evil.test","smtp_port":25,"smtp_user":"v"}})").status, 400)
      << "the password was given for another server";
  EXPECT_EQ(world.change(R"({"name":"sendgrid","credentials":{"api_key":"k"}})").status, 200);
  EXPECT_FALSE(world.stored().contains("smtp"));
}

TEST(email_provider, what_does_not_fit_together_is_refused) {
  World world;
  for (
      const char* text :
      {R"({"name":"smtp","credentials":{"smtp_host":"mail.test"}})",
       R"({"name":"smtp","credentials":{"smtp_host":"mail.test","smtp_port":0}})",
       R"({"name":"smtp","credentials":{"smtp_host":"mail.test","smtp_port":25,"smtp_user":"u"}})",
       R"({"name":"smtp","credentials":{"smtp_host":"mail.test","smtp_port":25,"api_key":"k"}})",
       R"({"name":"smtp","credentials":{"smtp_host":"mail.test/x?y","smtp_port":25}})",
       R"({"name":"smtp","credentials":{"smtp_host":"a@b","smtp_port":25}})",
       R"({"name":"sendgrid","credentials":{}})", R"({"name":"sendgrid"})",
       R"({"name":"sendgrid","credentials":{"api_key":"k"},"default_from_address":"a@b, c@d"})",
       R"({"name":"sendgrid","credentials":{"api_key":"k"},"settings":{"message":{"view_content_link":true}}})",
       R"({"name":"sparkpost","credentials":{"api_key":"k","region":"mars"}})",
       R"({"name":"mailgun","credentials":{"api_key":"k","domain":"a/b/c"}})",
       R"({"name":"other","credentials":{}})", R"({"name":"sendgrid","credentials":{"api_key":"k"},"x":1})"})
    EXPECT_EQ(world.create(text).status, 400) << text;
  EXPECT_EQ(world
                .create(R"({"name":"mandrill","credentials":{"api_key":"k"},)"
                        R"("settings":{"message":{"view_content_link":true}}})")
                .status,
            201);
}

TEST(email_provider, one_that_cannot_be_used_is_refused_by_name) {
  World world;
  const auto refused = world.create(
      R"({"name":"ses","credentials":{"accessKeyId":"a","secretAccessKey":"b","region":"eu-west-1"}})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_TRUE(
      refused.text("message").contains("custom, mailgun, mandrill, resend, sendgrid, smtp, sparkpost"));
  EXPECT_EQ(refused.text("errorCode"), "invalid_body");
}

TEST(email_provider, custom_needs_a_deployed_action) {
  World world;
  const auto refused = world.create(R"({"name":"custom","credentials":{}})");
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(refused.text("errorCode"), "custom_email_provider_deployed_action_not_found");
  world.deploy("custom-email-provider");
  EXPECT_EQ(world.create(R"({"name":"custom","credentials":{}})").status, 201);
}

TEST(email_provider, the_action_of_a_provider_is_removed_by_force_only) {
  World world;
  world.deploy("custom-email-provider");
  world.create(R"({"name":"custom","credentials":{}})");
  const auto id = world.get("/actions/actions").body.at("actions").at(0).at("id").as_string();
  const std::string path = "/actions/actions/" + std::string(json::view(id));
  EXPECT_EQ(world.patch(path, body(R"({"supported_triggers":[{"id":"post-login"}]})")).status, 400);
  EXPECT_EQ(world.remove(path).status, 409);
  EXPECT_EQ(world.remove(path + "?force=true").status, 204);
}

}  // namespace
}  // namespace durward::management::emails
