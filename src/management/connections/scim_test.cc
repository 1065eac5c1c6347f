#include "management/connections/scim.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "management/support/testing/world.h"

namespace durward::management::connection {
namespace {

using testing::World;

json::Value body(std::string_view text) { return *json::parse(text); }

std::string connection(World& world, std::string strategy = "okta") {
  return "/connections/" +
         world.post("/connections", json::Object{{"name", "c-" + strategy}, {"strategy", strategy}})
             .text("id");
}

constexpr auto scim = ports::Collection::scim_configurations;

TEST(scim, a_configuration_has_defaults_and_can_be_replaced) {
  World world;
  const auto path = connection(world) + "/scim-configuration";
  const auto made = world.post(path);
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.text("user_id_attribute"), "externalId");
  EXPECT_EQ(made.text("connection_name"), "c-okta");
  EXPECT_EQ(made.text("tenant_name"), "acme");
  EXPECT_EQ(made["mapping"].at(0).at("auth0").as_string(), "preferred_username");
  EXPECT_EQ(json::serialize(world.get(path + "/default-mapping")["mapping"]),
            json::serialize(made["mapping"]));
  const auto changed = world.patch(
      path, body(R"({"user_id_attribute":"userName","mapping":[{"auth0":"username","scim":"userName"}]})"));
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(json::serialize(world.get(path)["mapping"]), R"([{"auth0":"username","scim":"userName"}])");
  EXPECT_EQ(world.get("/connections-scim-configurations")["scim_configurations"].as_array().size(), 1u);
}

TEST(scim, a_second_configuration_a_half_patch_and_malformed_bodies_are_refused) {
  World world;
  const auto path = connection(world) + "/scim-configuration";
  EXPECT_EQ(world.post(path, body("{}")).status, 201);
  EXPECT_EQ(world.post(path, body("{}")).status, 409);
  EXPECT_EQ(world.patch(path, body(R"({"user_id_attribute":"userName"})")).status, 400);
  EXPECT_EQ(world.patch(path, body(R"({"mapping":[]})")).status, 400);
  for (const char* text :
       {R"({"foo":1})", R"({"mapping":[{"scim":"userName"}]})", R"({"mapping":"x"})", "[]"})
    EXPECT_EQ(world.post(path, body(text)).status, 400) << text;
}

TEST(scim, strategies_that_cannot_be_provisioned_have_none) {
  World world;
  for (const char* strategy : {"auth0", "github"}) {
    const auto path = connection(world, strategy) + "/scim-configuration";
    EXPECT_EQ(world.post(path, body("{}")).status, 404) << strategy;
    EXPECT_EQ(world.get(path + "/default-mapping").status, 404) << strategy;
  }
}

TEST(scim, removal_is_204_also_when_there_is_none_but_not_without_its_connection) {
  World world;
  const auto path = connection(world) + "/scim-configuration";
  world.post(path);
  EXPECT_EQ(world.remove(path).status, 204);
  EXPECT_EQ(world.get(path).text("message"), "Not Found");
  EXPECT_EQ(world.remove(path).status, 204);
  EXPECT_EQ(world.remove("/connections/con_doesnotexist0001/scim-configuration").status, 404);
}

TEST(scim, a_token_is_shown_once_and_stored_as_its_hash) {
  World world;
  const auto path = connection(world) + "/scim-configuration";
  EXPECT_EQ(world.post(path + "/tokens", body("{}")).status, 404);
  world.post(path);
  const auto made = world.post(path + "/tokens", body(R"({"scopes":["get:users"],"token_lifetime":900})"));
  EXPECT_EQ(made.status, 201);
  EXPECT_TRUE(made.text("token_id").starts_with("tok_"));
  EXPECT_TRUE(made.has("valid_until"));
  EXPECT_EQ(world.dump().find(made.text("token")), std::string::npos);
  EXPECT_TRUE(
      run_sync(world.store.find_by({1}, scim, "token", to_hex(crypto::sha256(made.text("token"))))).value());
  const auto listed = world.get(path + "/tokens");
  EXPECT_EQ(json::serialize(listed.body.at(0).at("scopes")), R"(["get:users"])");
  EXPECT_FALSE(listed.body.at(0).as_object().contains("token"));
  EXPECT_FALSE(listed.body.at(0).as_object().contains("hash"));
}

TEST(scim, two_tokens_are_active_at_most) {
  World world;
  const auto path = connection(world) + "/scim-configuration";
  world.post(path);
  const auto tokens = path + "/tokens";
  EXPECT_EQ(world.post(tokens, body(R"({"token_lifetime":900})")).status, 201);
  EXPECT_EQ(world.post(tokens, body("{}")).status, 201);
  EXPECT_EQ(world.post(tokens, body("{}")).status, 409);
  world.base.clock.advance(Seconds(901));
  const auto third = world.post(tokens, body("{}"));
  EXPECT_EQ(third.status, 201);
  EXPECT_EQ(world.remove(tokens + "/" + third.text("token_id")).status, 204);
  EXPECT_EQ(world.remove(tokens + "/" + third.text("token_id")).status, 404);
  EXPECT_EQ(world.get(tokens).body.as_array().size(), 1u);
}

TEST(scim, token_requests_that_do_not_fit_are_refused) {
  World world;
  const auto path = connection(world) + "/scim-configuration";
  world.post(path);
  for (const char* text : {R"({"scopes":[]})", R"({"scopes":["read:users"]})", R"({"token_lifetime":899})"})
    EXPECT_EQ(world.post(path + "/tokens", body(text)).status, 400) << text;
}

TEST(scim, a_configuration_goes_with_its_connection_and_is_its_tenants_own) {
  World world;
  const auto path = connection(world);
  world.post(path + "/scim-configuration");
  EXPECT_EQ(
      world.call(http::Method::get, path + "/scim-configuration", nullptr, {"read:scim_config"}, 2).status,
      404);
  EXPECT_EQ(world.count(scim), 1u);
  world.remove(path);
  EXPECT_EQ(world.count(scim), 0u);
}

}  // namespace
}  // namespace durward::management::connection
