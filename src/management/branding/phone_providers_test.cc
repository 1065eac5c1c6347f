#include "management/branding/phone_providers.h"

#include <gtest/gtest.h>

#include "management/support/testing/scripts.h"
#include "ports/notifications.h"

namespace durward::management::phone_providers {
namespace {

using testing::Answer;

json::Value body(std::string_view text) { return *json::parse(text); }
const std::string root = "/branding/phone/providers";

struct World : testing::World {
  World() { testing::play_builds(*this); }
  Answer create(std::string_view text) { return post(root, body(text)); }
};

constexpr std::string_view twilio =
    R"({"name":"twilio","configuration":{"sid":"AC1","default_from":"+15550100","delivery_methods":["text"]},)"
    R"("credentials":{"auth_token":"hidden"}})";

TEST(phone_providers, one_is_created_listed_changed_and_removed) {
  World world;
  const auto made = world.create(twilio);
  EXPECT_EQ(made.status, 201);
  const auto id = made.text("id");
  EXPECT_TRUE(id.starts_with("pro_"));
  EXPECT_EQ(id.size(), 26u);
  EXPECT_EQ(made.text("tenant"), "acme");
  EXPECT_EQ(made.text("channel"), "phone");
  EXPECT_FALSE(made["disabled"].as_bool());
  EXPECT_FALSE(made.has("credentials"));
  EXPECT_FALSE(json::serialize(made.body).contains("hidden"));
  EXPECT_EQ(world.create(twilio).status, 409) << "a tenant has one";
  EXPECT_EQ(world.get(root)["providers"].as_array().size(), 1u);
  EXPECT_EQ(world.get(root + "?disabled=true")["providers"].as_array().size(), 0u);
  EXPECT_TRUE(world.patch(root + "/" + id, body(R"({"disabled":true})"))["disabled"].as_bool());
  EXPECT_EQ(world.get(root + "?disabled=true")["providers"].as_array().size(), 1u);
  EXPECT_EQ(world.get(root + "/" + id).text("name"), "twilio");
  EXPECT_EQ(world.call(http::Method::get, root + "/" + id, nullptr, {"*"}, 2).status, 404)
      << "of another tenant";
  EXPECT_FALSE(world.dump().contains("hidden"));
  EXPECT_EQ(world.remove(root + "/" + id).status, 204);
  EXPECT_EQ(world.get(root + "/" + id).status, 404);
  EXPECT_EQ(world.patch(root + "/" + id, body(R"({"disabled":true})")).status, 404);
  EXPECT_EQ(world.post(root + "/" + id + "/try", body(R"({"to":"+15550101"})")).status, 404);
}

TEST(phone_providers, twilio_needs_what_it_cannot_be_asked_without) {
  World world;
  for (
      const char* text :
      {R"({"name":"twilio","credentials":{"auth_token":"t"}})",
       R"({"name":"twilio","configuration":{"sid":"AC1"},"credentials":{"auth_token":"t"}})",
       R"({"name":"twilio","configuration":{"sid":"AC1","default_from":"+1"},"credentials":{}})",
       R"({"name":"twilio","configuration":{"sid":"AC1","default_from":"+1"}})",
       R"({"name":"twilio","configuration":{"sid":"AC1","mssid":"MG","delivery_methods":["voice"]},"credentials":{"auth_token":"t"}})",
       R"({"name":"twilio","configuration":{"sid":"AC1","default_from":"+1","delivery_methods":[]},"credentials":{"auth_token":"t"}})",
       R"({"name":"other","credentials":{}})"})
    EXPECT_EQ(world.create(text).status, 400) << text;
  const auto path = root + "/" + world.create(twilio).text("id");
  EXPECT_EQ(world.patch(path, body(R"({"configuration":{"sid":"AC1","default_from":"+2"}})")).status, 200);
  EXPECT_EQ(world.patch(path, body(R"({"configuration":{"sid":"AC2","default_from":"+2"}})")).status, 400)
      << "the token is of another account";
}

TEST(phone_providers, custom_needs_a_deployed_action) {
  World world;
  EXPECT_EQ(world.create(R"({"name":"custom","credentials":{}})").status, 404);
  world.post("/actions/actions", body(R"({"name":"phones","deploy":true,"code":"x",)"
                                      R"("supported_triggers":[{"id":"custom-phone-provider"}]})"));
  for (const char* text : {R"({"name":"custom","credentials":{"auth_token":"t"}})",
                           R"({"name":"custom","credentials":{},"configuration":{"sid":"AC1"}})"})
    EXPECT_EQ(world.create(text).status, 400) << text;
  const auto switched = root + "/" + world.create(twilio).text("id");
  EXPECT_EQ(world.patch(switched, body(R"({"name":"custom"})")).status, 200) << "without what was Twilio's";
  EXPECT_EQ(world.patch(switched, body(R"({"name":"twilio"})")).status, 400);
  world.remove(switched);
  const auto made = world.create(R"({"name":"custom","credentials":{}})");
  EXPECT_EQ(made.status, 201);
}

TEST(phone_providers, trying_one_owes_a_message) {
  World world;
  const auto path = root + "/" + world.create(twilio).text("id") + "/try";
  const auto tried = world.post(path, body(R"({"to":"+15550101"})"));
  EXPECT_EQ(tried.status, 202);
  EXPECT_EQ(tried["code"].as_int64(), 202);
  const auto& job = world.base.state.jobs.at(0);
  EXPECT_EQ(job.kind, "phone");
  const auto message =
      ports::phone_message_of({.id = job.id, .tenant = {1}, .kind = job.kind, .payload = job.payload});
  EXPECT_EQ(message.recipient, "+15550101");
  EXPECT_EQ(message.delivery_method, "text");
  EXPECT_TRUE(message.is_trial);
  EXPECT_TRUE(message.as_text.contains(message.code));
  for (const char* text :
       {R"({})", R"({"to":"15550101"})", R"({"to":"+1555010123456789"})",
        R"({"to":"+15550101","delivery_method":"voice"})", R"({"to":"+15550101","delivery_method":"fax"})"})
    EXPECT_EQ(world.post(path, body(text)).status, 400) << text;
  EXPECT_EQ(world.base.state.jobs.size(), 1u);
}

}  // namespace
}  // namespace durward::management::phone_providers
