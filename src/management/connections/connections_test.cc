#include "management/connections/connections.h"

#include <gtest/gtest.h>

#include "management/support/testing/scripts.h"

namespace durward::management::connection {
namespace {

using testing::World;

json::Value body(std::string_view text) { return *json::parse(text); }

TEST(connections, a_database_gets_the_options_that_were_recorded) {
  World world;
  const auto made = world.post("/connections", body(R"({"name":"db","strategy":"auth0"})"));
  EXPECT_EQ(made.status, 201);
  EXPECT_TRUE(made.text("id").starts_with("con_"));
  EXPECT_EQ(made["options"].at("passwordPolicy").as_string(), "good");
  EXPECT_TRUE(made["options"].at("brute_force_protection").as_bool());
  EXPECT_EQ(made["options"].at("authentication_methods").at("password").at("api_behavior").as_string(),
            "required");
  EXPECT_EQ(json::serialize(made["realms"]), R"(["db"])");
  EXPECT_EQ(json::serialize(made["enabled_clients"]), "[]");
  EXPECT_FALSE(made["is_domain_connection"].as_bool());
}

TEST(connections, rules_of_database_options_hold_with_the_recorded_texts) {
  struct Case {
    const char *options, *message;
  };
  const Case cases[] = {
      {R"({"attributes":{"phone_number":{"identifier":{"active":true},"profile_required":true,
           "signup":{"status":"inactive"}}}})",
       "attribute phone_number must also be required on signup"},
      {R"({"attributes":{"email":{"identifier":{"active":true}}},"requires_username":true})",
       "Cannot set both options.attributes and options.requires_username"},
      {R"({"attributes":{"email":{"identifier":{"active":true}}},"validation":{"username":{"min":1,"max":5}}})",
       "Cannot set both options.attributes and options.validation"},
      {R"({"attributes":{"email":{"identifier":{"active":false}}}})",
       "attributes must contain one active identifier"},
  };
  World world;
  for (const auto& [options, message] : cases) {
    const auto refused = world.post(
        "/connections", json::Object{{"name", "db"}, {"strategy", "auth0"}, {"options", body(options)}});
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.text("message"), message);
  }
}

TEST(connections, malformed_bodies_are_refused) {
  World world;
  for (const char* text :
       {R"({"strategy":"auth0"})", R"({"name":"db"})", R"({"name":"a b","strategy":"auth0"})",
        R"({"name":"-a","strategy":"auth0"})", R"({"name":"db","strategy":"nothing"})",
        R"({"name":"db","strategy":"auth0","foo":1})",
        R"({"name":"db","strategy":"auth0","options":{"passwordPolicy":"strong"}})",
        R"({"name":"db","strategy":"auth0","options":{"password_history":{"enable":true,"size":25}}})",
        R"({"name":"db","strategy":"auth0","options":{"validation":{"username":{"min":9,"max":5}}}})"})
    EXPECT_EQ(world.post("/connections", body(text)).status, 400) << text;
}

TEST(connections, a_name_is_taken_once) {
  World world;
  EXPECT_EQ(world.post("/connections", body(R"({"name":"db","strategy":"auth0"})")).status, 201);
  const auto again = world.post("/connections", body(R"({"name":"db","strategy":"auth0"})"));
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.text("message"), "A connection with the same name already exists");
}

TEST(connections, secrets_are_sealed_read_back_and_gone_with_new_options) {
  World world;
  const auto made = world.post("/connections", body(R"({"name":"git","strategy":"github",
      "options":{"client_id":"i","client_secret":"hunter2hunter2"}})"));
  EXPECT_EQ(made["options"].at("client_secret").as_string(), "hunter2hunter2");
  EXPECT_EQ(world.dump().find("hunter2"), std::string::npos);
  const auto path = "/connections/" + made.text("id");
  EXPECT_EQ(world.get(path)["options"].at("client_secret").as_string(), "hunter2hunter2");
  EXPECT_EQ(world.patch(path, body(R"({"display_name":"Git"})"))["options"].at("client_secret").as_string(),
            "hunter2hunter2");
  const auto replaced = world.patch(path, body(R"({"options":{"client_id":"j"}})"));
  EXPECT_FALSE(replaced["options"].as_object().contains("client_secret"));
  EXPECT_EQ(replaced["options"].at("client_id").as_string(), "j");
}

TEST(connections, the_configuration_of_database_scripts_is_shown_sealed_and_taken_back_unchanged) {
  World world;
  testing::play_builds(world);
  const auto made = world.post("/connections", body(R"({"name":"db","strategy":"auth0","options":{
      "enabledDatabaseCustomization":true,"import_mode":true,"enable_script_context":true,
      "customScripts":{"login":"function login(email, password, callback) {}"},
      "configuration":{"KEY":"hunter2"}}})"));
  EXPECT_EQ(made.status, 201);
  const std::string shown(json::view(made["options"].at("configuration").at("KEY").as_string()));
  EXPECT_TRUE(shown.starts_with("2.0$"));
  EXPECT_EQ(world.dump().find("hunter2"), std::string::npos);
  const auto path = "/connections/" + made.text("id");
  const auto kept = world.patch(path, json::Object{{"options", made["options"]}});
  EXPECT_EQ(kept["options"].at("configuration").at("KEY").as_string(), shown);
  EXPECT_EQ(kept["options"].at("customScripts").at("login").as_string(),
            "function login(email, password, callback) {}");
  const auto changed = world.patch(path, body(R"({"options":{"configuration":{"KEY":"hunter3"}}})"));
  EXPECT_NE(changed["options"].at("configuration").at("KEY").as_string(), shown);
  EXPECT_EQ(world.patch(path, body(R"({"options":{"configuration":{"KEY":"2.0$forged"}}})")).status, 400);
  EXPECT_EQ(
      world.patch(path, json::Object{{"options", {{"configuration", {{"KEY", std::string(8193, 'x')}}}}}})
          .status,
      400);
}

TEST(connections, a_database_script_that_does_not_compile_is_refused_by_name) {
  World world;
  testing::play_builds(world);
  const auto refused = world.post("/connections", body(R"({"name":"db","strategy":"auth0","options":{
      "customScripts":{"get_user":"BROKEN"}}})"));
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.text("message").find("customScripts.get_user"), std::string::npos);
  EXPECT_EQ(world
                .post("/connections", body(R"({"name":"db","strategy":"auth0","options":{
      "customScripts":{"steal":"f"}}})"))
                .status,
            400);
}

TEST(connections, options_that_follow_from_others_are_completed) {
  World world;
  const auto options = [&](const char* text) { return world.post("/connections", body(text))["options"]; };
  EXPECT_EQ(json::serialize(options(R"({"name":"a","strategy":"google-oauth2"})").at("scope")),
            R"(["email","profile"])");
  EXPECT_EQ(
      json::serialize(
          options(R"({"name":"b","strategy":"linkedin","options":{"strategy_version":2}})").at("scope")),
      R"(["r_liteprofile"])");
  EXPECT_EQ(options(R"({"name":"c","strategy":"waad"})").at("app_domain").as_string(), "acme.test");
  const auto oidc = options(R"({"name":"d","strategy":"oidc","options":{"oidc_metadata":
      {"issuer":"https://idp.example","token_endpoint":"https://idp.example/token"}}})");
  EXPECT_EQ(oidc.at("token_endpoint").as_string(), "https://idp.example/token");
  EXPECT_TRUE(oidc.at("oidc_metadata").at("request_uri_parameter_supported").as_bool());
  EXPECT_EQ(oidc.at("type").as_string(), "front_channel");
}

TEST(connections, clients_that_are_not_there_are_left_out) {
  World world;
  const auto made =
      world.post("/connections",
                 json::Object{{"name", "db"},
                              {"strategy", "auth0"},
                              {"enabled_clients", json::Array{"unknown", json::Value(world.acme.client_id),
                                                              json::Value(world.acme.client_id)}}});
  EXPECT_EQ(made["enabled_clients"].as_array().size(), 1u);
}

TEST(connections, name_and_strategy_cannot_change) {
  World world;
  const auto id = world.post("/connections", body(R"({"name":"db","strategy":"auth0"})")).text("id");
  for (const char* text : {R"({"name":"x"})", R"({"strategy":"github"})"})
    EXPECT_EQ(world.patch("/connections/" + id, body(text)).status, 400) << text;
}

TEST(connections, clients_are_switched_one_by_one) {
  World world;
  const auto id = world.post("/connections", body(R"({"name":"db","strategy":"auth0"})")).text("id");
  const auto path = "/connections/" + id + "/clients";
  const auto row = [&](bool on) {
    return json::Array{json::Object{{"client_id", world.acme.client_id}, {"status", on}}};
  };
  EXPECT_EQ(world.patch(path, row(true)).status, 204);
  EXPECT_EQ(world.patch(path, row(true)).status, 204);
  EXPECT_EQ(world.get(path)["clients"].as_array().size(), 1u);
  EXPECT_EQ(world.patch(path, row(false)).status, 204);
  EXPECT_TRUE(world.get(path)["clients"].as_array().empty());
  EXPECT_EQ(world.patch(path, body(R"([{"client_id":"unknown","status":true}])")).status, 400);
  EXPECT_EQ(world.patch(path, body(R"({"client_id":"a"})")).status, 400);
  json::Array many;
  for (int i = 0; i < 51; ++i) many.push_back(json::Object{{"client_id", "a"}, {"status", false}});
  EXPECT_EQ(world.patch(path, many).status, 400);
}

TEST(connections, lists_filter_by_name_and_strategies) {
  World world;
  for (const char* text : {R"({"name":"a","strategy":"github"})", R"({"name":"b","strategy":"sms"})"})
    world.post("/connections", body(text));
  EXPECT_EQ(world.get("/connections").body.as_array().size(), 3u);
  EXPECT_EQ(world.get("/connections?strategy=github").body.as_array().size(), 1u);
  EXPECT_EQ(world.get("/connections?strategy=github&strategy=sms").body.as_array().size(), 2u);
  EXPECT_EQ(json::serialize(world.get("/connections?name=b&fields=name").body),
            R"([{"name":"b","is_domain_connection":false}])");
}

TEST(connections, removal_answers_202_once_and_204_after) {
  World world;
  const auto id = world.post("/connections", body(R"({"name":"db","strategy":"auth0"})")).text("id");
  const auto gone = world.remove("/connections/" + id);
  EXPECT_EQ(gone.status, 202);
  EXPECT_TRUE(gone.has("deleted_at"));
  EXPECT_EQ(world.remove("/connections/" + id).status, 204);
  EXPECT_EQ(world.get("/connections/" + id).text("errorCode"), "inexistent_connection");
}

TEST(connections, a_user_is_deleted_by_email_from_databases_only) {
  World world;
  const auto social = world.post("/connections", body(R"({"name":"git","strategy":"github"})")).text("id");
  EXPECT_EQ(world.remove("/connections/" + social + "/users?email=a@example.com").status, 400);
  const auto id = world.post("/connections", body(R"({"name":"db","strategy":"auth0"})")).text("id");
  EXPECT_EQ(world.remove("/connections/" + id + "/users").status, 400);
  EXPECT_EQ(world.remove("/connections/" + id + "/users?email=a@example.com").status, 204);
}

}  // namespace
}  // namespace durward::management::connection
