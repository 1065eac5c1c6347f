#include "management/resource_servers/resource_servers.h"

#include <gtest/gtest.h>

#include "management/support/testing/world.h"

namespace durward::management::resource_servers {
namespace {

using testing::World;

json::Value body(std::string_view text) { return *json::parse(text); }

TEST(resource_servers, a_minimal_api_gets_the_defaults_that_were_recorded) {
  World world;
  const auto made = world.post("/resource-servers", body(R"({"identifier":"https://api.example.com/"})"));
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.text("id").size(), 24u);
  EXPECT_EQ(made.text("signing_alg"), "RS256");
  EXPECT_EQ(made["token_lifetime"].to_number<int>(), 86400);
  EXPECT_EQ(made["token_lifetime_for_web"].to_number<int>(), 7200);
  EXPECT_EQ(made["subject_type_authorization"].at("client").at("policy").as_string(), "require_client_grant");
  EXPECT_FALSE(made.has("signing_secret"));
}

TEST(resource_servers, hs256_brings_a_sealed_secret) {
  World world;
  const auto made = world.post("/resource-servers", body(R"({"identifier":"urn:a","signing_alg":"HS256"})"));
  const auto secret = made.text("signing_secret");
  EXPECT_GE(secret.size(), 16u);
  EXPECT_EQ(world.dump().find(secret), std::string::npos);
  const auto other = world.post("/resource-servers", body(R"({"identifier":"urn:b"})"));
  const auto changed =
      world.patch("/resource-servers/" + other.text("id"), body(R"({"signing_alg":"HS256"})"));
  EXPECT_GE(changed.text("signing_secret").size(), 16u);
}

TEST(resource_servers, an_api_is_found_by_id_identifier_and_double_encoding) {
  World world;
  const auto made = world.post("/resource-servers", body(R"({"identifier":"https://api.example.com/"})"));
  for (const std::string& key : {made.text("id"), std::string("https%3A%2F%2Fapi.example.com%2F"),
                                 std::string("https:%252F%252Fapi.example.com%252F")})
    EXPECT_EQ(world.get("/resource-servers/" + key).text("id"), made.text("id")) << key;
  EXPECT_EQ(world.get("/resource-servers/none").text("errorCode"), "inexistent_resource_server");
  EXPECT_EQ(world.get("/resource-servers?identifiers=https://api.example.com/").body.as_array().size(), 1u);
}

TEST(resource_servers, an_identifier_is_taken_once_and_cannot_change) {
  World world;
  const auto made = world.post("/resource-servers", body(R"({"identifier":"urn:a"})"));
  EXPECT_EQ(world.post("/resource-servers", body(R"({"identifier":"urn:a"})")).status, 409);
  EXPECT_EQ(world.patch("/resource-servers/" + made.text("id"), body(R"({"identifier":"urn:b"})")).status,
            400);
}

TEST(resource_servers, malformed_bodies_are_refused) {
  World world;
  for (const char* text :
       {R"({})", R"({"identifier":""})", R"({"identifier":"a","signing_alg":"none"})",
        R"({"identifier":"a","token_lifetime":2592001})",
        R"({"identifier":"a","token_lifetime":60,"token_lifetime_for_web":61})",
        R"({"identifier":"a","scopes":[{"description":"x"}]})",
        R"({"identifier":"a","scopes":[{"value":"x"},{"value":"x"}]})",
        R"({"identifier":"a","signing_secret":"short"})", R"({"identifier":"a","is_system":true,"foo":1})"})
    EXPECT_EQ(world.post("/resource-servers", body(text)).status, 400) << text;
}

TEST(resource_servers, es256_is_accepted) {
  World world;
  EXPECT_EQ(world.post("/resource-servers", body(R"({"identifier":"a","signing_alg":"ES256"})")).status, 201);
}

TEST(resource_servers, the_system_api_cannot_be_deleted_or_renamed) {
  World world;
  const std::string path = "/resource-servers/https%3A%2F%2Facme.test%2Fapi%2Fv2%2F";
  EXPECT_EQ(world.remove(path).status, 400);
  EXPECT_EQ(world.patch(path, body(R"({"name":"x"})")).status, 400);
  EXPECT_EQ(world.patch(path, body(R"({"token_lifetime":3600})")).status, 200);
}

TEST(resource_servers, removal_takes_the_grants_along_and_may_be_repeated) {
  World world;
  const auto id =
      world.post("/resource-servers", body(R"({"identifier":"urn:a","scopes":[{"value":"s"}]})")).text("id");
  const json::Object grant = {
      {"client_id", world.acme.client_id}, {"audience", "urn:a"}, {"scope", json::Array{"s"}}};
  EXPECT_EQ(world.post("/client-grants", grant).status, 201);
  EXPECT_EQ(world.remove("/resource-servers/" + id).status, 204);
  EXPECT_EQ(world.get("/client-grants").body.as_array().size(), 1u);
  EXPECT_EQ(world.remove("/resource-servers/" + id).status, 204);
}

// ---- client grants

TEST(client_grants, a_grant_names_scopes_that_the_api_has) {
  World world;
  world.post("/resource-servers", body(R"({"identifier":"urn:a","scopes":[{"value":"s"},{"value":"t"}]})"));
  json::Object grant = {
      {"client_id", world.acme.client_id}, {"audience", "urn:a"}, {"scope", json::Array{"s"}}};
  const auto made = world.post("/client-grants", grant);
  EXPECT_EQ(made.status, 201);
  EXPECT_TRUE(made.text("id").starts_with("cgr_"));
  EXPECT_EQ(made.text("subject_type"), "client");
  EXPECT_EQ(world.post("/client-grants", grant).status, 409);
  grant["subject_type"] = "user";
  EXPECT_EQ(world.post("/client-grants", grant).status, 201);
  EXPECT_EQ(world.get("/client-grants?audience=urn:a&subject_type=user").body.as_array().size(), 1u);
  const auto path = "/client-grants/" + made.text("id");
  EXPECT_EQ(json::serialize(world.patch(path, body(R"({"scope":["s","t"]})"))["scope"]), R"(["s","t"])");
  EXPECT_EQ(world.patch(path, body(R"({"scope":["u"]})")).status, 200);
  EXPECT_EQ(world.patch(path, body(R"({"audience":"urn:b"})")).status, 400);
  EXPECT_TRUE(world.get(path + "/organizations").body.as_array().empty());
  EXPECT_EQ(world.remove(path).status, 204);
  EXPECT_EQ(world.get(path).text("errorCode"), "inexistent_client_grant");
}

TEST(client_grants, unknown_clients_apis_and_scopes_are_refused) {
  World world;
  world.post("/resource-servers", body(R"({"identifier":"urn:a"})"));
  const auto grant = [&](std::string client, const char* audience, json::Array scope) {
    return world
        .post("/client-grants",
              json::Object{{"client_id", client}, {"audience", audience}, {"scope", std::move(scope)}})
        .status;
  };
  EXPECT_EQ(grant("none", "urn:a", {}), 404);
  EXPECT_EQ(grant(world.other.client_id, "urn:a", {}), 404);
  EXPECT_EQ(grant(world.acme.client_id, "urn:none", {}), 404);
  EXPECT_EQ(grant(world.acme.client_id, "urn:a", {"s"}), 400);
  EXPECT_EQ(grant(world.acme.global_client_id, "urn:a", {}), 400);
  EXPECT_EQ(world.post("/client-grants", body(R"({"audience":"urn:a"})")).status, 400);
}

// ---- roles

TEST(roles, statuses_are_those_of_the_recordings) {
  World world;
  const auto made = world.post("/roles", body(R"({"name":"Admin"})"));
  EXPECT_EQ(made.status, 200);
  EXPECT_TRUE(made.text("id").starts_with("rol_"));
  EXPECT_EQ(made.text("description"), "");
  EXPECT_EQ(world.post("/roles", body(R"({"name":"admin"})")).status, 409);
  const auto path = "/roles/" + made.text("id");
  EXPECT_EQ(world.patch(path, body(R"({"description":"d"})")).text("description"), "d");
  EXPECT_EQ(world.get("/roles?name_filter=ADM").body.as_array().size(), 1u);
  EXPECT_TRUE(world.get("/roles?name_filter=zzz").body.as_array().empty());
  const auto gone = world.remove(path);
  EXPECT_EQ(gone.status, 200);
  EXPECT_EQ(json::serialize(gone.body), "{}");
  EXPECT_EQ(world.remove(path).text("message"), "The role does not exist.");
}

TEST(roles, permissions_must_exist_in_an_api) {
  World world;
  world.post("/resource-servers", body(R"({"identifier":"urn:a","scopes":[{"value":"s"}]})"));
  const auto path = "/roles/" + world.post("/roles", body(R"({"name":"Admin"})")).text("id") + "/permissions";
  const auto permission = [](const char* api, const char* name) {
    return body(R"({"permissions":[{"resource_server_identifier":")" + std::string(api) +
                R"(","permission_name":")" + name + "\"}]}");
  };
  EXPECT_EQ(world.post(path, permission("urn:a", "s")).status, 201);
  EXPECT_EQ(world.post(path, permission("urn:a", "t")).status, 400);
  EXPECT_EQ(world.post(path, permission("urn:b", "s")).status, 404);
  EXPECT_EQ(world.post(path, body(R"({"permissions":[]})")).status, 400);
  EXPECT_EQ(world.remove(path, permission("urn:a", "s")).status, 204);
}

TEST(roles, unknown_users_are_refused) {
  World world;
  const auto path = "/roles/" + world.post("/roles", body(R"({"name":"Admin"})")).text("id") + "/users";
  EXPECT_EQ(world.post(path, body(R"({"users":["auth0|none"]})")).status, 404);
  EXPECT_EQ(world.post(path, body(R"({"users":[]})")).status, 400);
}

}  // namespace
}  // namespace durward::management::resource_servers
