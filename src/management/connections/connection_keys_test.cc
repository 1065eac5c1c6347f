#include "management/connections/connection_keys.h"

#include <gtest/gtest.h>

#include "management/support/testing/world.h"

namespace durward::management::connection {
namespace {

using testing::Answer;
using testing::World;

json::Value body(std::string_view text) { return *json::parse(text); }

// ES256, since generating RSA keys would dominate the tests.
constexpr std::string_view private_key_jwt =
    R"({"token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_signing_alg":"ES256"})";

Answer make(World& world, std::string_view strategy, std::string_view options) {
  return world.post("/connections",
                    json::Object{{"name", "idp"}, {"strategy", strategy}, {"options", body(options)}});
}
std::string path_of(const Answer& connection) { return "/connections/" + connection.text("id"); }

TEST(connection_keys, a_connection_that_signs_has_a_current_and_a_next_key_at_once) {
  World world;
  const auto keys = world.get(path_of(make(world, "oidc", private_key_jwt)) + "/keys");
  ASSERT_EQ(keys.status, 200);
  ASSERT_EQ(keys.body.as_array().size(), 2u);
  EXPECT_TRUE(keys.body.at(0).at("current").as_bool());
  EXPECT_TRUE(keys.body.at(1).at("next").as_bool());
  EXPECT_EQ(keys.body.at(0).at("algorithm").as_string(), "ES256");
  EXPECT_EQ(json::serialize(keys.body).find("PRIVATE"), std::string::npos);
  EXPECT_EQ(world.dump().find("PRIVATE"), std::string::npos);
}

TEST(connection_keys, changing_to_private_key_jwt_makes_keys_once) {
  World world;
  const auto path = path_of(make(world, "okta", "{}"));
  EXPECT_EQ(world.get(path + "/keys").status, 404);
  const json::Object patch{{"options", body(private_key_jwt)}};
  EXPECT_EQ(world.patch(path, patch).status, 200);
  const auto first = json::serialize(world.get(path + "/keys").body);
  EXPECT_EQ(world.patch(path, patch).status, 200);
  EXPECT_EQ(json::serialize(world.get(path + "/keys").body), first);
}

TEST(connection_keys, rotation_promotes_the_next_key_and_keeps_one_previous) {
  World world;
  const auto path = path_of(make(world, "oidc", private_key_jwt)) + "/keys";
  const auto before = world.get(path);
  const auto made = world.post(path + "/rotate");
  EXPECT_EQ(made.status, 201);
  EXPECT_TRUE(made["next"].as_bool());
  const auto after = world.get(path);
  ASSERT_EQ(after.body.as_array().size(), 3u);
  EXPECT_EQ(after.body.at(0).at("kid"), before.body.at(1).at("kid"));
  EXPECT_EQ(after.body.at(1).at("kid"), made["kid"]);
  EXPECT_TRUE(after.body.at(2).at("previous").as_bool());
  world.post(path + "/rotate");
  EXPECT_EQ(world.get(path).body.as_array().size(), 3u);
}

TEST(connection_keys, keys_can_be_made_ahead_of_their_use_once) {
  World world;
  const auto path = path_of(make(world, "okta", "{}")) + "/keys";
  EXPECT_EQ(world.post(path + "/rotate").status, 404);
  const auto made = world.post(path, body(R"({"signing_alg":"ES256"})"));
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.body.as_array().size(), 2u);
  EXPECT_EQ(world.post(path, body(R"({"signing_alg":"ES256"})")).status, 409);
}

TEST(connection_keys, other_strategies_and_algorithms_are_refused) {
  World world;
  const auto social = path_of(make(world, "github", "{}")) + "/keys";
  EXPECT_EQ(world.get(social).text("errorCode"), "operation_not_supported");
  EXPECT_EQ(world.post(social).status, 400);
  EXPECT_EQ(world.post(social + "/rotate").status, 400);
  EXPECT_EQ(
      make(world, "oidc",
           R"({"token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_signing_alg":"HS256"})")
          .status,
      400);
  const auto path =
      "/connections/" + world.post("/connections", body(R"({"name":"o","strategy":"okta"})")).text("id");
  EXPECT_EQ(world.post(path + "/keys", body(R"({"signing_alg":"none"})")).status, 400);
}

TEST(connection_keys, keys_go_with_their_connection) {
  World world;
  const auto path = path_of(make(world, "oidc", private_key_jwt));
  EXPECT_EQ(world.count(ports::Collection::connection_keys), 2u);
  EXPECT_EQ(world.remove(path).status, 202);
  EXPECT_EQ(world.count(ports::Collection::connection_keys), 0u);
}

}  // namespace
}  // namespace durward::management::connection
