#include "extensions/events.h"

#include <gtest/gtest.h>

#include "extensions/testing/script_world.h"

namespace durward::extensions {
namespace {

http::Request form_post(std::string body) {
  http::Request request;
  request.method = http::Method::post;
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.headers.set("Accept-Language", "de");
  request.query = "state=sealed&ui=1";
  request.body = std::move(body);
  return request;
}

TEST(Events, no_secret_of_a_form_is_shown_to_a_script) {
  const auto facts = facts_of(form_post(
      "username=ada&password=p&client_secret=p&refresh_token=p&code=p&code_verifier=p&otp=p&"
      "client_assertion=p&assertion=p&subject_token=p&actor_token=p&new_password=p&binding_code=p"));
  EXPECT_EQ(facts.body, (json::Object{{"username", "ada"}}));
  EXPECT_EQ(facts.query, (json::Object{{"ui", "1"}}));
  EXPECT_EQ(facts.language, "de");
  EXPECT_EQ(facts.method, "POST");
}

TEST(Events, no_password_of_our_pages_is_shown_to_a_script) {
  EXPECT_TRUE(facts_of(form_post("password-reset=p&re-enter-password=p&ticket=t")).body.empty());
}

TEST(Events, a_body_that_is_no_form_is_not_read) {
  auto request = form_post("a=b");
  request.headers.set("Content-Type", "application/json");
  EXPECT_TRUE(facts_of(request).body.empty());
}

TEST(Events, a_user_is_shown_without_what_is_not_theirs_to_see) {
  testing::World world;
  auto& user = world.add_user("1", "ada@example.com");
  user.profile["blocked"] = true;
  user.last_ip = "192.0.2.1";
  const auto event = user_event(user);
  for (const auto name : {"blocked", "last_ip", "last_login", "logins_count"})
    EXPECT_FALSE(event.contains(name)) << name;
  EXPECT_TRUE(event.at("user_metadata").as_object().empty());
  EXPECT_TRUE(event.at("app_metadata").as_object().empty());
}

TEST(Events, a_session_is_shown_without_its_secret) {
  domain::Session session{
      .id = 1, .public_part = std::string(16, 'p'), .secret_sha256 = "hash", .amr = {"pwd"}};
  EXPECT_FALSE(json::serialize(session_event(session)).contains("hash"));
  EXPECT_EQ(json::string_or(authentication_event(session).at("methods").at(0).as_object(), "name"), "pwd");
}

}  // namespace
}  // namespace durward::extensions
