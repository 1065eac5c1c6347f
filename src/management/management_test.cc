#include "management/management.h"

#include <gtest/gtest.h>

#include "management/keys/keys.h"
#include "management/support/testing/world.h"

namespace durward::management {
namespace {

using testing::World;

json::Value body(std::string_view text) { return *json::parse(text); }

TEST(management, the_rows_are_consistent_and_describe_themselves) {
  World world;
  EXPECT_NO_THROW(endpoint::check_rows(world.all_rows));
  const auto document = endpoint::openapi(world.all_rows, "1");
  EXPECT_GT(document.at("paths").as_object().size(), 40u);
}

TEST(management, every_row_asks_for_a_scope_and_has_a_summary) {
  World world;
  for (const auto& row : world.all_rows) {
    EXPECT_TRUE(row.path.starts_with("/api/v2/")) << row.id;
    EXPECT_FALSE(row.scopes.empty()) << row.id;
    EXPECT_FALSE(row.summary.empty()) << row.id;
    EXPECT_NE(row.rate, endpoint::RateClass::none) << row.id;
    EXPECT_EQ(row.cors, endpoint::Cors::client_origins) << row.id;
  }
}

TEST(management, a_write_is_one_commit_with_one_log_record_and_a_read_is_none) {
  World world;
  world.post("/clients", body(R"({"name":"App"})"));
  EXPECT_EQ(world.store.commits, 1);
  EXPECT_EQ(world.last_log().type, "sapi");
  EXPECT_EQ(world.last_log().description, "Create a client");
  EXPECT_EQ(json::string_or(world.last_log().details.at("request").as_object(), "path"), "/api/v2/clients");
  world.get("/clients");
  EXPECT_EQ(world.store.commits, 1);
}

TEST(management, a_change_that_somebody_else_won_is_applied_again) {
  World world;
  const auto id = world.post("/clients", body(R"({"name":"App"})")).text("client_id");
  world.store.before_commit = [&] { world.patch("/clients/" + id, body(R"({"description":"theirs"})")); };
  const auto mine = world.patch("/clients/" + id, body(R"({"name":"Mine"})"));
  EXPECT_EQ(mine.status, 200);
  EXPECT_EQ(mine.text("name"), "Mine");
  EXPECT_EQ(mine.text("description"), "theirs");
}

TEST(management, another_tenants_object_looks_like_a_missing_one) {
  World world;
  const auto id = world.post("/clients", body(R"({"name":"App"})")).text("client_id");
  const auto foreign = world.call(http::Method::get, "/clients/" + id, nullptr, {"read:clients"}, 2);
  const auto missing = world.get("/clients/doesnotexist");
  EXPECT_EQ(foreign.status, 404);
  EXPECT_EQ(json::serialize(foreign.body), json::serialize(missing.body));
  EXPECT_EQ(world.call(http::Method::patch, "/clients/" + id, body(R"({"name":"x"})"), {"update:clients"}, 2)
                .status,
            404);
}

// ---- settings, branding, prompts

TEST(tenants, a_fresh_tenant_has_the_settings_that_tools_expect) {
  World world;
  const auto settings = world.get("/tenants/settings");
  EXPECT_EQ(settings.status, 200);
  EXPECT_EQ(settings["session_lifetime"].to_number<int>(), 168);
  EXPECT_EQ(settings.text("friendly_name"), "Friendly");
  EXPECT_TRUE(settings["flags"].at("enable_sso").as_bool());
  EXPECT_FALSE(settings.has("id"));
}

TEST(tenants, flags_merge_minutes_become_hours_and_null_removes) {
  World world;
  const auto changed = world.patch(
      "/tenants/settings",
      body(
          R"({"flags":{"revoke_refresh_token_grant":true},"idle_session_lifetime_in_minutes":15,"mtls":null})"));
  EXPECT_EQ(changed.status, 200);
  EXPECT_TRUE(changed["flags"].at("revoke_refresh_token_grant").as_bool());
  EXPECT_TRUE(changed["flags"].at("enable_sso").as_bool());
  EXPECT_DOUBLE_EQ(changed["idle_session_lifetime"].to_number<double>(), 0.25);
  EXPECT_FALSE(changed.has("mtls"));
}

TEST(tenants, contradictions_and_unknown_members_are_refused) {
  World world;
  for (const char* text :
       {R"({"idle_session_lifetime":500})", R"({"session_lifetime":0})", R"({"foo":1})",
        R"({"flags":{"foo":true}})", R"({"default_redirection_uri":"http://a.example"})",
        R"({"support_email":"x"})", R"({"enabled_locales":["xx"]})", R"({"session_cookie":{"mode":"other"}})",
        R"({"allowed_logout_urls":["data:x"]})", R"({"support_url":"javascript:x"})"})
    EXPECT_EQ(world.patch("/tenants/settings", body(text)).status, 400) << text;
}

TEST(branding, a_colour_a_gradient_or_nothing_else_reaches_the_style_sheet) {
  World world;
  EXPECT_EQ(
      world.patch("/branding", body(R"({"colors":{"primary":"#123456","page_background":"#fff"}})")).status,
      200);
  EXPECT_EQ(world
                .patch("/branding", body(R"({"colors":{"page_background":
                   {"type":"linear-gradient","start":"#000000","end":"#ffffff","angle_deg":35}}})"))
                .status,
            200);
  EXPECT_EQ(world.get("/branding")["colors"].at("primary").as_string(), "#123456");
  const char* cases[] = {
      R"({"colors":{"primary":"red;}body{"}})",
      R"j({"colors":{"page_background":"url(x)"}})j",
      R"({"colors":{"page_background":{"type":"radial"}}})",
      R"({"colors":{"page_background":1}})",
      R"({"logo_url":"http://a.example/x.png"})",
      R"j({"logo_url":"javascript:alert(1)"})j",
  };
  for (const char* text : cases) EXPECT_EQ(world.patch("/branding", body(text)).status, 400) << text;
}

TEST(prompts, identifier_first_is_a_setting) {
  World world;
  EXPECT_FALSE(world.get("/prompts")["identifier_first"].as_bool());
  EXPECT_TRUE(world.patch("/prompts", body(R"({"identifier_first":true})"))["identifier_first"].as_bool());
  EXPECT_EQ(world.patch("/prompts", body(R"({"universal_login_experience":"old"})")).status, 400);
}

// ---- signing keys

TEST(signing_keys, rotation_promotes_next_and_makes_a_new_one) {
  World world;
  const auto before = world.get("/keys/signing");
  ASSERT_EQ(before.body.as_array().size(), 4u);
  const auto& current = before.body.at(0).as_object();
  EXPECT_TRUE(current.at("current").as_bool());
  EXPECT_EQ(json::string_or(current, "kty"), "RSA");
  const std::string next = json::string_or(before.body.at(1).as_object(), "kid");
  const auto rotated = world.post("/keys/signing/rotate");
  EXPECT_EQ(rotated.status, 201);
  EXPECT_EQ(rotated.text("kid"), next);
  EXPECT_TRUE(rotated["current"].as_bool());
  EXPECT_EQ(world.get("/keys/signing").body.as_array().size(), 6u);
  const auto old = world.get("/keys/signing/" + json::string_or(current, "kid"));
  EXPECT_TRUE(old["previous"].as_bool());
}

TEST(signing_keys, a_tenant_without_a_next_key_can_rotate_and_gets_one_later) {
  World world;
  auto& stored = world.store.rows[{1, ports::Collection::signing_keys}];
  std::erase_if(stored, [](const auto& row) {
    return json::string_or(row.document.body, "status") == "next" &&
           json::string_or(row.document.body, "kty") == "RSA";
  });
  const auto rotated = world.post("/keys/signing/rotate");
  EXPECT_TRUE(rotated["current"].as_bool());
  const auto add = [&] {
    return run_sync(keys::add_next_key(world.services, {1}, *World::keys().rsa_current, "acme.test"));
  };
  EXPECT_TRUE(add());
  const size_t count = stored.size();
  EXPECT_TRUE(add());
  EXPECT_EQ(stored.size(), count);
  const auto list = world.get("/keys/signing");
  EXPECT_TRUE(list.body.at(0).at("current").as_bool());
  EXPECT_TRUE(list.body.at(1).at("next").as_bool());
}

TEST(signing_keys, only_a_previous_key_can_be_revoked) {
  World world;
  const std::string kid = json::string_or(world.get("/keys/signing").body.at(0).as_object(), "kid");
  EXPECT_EQ(world.call(http::Method::put, "/keys/signing/" + kid + "/revoke").status, 400);
  world.post("/keys/signing/rotate");
  const auto revoked = world.call(http::Method::put, "/keys/signing/" + kid + "/revoke");
  EXPECT_EQ(revoked.status, 200);
  EXPECT_TRUE(revoked["revoked"].as_bool());
  EXPECT_TRUE(revoked.has("revoked_at"));
}

TEST(signing_keys, no_private_key_is_shown_or_stored_in_the_clear) {
  World world;
  EXPECT_EQ(json::serialize(world.get("/keys/signing").body).find("PRIVATE"), std::string::npos);
  EXPECT_EQ(world.dump().find("PRIVATE KEY"), std::string::npos);
}

// ---- a new tenant

TEST(new_tenant, names_are_host_labels) {
  for (const char* name : {"ab", "acme", "a-b-1"}) EXPECT_TRUE(is_tenant_name(name)) << name;
  for (const char* name : {"", "a", "-ab", "Acme", "a.b", "a_b"}) EXPECT_FALSE(is_tenant_name(name)) << name;
}

TEST(new_tenant, has_what_every_tool_looks_for) {
  World world;
  const auto global = world.get("/clients?is_global=true");
  ASSERT_EQ(global.body.as_array().size(), 1u);
  EXPECT_EQ(global.body.at(0).at("name").as_string(), "All Applications");
  const auto connections = world.get("/connections?name=Username-Password-Authentication");
  ASSERT_EQ(connections.body.as_array().size(), 1u);
  EXPECT_EQ(connections.body.at(0).at("enabled_clients").as_array().size(), 1u);
  const auto api = world.get("/resource-servers/https%3A%2F%2Facme.test%2Fapi%2Fv2%2F");
  EXPECT_EQ(api.status, 200);
  EXPECT_TRUE(api["is_system"].as_bool());
  EXPECT_EQ(api["scopes"].as_array().size(), domain::management_scopes().size());
  const auto grants = world.get("/client-grants?client_id=" + world.acme.client_id);
  ASSERT_EQ(grants.body.as_array().size(), 1u);
  EXPECT_EQ(grants.body.at(0).at("audience").as_string(), "https://acme.test/api/v2/");
}

}  // namespace
}  // namespace durward::management
