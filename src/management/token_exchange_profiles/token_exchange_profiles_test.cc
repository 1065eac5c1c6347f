#include "management/token_exchange_profiles/token_exchange_profiles.h"

#include <gtest/gtest.h>

#include "management/support/testing/scripts.h"

namespace durward::management::token_exchange_profiles {
namespace {

using ports::Collection;
using testing::Answer;

struct World : testing::World {
  World() { testing::play_builds(*this); }
  std::string action(const std::string& name, const std::string& trigger = "custom-token-exchange",
                     bool deploy = true) {
    return post("/actions/actions", json::Object{{"name", name},
                                                 {"supported_triggers", {{{"id", trigger}}}},
                                                 {"code", "exports.f = async () => {};"},
                                                 {"deploy", deploy}})
        .text("id");
  }
  Answer create(const std::string& type, const std::string& action_id, json::Object more = {}) {
    json::Object body{{"name", "Partners"},
                      {"subject_token_type", type},
                      {"action_id", action_id},
                      {"type", "custom_authentication"}};
    for (const auto& member : more) body[member.key()] = member.value();
    return post("/token-exchange-profiles", body);
  }
};

TEST(token_exchange_profiles, go_from_creation_to_removal) {
  World world;
  const auto made = world.create("urn:partner:token", world.action("judge"));
  ASSERT_EQ(made.status, 201);
  EXPECT_TRUE(made.text("id").starts_with("tep_"));
  EXPECT_EQ(made.text("id").size(), 20u);
  EXPECT_EQ(made.text("type"), "custom_authentication");
  EXPECT_EQ(made.text("created_at"), made.text("updated_at"));
  const std::string one = "/token-exchange-profiles/" + made.text("id");
  EXPECT_EQ(world.get(one).text("subject_token_type"), "urn:partner:token");
  const auto changed = world.patch(
      one, json::Object{{"name", "Renamed"}, {"subject_token_type", "https://partner.example/token"}});
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(world.get(one).text("name"), "Renamed");
  EXPECT_EQ(world.remove(one).status, 204);
  EXPECT_EQ(world.get(one).status, 404);
  EXPECT_FALSE(world.get(one).has("errorCode"));
  EXPECT_EQ(world.patch(one, json::Object{{"name", "Nobody"}}).status, 404);
}

TEST(token_exchange_profiles, are_listed_by_checkpoints) {
  World world;
  const auto action = world.action("judge");
  for (const auto type : {"urn:partner:one", "urn:partner:two", "urn:partner:three"})
    world.create(type, action);
  EXPECT_EQ(world.get("/token-exchange-profiles")["token_exchange_profiles"].as_array().size(), 3u);
  const auto first = world.get("/token-exchange-profiles?take=2");
  EXPECT_EQ(first["token_exchange_profiles"].as_array().size(), 2u);
  const auto rest = world.get("/token-exchange-profiles?take=2&from=" + percent_encode(first.text("next")));
  EXPECT_EQ(rest["token_exchange_profiles"].as_array().size(), 1u);
  EXPECT_FALSE(rest.has("next"));
}

TEST(token_exchange_profiles, one_profile_a_type) {
  World world;
  const auto action = world.action("judge");
  const auto other = world.create("urn:partner:other", action).text("id");
  EXPECT_EQ(world.create("urn:partner:token", action).status, 201);
  EXPECT_EQ(world.create("urn:partner:token", action).status, 409);
  EXPECT_EQ(world
                .patch("/token-exchange-profiles/" + other,
                       json::Object{{"subject_token_type", "urn:partner:token"}})
                .status,
            409);
}

TEST(token_exchange_profiles, types_of_others_are_reserved) {
  World world;
  const auto action = world.action("judge");
  for (const auto type : {"http://auth0.com/x", "https://auth0.com", "HTTPS://Auth0.com/token",
                          "https://auth0.com:8443/x", "http://okta.com/x", "https://okta.com?x",
                          "urn:ietf:params:oauth:token-type:jwt", "urn:auth0:x", "URN:okta:x"}) {
    const auto refused = world.create(type, action);
    EXPECT_EQ(refused.status, 400) << type;
    EXPECT_EQ(refused.text("errorCode"), "invalid_body") << type;
    EXPECT_TRUE(refused.text("message").contains("reserved")) << refused.text("message");
  }
  const auto mine = world.create("https://auth0.company.example/token", action);
  EXPECT_EQ(mine.status, 201);
  EXPECT_EQ(world
                .patch("/token-exchange-profiles/" + mine.text("id"),
                       json::Object{{"subject_token_type", "urn:ietf:mine"}})
                .status,
            400);
}

TEST(token_exchange_profiles, malformed_ones_are_refused) {
  World world;
  const auto action = world.action("judge");
  const json::Object cases[] = {{{"name", "ab"}},
                                {{"name", std::string(51, 'x')}},
                                {{"subject_token_type", "no uri at all"}},
                                {{"subject_token_type", "urn:a:b"}},
                                {{"subject_token_type", "urn:" + std::string(100, 'x')}},
                                {{"type", "on_behalf_of_token_exchange"}},
                                {{"unknown", 1}}};
  for (const auto& more : cases)
    EXPECT_EQ(world.create("urn:partner:token", action, more).text("errorCode"), "invalid_body")
        << json::serialize(more);
  EXPECT_EQ(world.post("/token-exchange-profiles", json::Object{{"name", "Partners"}}).status, 400);
  const auto made = world.create("urn:partner:token", action).text("id");
  for (const auto& fixed :
       {json::Object{{"action_id", action}}, json::Object{{"type", "custom_authentication"}}})
    EXPECT_EQ(world.patch("/token-exchange-profiles/" + made, fixed).status, 400);
}

TEST(token_exchange_profiles, name_a_deployed_action_of_the_trigger) {
  World world;
  const auto message = [&](const std::string& id) {
    return world.create("urn:partner:token", id).text("message");
  };
  EXPECT_EQ(message("none"), "There is no action with the action_id 'none'.");
  EXPECT_EQ(message(world.action("login", "post-login")),
            "The action is not written for the trigger 'custom-token-exchange'.");
  EXPECT_EQ(message(world.action("draft", "custom-token-exchange", false)),
            "The action has to be deployed before a profile can name it.");
}

TEST(token_exchange_profiles, keep_their_action_and_go_with_it_by_force) {
  World world;
  const auto action = world.action("judge");
  const std::string path = "/actions/actions/" + action;
  const auto made = world.create("urn:partner:token", action).text("id");
  EXPECT_EQ(world.remove(path).status, 409);
  const json::Object moved{{"supported_triggers", {{{"id", "post-login"}}}}};
  EXPECT_EQ(world.patch(path, moved).text("message"), "The action is named by a token exchange profile.");
  EXPECT_EQ(world.patch(path, json::Object{{"name", "renamed"}}).status, 200);
  EXPECT_EQ(world.remove(path + "?force=true").status, 204);
  EXPECT_EQ(world.get("/token-exchange-profiles/" + made).status, 404);
}

TEST(token_exchange_profiles, another_tenants_look_like_missing_ones) {
  World world;
  const auto action = world.action("judge");
  const auto made = world.create("urn:partner:token", action).text("id");
  const auto elsewhere = [&](http::Method method, std::string path, json::Value body = nullptr) {
    return world.call(method, std::move(path), std::move(body), {"*"}, 2);
  };
  const std::string one = "/token-exchange-profiles/" + made;
  EXPECT_EQ(elsewhere(http::Method::get, one).status, 404);
  EXPECT_EQ(elsewhere(http::Method::patch, one, json::Object{{"name", "theirs"}}).status, 404);
  const auto refused = elsewhere(http::Method::post, "/token-exchange-profiles",
                                 json::Object{{"name", "Theirs"},
                                              {"subject_token_type", "urn:partner:token"},
                                              {"action_id", action},
                                              {"type", "custom_authentication"}});
  EXPECT_EQ(refused.text("message"), "There is no action with the action_id '" + action + "'.");
}

TEST(token_exchange_profiles, an_action_is_free_again_after_its_profile) {
  World world;
  const auto action = world.action("judge");
  world.remove("/token-exchange-profiles/" + world.create("urn:partner:token", action).text("id"));
  EXPECT_EQ(world.remove("/actions/actions/" + action).status, 204);
}

}  // namespace
}  // namespace durward::management::token_exchange_profiles
