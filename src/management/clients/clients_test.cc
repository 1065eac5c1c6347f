#include "management/clients/clients.h"

#include <gtest/gtest.h>

#include "management/support/testing/world.h"

namespace durward::management::clients {
namespace {

using testing::Answer;
using testing::World;

json::Value body(std::string_view text) { return *json::parse(text); }

TEST(clients, a_minimal_client_gets_the_defaults_that_were_recorded) {
  World world;
  const auto made = world.post("/clients", body(R"({"name":"App"})"));
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.text("client_id").size(), 32u);
  EXPECT_EQ(made.text("client_secret").size(), 64u);
  EXPECT_TRUE(made["is_first_party"].as_bool());
  EXPECT_FALSE(made["oidc_conformant"].as_bool());
  EXPECT_EQ(json::serialize(made["jwt_configuration"]),
            R"({"secret_encoded":false,"lifetime_in_seconds":36000})");
  EXPECT_EQ(json::serialize(made["grant_types"]),
            R"(["authorization_code","implicit","refresh_token","client_credentials"])");
  EXPECT_EQ(made["refresh_token"].at("rotation_type").as_string(), "non-rotating");
  EXPECT_EQ(made["refresh_token"].at("idle_token_lifetime").to_number<int>(), 1296000);
  for (const char* absent :
       {"app_type", "callbacks", "token_endpoint_auth_method", "_sealed", "_credentials"})
    EXPECT_FALSE(made.has(absent)) << absent;
  EXPECT_FALSE(made["jwt_configuration"].as_object().contains("alg"));
  EXPECT_TRUE(made["signing_keys"].at(0).as_object().contains("pkcs7"));
}

TEST(clients, a_public_application_gets_no_client_credentials) {
  World world;
  const auto made = world.post("/clients", body(R"({"name":"App","app_type":"spa"})"));
  EXPECT_EQ(json::serialize(made["grant_types"]), R"(["implicit","authorization_code","refresh_token"])");
  EXPECT_EQ(made.text("token_endpoint_auth_method"), "none");
}

TEST(clients, the_secret_is_sealed_and_shown_to_those_who_may_see_keys) {
  World world;
  const auto made = world.post("/clients", body(R"({"name":"App"})"));
  const auto id = made.text("client_id"), secret = made.text("client_secret");
  EXPECT_EQ(world.dump().find(secret), std::string::npos);
  const auto with =
      world.call(http::Method::get, "/clients/" + id, nullptr, {"read:clients", "read:client_keys"});
  const auto without = world.call(http::Method::get, "/clients/" + id, nullptr, {"read:clients"});
  EXPECT_EQ(with.text("client_secret"), secret);
  EXPECT_FALSE(without.has("client_secret"));
  EXPECT_FALSE(without.has("signing_keys"));
}

TEST(clients, a_summary_is_all_that_its_scope_gives) {
  World world;
  const auto seen =
      world.call(http::Method::get, "/clients/" + world.acme.client_id, nullptr, {"read:client_summary"});
  EXPECT_EQ(seen.status, 200);
  EXPECT_FALSE(seen.has("grant_types"));
}

TEST(clients, rotation_ends_the_old_secret) {
  World world;
  const auto made = world.post("/clients", body(R"({"name":"App"})"));
  const auto rotated = world.post("/clients/" + made.text("client_id") + "/rotate-secret");
  EXPECT_EQ(rotated.status, 200);
  EXPECT_EQ(rotated.text("client_secret").size(), 64u);
  EXPECT_NE(rotated.text("client_secret"), made.text("client_secret"));
}

TEST(clients, changing_the_secret_needs_the_scope_for_keys) {
  World world;
  const auto id = world.post("/clients", body(R"({"name":"App"})")).text("client_id");
  const auto path = "/clients/" + id;
  const auto secret = body(R"({"client_secret":"correct-horse-battery-staple"})");
  EXPECT_EQ(world.call(http::Method::patch, path, secret, {"update:clients"}).status, 403);
  EXPECT_EQ(world.call(http::Method::patch, path, secret, {"update:client_keys"}).text("client_secret"),
            "correct-horse-battery-staple");
  EXPECT_EQ(world.call(http::Method::patch, path, body(R"({"name":"x"})"), {"update:client_keys"}).status,
            403);
  EXPECT_EQ(world.patch(path, body(R"({"client_secret":null})")).status, 400);
}

TEST(clients, nested_objects_are_replaced_and_metadata_merges) {
  World world;
  const auto id = world
                      .post("/clients", body(R"({"name":"App","client_metadata":{"a":"1","b":"2"},
                                            "jwt_configuration":{"alg":"RS256","lifetime_in_seconds":100}})"))
                      .text("client_id");
  const auto changed =
      world.patch("/clients/" + id,
                  body(R"({"client_metadata":{"a":null,"c":"3"},"jwt_configuration":{"alg":"PS256"}})"));
  EXPECT_EQ(json::serialize(changed["client_metadata"]), R"({"b":"2","c":"3"})");
  EXPECT_EQ(json::serialize(changed["jwt_configuration"]), R"({"alg":"PS256","secret_encoded":false})");
}

TEST(clients, what_a_client_sends_back_after_reading_is_accepted) {
  World world;
  auto seen = world.get("/clients/" + world.acme.client_id);
  auto patch = seen.body.as_object();
  EXPECT_EQ(world.patch("/clients/" + world.acme.client_id, patch).status, 200);
}

TEST(clients, dangerous_and_malformed_urls_are_refused) {
  const char* cases[] = {
      R"j({"name":"a","callbacks":["javascript:alert(1)"]})j",
      R"({"name":"a","callbacks":["data:text/html,x"]})",
      R"({"name":"a","callbacks":["https://user:pw@a.example/"]})",
      R"({"name":"a","callbacks":["/relative"]})",
      R"({"name":"a","allowed_logout_urls":["vbscript:x"]})",
      R"({"name":"a","web_origins":["not an origin"]})",
      R"({"name":"a","is_first_party":false,"callbacks":["https://*.a.example/cb"]})",
  };
  World world;
  for (const char* text : cases) {
    const auto refused = world.post("/clients", body(text));
    EXPECT_EQ(refused.status, 400) << text;
    EXPECT_EQ(refused.text("errorCode"), "invalid_body");
  }
  const auto good = body(R"({"name":"a","web_origins":["http://localhost:3000"],
      "callbacks":["https://a.example/cb","com.example.app://cb","http://localhost:3000"]})");
  EXPECT_EQ(world.post("/clients", good).status, 201);
}

TEST(clients, rules_between_members_hold) {
  World world;
  for (
      const char* text :
      {R"({"name":"a","refresh_token":{"rotation_type":"rotating","expiration_type":"non-expiring"}})",
       R"({"name":"a","refresh_token":{"rotation_type":"rotating","expiration_type":"expiring","token_lifetime":10,
            "idle_token_lifetime":10,"infinite_token_lifetime":false,"infinite_idle_token_lifetime":false}})",
       R"({"name":"a","client_id":"mine","foo":1})", R"({"name":"a","_sealed":{"client_secret":"x"}})",
       R"({"name":"a","_credentials":[]})", R"({})", R"({"name":"<b>"})", R"({"name":"a","app_type":"x"})",
       R"({"name":"a","jwt_configuration":{"alg":"none"}})", R"({"name":"a","client_metadata":{"a":1}})",
       R"({"name":"a","description":1})"})
    EXPECT_EQ(world.post("/clients", body(text)).status, 400) << text;
}

TEST(clients, lists_come_in_three_shapes_with_filters_and_fields) {
  World world;
  for (const char* type : {"spa", "native", "spa"})
    world.post("/clients", body(R"({"name":"App","app_type":")" + std::string(type) + "\"}"));
  EXPECT_EQ(world.get("/clients").body.as_array().size(), 5u);
  EXPECT_EQ(world.get("/clients?is_global=false").body.as_array().size(), 4u);
  EXPECT_EQ(world.get("/clients?app_type=spa").body.as_array().size(), 2u);
  EXPECT_EQ(world.get("/clients?app_type=spa,native").body.as_array().size(), 3u);
  const auto totals = world.get("/clients?include_totals=true&per_page=2&page=1&fields=name");
  EXPECT_EQ(totals["total"].to_number<int>(), 5);
  EXPECT_EQ(totals["start"].to_number<int>(), 2);
  EXPECT_EQ(totals["clients"].as_array().size(), 2u);
  EXPECT_FALSE(totals["clients"].at(0).as_object().contains("grant_types"));
  EXPECT_TRUE(totals["clients"].at(0).as_object().contains("tenant"));
  const auto first = world.get("/clients?take=3");
  EXPECT_EQ(first["clients"].as_array().size(), 3u);
  const auto second = world.get("/clients?take=3&from=" + first.text("next"));
  EXPECT_EQ(second["clients"].as_array().size(), 2u);
  EXPECT_FALSE(second.has("next"));
}

TEST(clients, removal_takes_grants_and_connections_along_and_may_be_repeated) {
  World world;
  const auto id = world.post("/clients", body(R"({"name":"App"})")).text("client_id");
  const auto api =
      world.post("/resource-servers", body(R"({"identifier":"urn:api","scopes":[{"value":"a"}]})"));
  EXPECT_EQ(world
                .post("/client-grants",
                      json::Object{{"client_id", id}, {"audience", "urn:api"}, {"scope", json::Array{"a"}}})
                .status,
            201);
  const auto connection = world.post(
      "/connections",
      json::Object{{"name", "db"}, {"strategy", "auth0"}, {"enabled_clients", json::Array{id.c_str()}}});
  EXPECT_EQ(world.get("/clients/" + id + "/connections")["connections"].as_array().size(), 1u);
  EXPECT_EQ(world.remove("/clients/" + id).status, 204);
  EXPECT_EQ(world.get("/clients/" + id).text("errorCode"), "inexistent_client");
  EXPECT_TRUE(world.get("/client-grants?client_id=" + id).body.as_array().empty());
  EXPECT_TRUE(world.get("/connections/" + connection.text("id"))["enabled_clients"].as_array().empty());
  EXPECT_EQ(world.remove("/clients/" + id).status, 204);
}

TEST(clients, the_global_client_stays) {
  World world;
  EXPECT_EQ(world.remove("/clients/" + world.acme.global_client_id).status, 403);
  EXPECT_EQ(world.get("/clients/" + world.acme.global_client_id).status, 200);
}

// ---- credentials

json::Object credential() {
  json::Object out;
  out["credential_type"] = "public_key";
  out["name"] = "key";
  out["pem"] = World::keys().rsa_next->public_key().to_pem();
  return out;
}

TEST(client_credentials, a_public_key_is_stored_with_its_thumbprint_as_kid) {
  World world;
  const std::string path = "/clients/" + world.acme.client_id + "/credentials";
  const auto made = world.post(path, credential());
  EXPECT_EQ(made.status, 201);
  EXPECT_TRUE(made.text("id").starts_with("cred_"));
  EXPECT_EQ(made.text("kid").size(), 43u);  // RFC 7638: base64url of a SHA-256
  EXPECT_EQ(made.text("alg"), "RS256");
  EXPECT_FALSE(made.has("pem"));
  EXPECT_EQ(world.get(path).body.as_array().size(), 1u);
  const auto one = path + "/" + made.text("id");
  EXPECT_EQ(world.get(one).text("name"), "key");
  EXPECT_EQ(world.patch(one, body(R"({"expires_at":"2030-01-01T00:00:00.000Z"})")).text("expires_at"),
            "2030-01-01T00:00:00.000Z");
  EXPECT_EQ(world.remove(one).status, 204);
  EXPECT_EQ(world.get(one).status, 404);
}

TEST(client_credentials, what_is_no_key_is_refused) {
  World world;
  const std::string path = "/clients/" + world.acme.client_id + "/credentials";
  auto broken = credential(), wrong_type = credential(), private_key = credential();
  broken["pem"] = "no key";
  wrong_type["credential_type"] = "x509_cert";
  private_key["pem"] = World::keys().rsa_next->to_pem();
  for (const auto& refused : {broken, wrong_type, private_key})
    EXPECT_EQ(world.post(path, refused).status, 400);
}

TEST(client_credentials, those_given_with_the_client_are_stored_and_named_by_id) {
  World world;
  auto wanted =
      body(R"({"name":"App","client_authentication_methods":{"private_key_jwt":{"credentials":[]}}})");
  wanted.at("client_authentication_methods")
      .at("private_key_jwt")
      .at("credentials")
      .as_array()
      .push_back(credential());
  const auto made = world.post("/clients", wanted);
  EXPECT_EQ(made.status, 201);
  const auto& shown =
      made["client_authentication_methods"].at("private_key_jwt").at("credentials").at(0).as_object();
  EXPECT_TRUE(shown.contains("kid"));
  const auto seen = world.get("/clients/" + made.text("client_id"));
  EXPECT_EQ(
      seen["client_authentication_methods"].at("private_key_jwt").at("credentials").at(0).as_object().size(),
      1u);
  EXPECT_EQ(world.get("/clients/" + made.text("client_id") + "/credentials").body.as_array().size(), 1u);
}

}  // namespace
}  // namespace durward::management::clients
