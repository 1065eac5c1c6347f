#include "management/hooks/hooks.h"

#include <gtest/gtest.h>

#include "management/support/testing/scripts.h"

namespace durward::management::hooks {
namespace {

using testing::Answer;

json::Value body(std::string_view text) { return *json::parse(text); }

struct World : testing::World {
  World() { testing::play_builds(*this); }
  Answer create(const char* name, bool enabled = false, json::Object more = {}) {
    json::Object hook{{"name", name},
                      {"script", "module.exports = function (client, scope, audience, context, cb) {}"},
                      {"triggerId", "credentials-exchange"},
                      {"enabled", enabled}};
    for (const auto& member : more) hook[member.key()] = member.value();
    return post("/hooks", hook);
  }
};

TEST(hooks, a_hook_has_the_id_of_a_ulid_and_is_off) {
  World world;
  const auto made =
      world.post("/hooks", body(R"({"name":"a","script":"f","triggerId":"send-phone-message"})"));
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.text("id").size(), 26u);
  EXPECT_FALSE(made["enabled"].as_bool());
  EXPECT_EQ(json::serialize(made["dependencies"]), "{}");
  EXPECT_FALSE(made.has("secrets"));
}

TEST(hooks, one_is_enabled_a_trigger) {
  World world;
  EXPECT_EQ(world.create("a", true).status, 201);
  EXPECT_EQ(world.create("b", true).status, 409);
  const auto second = world.create("b").text("id");
  EXPECT_EQ(world.patch("/hooks/" + second, body(R"({"enabled":true})")).status, 409);
  EXPECT_EQ(world.get("/hooks?enabled=true").body.as_array().size(), 1u);
  EXPECT_EQ(world.get("/hooks?triggerId=credentials-exchange").body.as_array().size(), 2u);
  EXPECT_TRUE(world.get("/hooks?triggerId=post-change-password").body.as_array().empty());
}

TEST(hooks, malformed_hooks_are_refused) {
  World world;
  for (const char* text :
       {R"({"name":"a","script":"f"})", R"({"name":"a","script":"f","triggerId":"post-login"})",
        R"({"name":"a","script":"BROKEN","triggerId":"credentials-exchange"})",
        R"({"name":"a","script":"f","triggerId":"credentials-exchange","dependencies":{"x":1}})"})
    EXPECT_EQ(world.post("/hooks", body(text)).status, 400) << text;
  const auto id = world.create("a").text("id");
  EXPECT_EQ(world.patch("/hooks/" + id, body(R"({"triggerId":"send-phone-message"})")).status, 400);
}

TEST(hooks, modules_are_kept_while_somebody_uses_them) {
  World world;
  const auto id = world.create("a", false, {{"dependencies", {{"ms", "2.1.3"}}}}).text("id");
  EXPECT_EQ(world.count(ports::Collection::script_modules), 1u);
  world.patch("/hooks/" + id, body(R"({"dependencies":{}})"));
  EXPECT_EQ(world.count(ports::Collection::script_modules), 0u);
  world.patch("/hooks/" + id, body(R"({"dependencies":{"ms":"2.1.3"}})"));
  EXPECT_EQ(world.count(ports::Collection::script_modules), 1u);
  EXPECT_EQ(world.remove("/hooks/" + id).status, 204);
  EXPECT_EQ(world.count(ports::Collection::script_modules), 0u);
}

TEST(hooks, secrets_are_added_changed_removed_and_not_shown) {
  World world;
  const auto path = "/hooks/" + world.create("a").text("id") + "/secrets";
  EXPECT_EQ(world.post(path, body(R"({"A":"hunter2","B":"hunter3"})")).status, 201);
  EXPECT_EQ(json::serialize(world.get(path).body), R"({"A":"_VALUE_NOT_SHOWN_","B":"_VALUE_NOT_SHOWN_"})");
  EXPECT_EQ(world.post(path, body(R"({"A":"again"})")).status, 409);
  EXPECT_EQ(world.patch(path, body(R"({"A":"hunter4"})")).status, 201);
  EXPECT_EQ(world.patch(path, body(R"({"C":"hunter5"})")).status, 404);
  EXPECT_EQ(world.remove(path, body(R"(["B"])")).status, 204);
  EXPECT_EQ(json::serialize(world.get(path).body), R"({"A":"_VALUE_NOT_SHOWN_"})");
  EXPECT_EQ(world.dump().find("hunter"), std::string::npos);
  EXPECT_EQ(world.last_log().type, "sapi");
}

TEST(hooks, malformed_secrets_are_refused) {
  World world;
  const auto path = "/hooks/" + world.create("a").text("id") + "/secrets";
  json::Object many;
  for (int i = 0; i < 21; ++i) many["S" + std::to_string(i)] = "v";
  const json::Value cases[] = {many, body("{}"), body(R"({"A":1})"), body(R"({"":"v"})"),
                               json::Object{{"A", std::string(4097, 'x')}}};
  for (const auto& refused : cases) EXPECT_EQ(world.post(path, refused).status, 400);
  EXPECT_EQ(world.remove(path, body("[]")).status, 400);
  EXPECT_EQ(world.post("/hooks/gone/secrets", body(R"({"A":"v"})")).status, 404);
}

}  // namespace
}  // namespace durward::management::hooks
