#include "management/users/users.h"

#include <gtest/gtest.h>

#include "base/executor.h"
#include "management/grants/grants.h"
#include "management/logs/logs.h"
#include "management/refresh_tokens/refresh_tokens.h"
#include "management/sessions/sessions.h"
#include "management/tickets/tickets.h"
#include "tokens/testing/world.h"

namespace durward::management {
namespace {

// The rows over a world in memory, called as the server calls them. The store itself is tested elsewhere.
class UserRows : public ::testing::Test {
 protected:
  testing::World world;
  std::vector<endpoint::Endpoint> rows;
  endpoint::Principal principal{
      .subject = "admin@clients",
      .client_id = "admin",
      .scopes = {"read:users", "create:users", "update:users", "delete:users", "create:user_tickets",
                 "read:sessions", "update:sessions", "delete:sessions", "read:refresh_tokens",
                 "update:refresh_tokens", "delete:refresh_tokens"}};

  void SetUp() override {
    const auto add = [this](std::vector<endpoint::Endpoint> part) {
      rows.insert(rows.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
    };
    add(users::rows(world.services));
    add(tickets::rows(world.services));
    add(sessions::rows(world.services));
    add(refresh_tokens::rows(world.services));
    add(grants::rows(world.services));
    add(logs::rows(world.services));
    world.add_connection("db", {});
    world.add_user("1", "ada@example.com", "Secret-1");
  }

  http::Response call(std::string_view id, endpoint::PathParameters path, std::string body = {},
                      std::string query = {}) {
    for (const auto& row : rows) {
      if (row.id != id) continue;
      http::Request request{.method = row.method, .path = row.path, .query = std::move(query)};
      request.body = std::move(body);
      request.headers.set("Authorization", "Bearer t");
      request.headers.set("Content-Type", "application/json");
      const endpoint::Authenticator owner = [this](endpoint::RequestContext,
                                                   std::string) -> Async<endpoint::Principal> {
        return answer(principal);
      };
      return run_sync(endpoint::run_management(row, owner, world.context(), request, std::move(path)));
    }
    ADD_FAILURE() << "no row " << id;
    return {};
  }
  static Async<endpoint::Principal> answer(endpoint::Principal who) { co_return who; }

  http::Response patch(std::string body) { return call("update_user", {{"id", "auth0|1"}}, std::move(body)); }
  static json::Object body_of(const http::Response& response) {
    auto parsed = json::parse_object(response.body);
    return parsed ? *parsed : json::Object();
  }
  static std::string refusal(const http::Response& response) {
    const auto body = body_of(response);
    return std::to_string(response.status) + " " + json::string_or(body, "errorCode");
  }
};

TEST_F(UserRows, scripts_that_cannot_be_run_now_say_when_to_come_again) {
  const domain::BoundScript bound{.script = std::make_shared<const domain::Script>(), .binding_id = "b"};
  const auto overloaded = [](domain::TenantId, const ports::ScriptCall&) -> Result<ports::ScriptOutcome> {
    return std::unexpected(Error{ErrorKind::unavailable, "extensions_unavailable", "busy", {}, 7});
  };
  world.scripts.played = overloaded;
  auto& scripts = world.configuration.tenant_scripts;
  const std::string user = R"({"connection":"db","email":"new@example.com","password":"Correct-horse-7"})";
  scripts.hooks["pre-user-registration"] = bound;
  const auto by_hook = call("create_user", {}, user);
  scripts.triggers["pre-user-registration"] = {bound};
  const auto by_action = call("create_user", {}, user);
  for (const auto& response : {by_hook, by_action}) {
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.headers.get("Retry-After"), "7");
  }
  EXPECT_EQ(world.state.users.size(), 1u);
}

TEST_F(UserRows, the_table_of_rows_holds_together) { endpoint::check_rows(rows); }

TEST_F(UserRows, a_user_is_created_with_one_commit_and_an_audit_record) {
  const auto reply =
      call("create_user", {},
           R"({"connection":"db","email":"Bob@Example.com","password":"Passw0rd-x","blocked":false,
                              "verify_email":false,"user_metadata":{"a":1}})");
  EXPECT_EQ(reply.status, 201) << reply.body;
  const auto user = body_of(reply);
  EXPECT_EQ(json::string_or(user, "email"), "bob@example.com");
  EXPECT_EQ(json::boolean(user, "blocked"), false);
  EXPECT_FALSE(user.contains("password"));
  EXPECT_FALSE(user.contains("app_metadata"));
  EXPECT_EQ(world.state.commits, 1);
  EXPECT_EQ(world.state.last_log().type, "sapi");
  EXPECT_TRUE(world.state.jobs.empty());
}

TEST_F(UserRows, the_audit_record_of_a_user_holds_no_password_and_no_metadata) {
  call("create_user", {}, R"({"connection":"db","email":"bob@example.com","password":"Passw0rd-x",
                              "verify_email":false,"user_metadata":{"pet":"Rex"}})");
  const auto details = world.state.last_log().details;
  EXPECT_EQ(json::string_or(details.at("request").at("body").as_object(), "email"), "bob@example.com");
  EXPECT_TRUE(
      json::string_or(details.at("response").at("body").as_object(), "user_id").starts_with("auth0|"));
  for (const char* hidden : {"Passw0rd-x", "Rex"})
    EXPECT_EQ(json::serialize(details).find(hidden), std::string::npos);
}

TEST_F(UserRows, a_new_user_with_an_unverified_address_gets_a_mail) {
  EXPECT_EQ(call("create_user", {}, R"({"connection":"db","email":"b@example.com","password":"Passw0rd-x"})")
                .status,
            201);
  ASSERT_EQ(world.state.jobs.size(), 1u);
  EXPECT_EQ(json::string_or(world.state.jobs[0].payload, "template"), "verify_email");
}

TEST_F(UserRows, creation_is_refused_with_the_words_of_the_api) {
  const auto create = [this](std::string body) { return call("create_user", {}, std::move(body)); };
  EXPECT_EQ(refusal(create(R"({"email":"b@example.com"})")), "400 invalid_body");
  EXPECT_EQ(refusal(create(R"({"connection":"nope","email":"b@example.com","password":"Passw0rd-x"})")),
            "400 inexistent_connection");
  EXPECT_EQ(refusal(create(R"({"connection":"db","email":"ada@example.com","password":"Passw0rd-x"})")),
            "409 auth0_idp_error");
  const auto weak = create(R"({"connection":"db","email":"b@example.com","password":"weak"})");
  EXPECT_EQ(refusal(weak), "400 ");
  EXPECT_TRUE(json::string_or(body_of(weak), "message").starts_with("PasswordStrengthError: "));
  EXPECT_EQ(refusal(create(R"({"connection":"db","email":"b@example.com","password":"Passw0rd-x",
                               "app_metadata":{"user_id":"x"}})")),
            "400 invalid_body");
  EXPECT_EQ(refusal(create(R"({"connection":"db","email":"b@example.com","password":"Passw0rd-x",
                               "user_metadata":{"a.b":"x"}})")),
            "400 invalid_body");
}

TEST_F(UserRows, a_missing_user_is_404_to_read_and_204_to_delete) {
  EXPECT_EQ(refusal(call("get_user", {{"id", "auth0|none"}})), "404 inexistent_user");
  EXPECT_EQ(call("delete_user", {{"id", "auth0|none"}}).status, 204);
}

TEST_F(UserRows, metadata_merge_at_the_first_level) {
  world.state.users["auth0|1"].user.profile["app_metadata"] =
      json::parse(R"({"keep":1,"drop":2,"nested":{"a":1}})").value();
  const auto reply = patch(R"({"app_metadata":{"drop":null,"nested":{"b":2},"new":3}})");
  EXPECT_EQ(json::serialize(body_of(reply).at("app_metadata")), R"({"keep":1,"nested":{"b":2},"new":3})");
  EXPECT_FALSE(body_of(patch(R"({"app_metadata":{}})")).contains("app_metadata"));
}

TEST_F(UserRows, patches_cannot_add_up_to_a_profile_without_bound) {
  world.state.users["auth0|1"].user.profile["app_metadata"] =
      json::Object{{"big", std::string(1 << 20, 'x')}};
  EXPECT_EQ(patch(R"({"nickname":"a"})").status, 413);
  EXPECT_EQ(patch(R"({"app_metadata":{"big":null}})").status, 200);
}

TEST_F(UserRows, two_credentials_cannot_change_at_once) {
  for (auto body :
       {R"({"email":"b@example.com","password":"Passw0rd-x"})",
        R"({"email":"b@example.com","username":"bob"})", R"({"username":"bob","password":"Passw0rd-x"})",
        R"({"password":"Passw0rd-x","email_verified":true})", R"({"username":"bob","email_verified":true})",
        R"({"password":null})", R"({"email":"x@example.com","phone_number":"+123"})"})
    EXPECT_EQ(refusal(patch(body)), "400 invalid_body") << body;
}

TEST_F(UserRows, a_new_address_is_unverified_until_said_otherwise) {
  EXPECT_EQ(json::boolean(body_of(patch(R"({"email":"New@Example.com"})")), "email_verified"), false);
  EXPECT_EQ(
      json::boolean(body_of(patch(R"({"email":"new@example.com","email_verified":true})")), "email_verified"),
      true);
  EXPECT_EQ(world.state.jobs.size(), 0u);
  EXPECT_EQ(patch(R"({"email":"newer@example.com","verify_email":true,"client_id":"app"})").status, 200);
  EXPECT_EQ(world.state.jobs.size(), 1u);
}

TEST_F(UserRows, credentials_belong_to_the_primary_database_identity) {
  EXPECT_EQ(refusal(patch(R"({"connection":"other","email":"b@example.com"})")), "400 invalid_body");
  auto& user = world.state.users["auth0|1"].user;
  user.identities[0].connection = "google-oauth2";
  user.identities[0].provider = "google-oauth2";
  EXPECT_EQ(refusal(patch(R"({"email":"b@example.com"})")), "400 invalid_body");
  EXPECT_EQ(refusal(patch(R"({"name":"B"})")), "400 invalid_body");
  EXPECT_EQ(patch(R"({"user_metadata":{"a":1}})").status, 200);
}

TEST_F(UserRows, a_new_password_ends_what_the_old_one_opened) {
  const auto reply = patch(R"({"connection":"db","password":"Passw0rd-x","app_metadata":{"foo":"bar"}})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_TRUE(body_of(reply).contains("last_password_reset"));
  EXPECT_EQ(world.state.commits, 1);
}

TEST_F(UserRows, narrow_scopes_reach_their_own_part_only) {
  principal = {.subject = "auth0|1",
               .client_id = "app",
               .scopes = {"update:current_user_metadata", "read:current_user"}};
  EXPECT_EQ(patch(R"({"user_metadata":{"a":1}})").status, 200);
  EXPECT_EQ(refusal(patch(R"({"app_metadata":{"a":1}})")), "403 insufficient_scope");
  EXPECT_EQ(refusal(patch(R"({"email":"b@example.com"})")), "403 insufficient_scope");
  world.add_user("2", "bob@example.com");
  EXPECT_EQ(refusal(call("update_user", {{"id", "auth0|2"}}, R"({"user_metadata":{"a":1}})")),
            "403 insufficient_scope");
  EXPECT_EQ(call("get_user", {{"id", "auth0|1"}}).status, 200);
  EXPECT_EQ(refusal(call("get_user", {{"id", "auth0|2"}})), "403 insufficient_scope");
  principal.scopes = {"update:users_app_metadata"};
  EXPECT_EQ(patch(R"({"app_metadata":{"a":1}})").status, 200);
  EXPECT_EQ(refusal(patch(R"({"blocked":true})")), "403 insufficient_scope");
}

TEST_F(UserRows, accounts_are_linked_by_id_and_shown_with_their_profiles) {
  world.add_user("2", "bob@example.com");
  const endpoint::PathParameters one{{"id", "auth0|1"}};
  const auto reply = call("link_identity", one, R"({"provider":"auth0","user_id":"auth0|2"})");
  EXPECT_EQ(reply.status, 201) << reply.body;
  const auto identities = json::parse(reply.body).value().get_array();
  ASSERT_EQ(identities.size(), 2u);
  EXPECT_EQ(identities[0].at("profileData").at("email").as_string(), "ada@example.com");
  EXPECT_EQ(identities[1].at("profileData").at("email").as_string(), "bob@example.com");
  EXPECT_EQ(call("link_identity", one, R"({"provider":"auth0","user_id":"1"})").status, 400);
  EXPECT_EQ(refusal(call("link_identity", one, R"({"provider":"auth0","user_id":"none"})")),
            "404 inexistent_user");
  EXPECT_EQ(refusal(call("link_identity", one, R"({"user_id":"2"})")), "400 invalid_body");
  EXPECT_EQ(refusal(call("link_identity", one, R"({"link_with":"a.b.c"})")), "400 invalid_body");
}

TEST_F(UserRows, a_person_links_accounts_by_token_only) {
  world.add_user("2", "bob@example.com");
  principal = {.subject = "auth0|1", .client_id = "app", .scopes = {"update:current_user_identities"}};
  EXPECT_EQ(refusal(call("link_identity", {{"id", "auth0|1"}}, R"({"provider":"auth0","user_id":"2"})")),
            "403 insufficient_scope");
}

TEST_F(UserRows, an_identity_is_unlinked_into_a_user_of_its_own) {
  auto& user = world.state.users["auth0|1"].user;
  user.identities.push_back({.connection = "db",
                             .provider = "auth0",
                             .user_id = "2",
                             .profile_data = {{"email", "bob@example.com"}}});
  const auto path = [](std::string id) {
    return endpoint::PathParameters{{"id", "auth0|1"}, {"provider", "auth0"}, {"user_id", std::move(id)}};
  };
  EXPECT_EQ(call("unlink_identity", path("2")).status, 200);
  EXPECT_TRUE(world.state.users.contains("auth0|2"));
  EXPECT_EQ(refusal(call("unlink_identity", path("1"))), "400 invalid_body");
  EXPECT_EQ(refusal(call("unlink_identity", path("9"))), "404 inexistent_identity");
}

TEST_F(UserRows, search_refuses_old_engines_deep_pages_and_unknown_syntax) {
  EXPECT_EQ(refusal(call("list_users", {}, {}, "search_engine=v2")), "400 invalid_query_string");
  EXPECT_EQ(refusal(call("list_users", {}, {}, "page=10&per_page=100")), "400 invalid_paging");
  EXPECT_EQ(refusal(call("list_users", {}, {}, "q=name:a%20OR%20name:b")), "400 invalid_query_string");
  EXPECT_EQ(refusal(call("list_users", {}, {}, "sort=name")), "400 invalid_query_string");
  const auto totals = body_of(call("list_users", {}, {}, "include_totals=true"));
  EXPECT_EQ(json::integer(totals, "length"), 0);
  EXPECT_TRUE(totals.contains("users"));
}

TEST_F(UserRows, tickets_are_links_of_the_requested_host) {
  const auto ticket = call("create_verification_ticket", {}, R"({"user_id":"auth0|1","ttl_sec":3600})");
  EXPECT_EQ(ticket.status, 201);
  EXPECT_TRUE(json::string_or(body_of(ticket), "ticket")
                  .starts_with("https://acme.test/u/email-verification?ticket="));
  const auto change =
      call("create_password_ticket", {}, R"({"user_id":"auth0|1","mark_email_as_verified":true})");
  EXPECT_TRUE(
      json::string_or(body_of(change), "ticket").starts_with("https://acme.test/u/reset-verify?ticket="));
  EXPECT_EQ(refusal(call("create_password_ticket", {}, "{}")), "400 invalid_body");
  EXPECT_EQ(refusal(call("create_password_ticket", {}, R"({"user_id":"auth0|1","email":"ada@example.com"})")),
            "400 invalid_body");
  EXPECT_EQ(refusal(call("create_password_ticket", {}, R"({"user_id":"auth0|1","new_password":"weak"})")),
            "400 ");
  EXPECT_EQ(refusal(call("create_verification_ticket", {}, R"({"user_id":"auth0|none"})")),
            "404 inexistent_user");
  EXPECT_EQ(refusal(call("create_verification_ticket", {}, R"({"user_id":"auth0|1","client_id":"none"})")),
            "404 inexistent_client");
}

TEST_F(UserRows, a_session_is_read_changed_and_ended_under_its_sid) {
  domain::Session session{.id = 9,
                          .public_part = std::string(16, 'p'),
                          .user_id = "auth0|1",
                          .idle_expires_at = testing::start + Seconds(60),
                          .expires_at = testing::start + Seconds(60)};
  world.state.sessions[9] = session;
  const endpoint::PathParameters path{{"id", session.sid()}};
  EXPECT_EQ(json::string_or(body_of(call("get_session", path)), "user_id"), "auth0|1");
  EXPECT_EQ(call("update_session", path, R"({"session_metadata":{"a":"b"}})").status, 200);
  EXPECT_EQ(json::string_or(world.state.sessions[9].metadata, "a"), "b");
  session.public_part[0] = 'q';
  EXPECT_EQ(refusal(call("get_session", {{"id", session.sid()}})), "404 inexistent_session");
  EXPECT_EQ(call("delete_session", path).status, 202);
  EXPECT_TRUE(world.state.sessions.empty());
  EXPECT_EQ(call("delete_session", path).status, 202);
}

TEST_F(UserRows, a_refresh_token_is_named_without_its_secret) {
  domain::RefreshToken token{.id = 5, .secret_sha256 = crypto::sha256("s"), .family = 5};
  token.authorization.user_id = "auth0|1";
  world.state.refresh_tokens[5] = token;
  const endpoint::PathParameters path{{"id", token.public_id()}};
  EXPECT_LE(token.public_id().size(), 30u);
  EXPECT_EQ(json::string_or(body_of(call("get_refresh_token", path)), "user_id"), "auth0|1");
  EXPECT_EQ(refusal(call("get_refresh_token", {{"id", domain::Handle{5, std::string(12, 'x')}.to_string()}})),
            "404 inexistent_refresh_token");
  const auto changed = call("update_refresh_token", path, R"({"refresh_token_metadata":{"a":1}})");
  EXPECT_EQ(changed.status, 200);
  EXPECT_TRUE(body_of(changed).contains("refresh_token_metadata"));
  EXPECT_FALSE(body_of(call("update_refresh_token", path, R"({"refresh_token_metadata":null})"))
                   .contains("refresh_token_metadata"));
  world.committer.before_commit = [this] { world.state.refresh_tokens[5].rotated_at = testing::start; };
  EXPECT_EQ(refusal(call("update_refresh_token", path, R"({"refresh_token_metadata":{"a":2}})")),
            "404 inexistent_refresh_token");
  world.state.refresh_tokens[5].rotated_at.reset();
  EXPECT_EQ(call("delete_refresh_token", path).status, 204);
  EXPECT_TRUE(world.state.refresh_tokens.empty());
}

}  // namespace
}  // namespace durward::management
