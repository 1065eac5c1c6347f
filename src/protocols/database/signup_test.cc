#include "protocols/database/signup.h"

#include "protocols/testing/face.h"

namespace durward::protocols::database {
namespace {

class Signup : public testing::Face {
 protected:
  Signup() {
    world.add_client("spa", "", "spa", {"authorization_code"}, {{"web_origins", {"https://spa.test"}}});
    world.add_connection("db", {"spa"});
    world.add_connection("closed", {"spa"}, {{"disable_signup", true}});
    world.add_connection("foreign", {"other"});
  }
  http::Response sign_up(std::string more, std::string connection = "db") {
    return send(
        post("/dbconnections/signup",
             R"({"client_id":"spa","email":"ada@example.com","password":"Correct-horse-7","connection":")" +
                 connection + "\"" + more + "}",
             "application/json"));
  }
  static std::string code_of(const http::Response& response) {
    return std::to_string(response.status) + " " + json::string_or(body_of(response), "code");
  }
  http::Response change(std::string body) {
    return send(post("/dbconnections/change_password", std::move(body)));
  }
};

TEST_F(Signup, creates_a_user_and_sends_a_mail_in_one_commit) {
  const auto response = sign_up(R"(,"given_name":"Ada","user_metadata":{"plan":"gold"})");
  ASSERT_EQ(response.status, 200) << response.body;
  const auto body = body_of(response);
  EXPECT_EQ(json::string_or(body, "_id").size(), 24u);
  EXPECT_EQ(json::string_or(body, "email"), "ada@example.com");
  EXPECT_FALSE(json::boolean_or(body, "email_verified", true));
  EXPECT_EQ(json::string_or(body, "given_name"), "Ada");
  EXPECT_EQ(json::string_or(*json::object(body, "user_metadata"), "plan"), "gold");
  EXPECT_FALSE(body.contains("password"));
  EXPECT_EQ(world.state.commits, 1);
  EXPECT_EQ(world.state.jobs.size(), 1u);
}

TEST_F(Signup, scripts_that_cannot_be_run_now_say_when_to_come_again) {
  const domain::BoundScript bound{.script = std::make_shared<const domain::Script>(), .binding_id = "b"};
  const auto overloaded = [](domain::TenantId, const ports::ScriptCall&) -> Result<ports::ScriptOutcome> {
    return std::unexpected(Error{ErrorKind::unavailable, "extensions_unavailable", "busy", {}, 7});
  };
  world.scripts.played = overloaded;
  auto& scripts = world.configuration.tenant_scripts;
  scripts.hooks["pre-user-registration"] = bound;
  const auto by_hook = sign_up("");
  scripts.triggers["pre-user-registration"] = {bound};
  const auto by_action = sign_up("");
  for (const auto& response : {by_hook, by_action}) {
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.headers.get("Retry-After"), "7");
  }
  EXPECT_TRUE(world.state.users.empty());
}

TEST_F(Signup, a_weak_password_is_answered_with_the_rules) {
  const auto response =
      send(post("/dbconnections/signup", "client_id=spa&connection=db&email=a@b.test&password=short"));
  const auto body = body_of(response);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(json::string_or(body, "name"), "PasswordStrengthError");
  EXPECT_EQ(json::string_or(body, "code"), "invalid_password");
  EXPECT_EQ(json::integer_or(body, "statusCode", 0), 400);
  ASSERT_TRUE(json::object(body, "description"));
  EXPECT_TRUE(json::array(*json::object(body, "description"), "rules"));
  EXPECT_TRUE(body.contains("policy") && body.contains("message"));
}

TEST_F(Signup, a_leaked_password_is_refused_before_the_account_is_looked_for) {
  world.breached.listed = {"Correct-horse-7"};
  EXPECT_EQ(sign_up("").status, 200);  // an untouched tenant does not look
  world.configuration.protection = domain::AttackProtection::from_documents(
      {{"breached-password-detection",
        json::parse_object(R"({"enabled":true,"stage":{"pre-user-registration":{"shields":["block"]}}})")
            .value()}});
  EXPECT_EQ(code_of(sign_up("")), "400 password_leaked");
  EXPECT_EQ(world.state.users.size(), 1u);
  int leaks = 0;
  for (const auto& [id, record] : world.state.log) leaks += record.type == "signup_pwd_leak";
  EXPECT_EQ(leaks, 1);
}

TEST_F(Signup, a_challenge_is_described_and_its_picture_answered_once) {
  world.configuration.protection = domain::AttackProtection::from_documents(
      {{"bot-detection", {{"challenge_password_policy", "always"}}}});
  EXPECT_EQ(code_of(sign_up("")), "400 requires_verification");
  const auto told =
      body_of(send(post("/dbconnections/signup/challenge", R"({"state":"abc"})", "application/json")));
  EXPECT_TRUE(json::boolean_or(told, "required", false));
  EXPECT_EQ(json::string_or(told, "provider"), "auth0");
  EXPECT_TRUE(json::string_or(told, "image").starts_with("data:image/svg+xml;base64,"));
  // What a person reads off the picture, taken from where the server keeps it.
  const auto token = world.cache.values.begin()->second;
  const auto sealed = login::open_challenge(world.vault, {1}, "sign-up state abc", token, world.clock.now());
  ASSERT_TRUE(sealed);
  world.clock.advance(login::written_wait);
  const std::string answer = R"(,"state":"abc","captcha":")" + sealed->answers.back() + "\"";
  EXPECT_EQ(code_of(sign_up(R"(,"state":"other","captcha":"12345")")), "400 invalid_captcha");
  EXPECT_EQ(sign_up(answer).status, 200);
  EXPECT_EQ(code_of(sign_up(answer)), "400 invalid_captcha");
  EXPECT_EQ(world.state.last_log().type, "fs");
}

TEST_F(Signup, a_reset_mail_must_answer_a_challenge_where_the_tenant_says_so) {
  world.configuration.protection = domain::AttackProtection::from_documents(
      {{"bot-detection", {{"challenge_password_reset_policy", "always"}}}});
  EXPECT_EQ(code_of(change("client_id=spa&connection=db&email=ada@example.com")),
            "400 requires_verification");
  EXPECT_TRUE(world.state.jobs.empty());
}

TEST_F(Signup, a_captcha_provider_is_named_with_its_public_key_only) {
  world.configuration.protection = domain::AttackProtection::from_documents(
      {{"bot-detection", {{"challenge_password_policy", "always"}}},
       {"captcha",
        json::parse_object(R"({"active_provider_id":"hcaptcha","hcaptcha":{"site_key":"k","secret":"s"}})")
            .value()}});
  EXPECT_EQ(send(post("/dbconnections/signup/challenge", "{}", "application/json")).body,
            R"({"required":true,"provider":"hcaptcha","siteKey":"k"})");
}

TEST_F(Signup, a_taken_address_is_told_only_when_the_tenant_wants_it) {
  sign_up("");
  EXPECT_EQ(code_of(sign_up("")), "400 invalid_signup");
  world.configuration.tenant_settings->public_signup_user_exists_error = true;
  EXPECT_EQ(code_of(sign_up("")), "400 user_exists");
  EXPECT_EQ(world.state.users.size(), 1u);
  EXPECT_EQ(world.state.last_log().type, "fs");
}

TEST_F(Signup, a_taken_username_has_a_code_of_its_own) {
  world.add_connection("named", {"spa"}, {{"requires_username", true}});
  world.configuration.tenant_settings->public_signup_user_exists_error = true;
  EXPECT_EQ(sign_up(R"(,"username":"ada")", "named").status, 200);
  const auto again = send(post("/dbconnections/signup",
                               R"({"client_id":"spa","email":"eve@example.com","password":"Correct-horse-7",)"
                               R"("username":"ada","connection":"named"})",
                               "application/json"));
  EXPECT_EQ(code_of(again), "400 username_exists");
  EXPECT_EQ(json::string_or(body_of(again), "name"), "BadRequestError");
}

TEST_F(Signup, closed_foreign_and_unknown_connections_are_refused) {
  EXPECT_EQ(code_of(sign_up("", "closed")), "400 invalid_signup");
  EXPECT_EQ(code_of(sign_up("", "foreign")), "400 invalid_request");
  EXPECT_EQ(code_of(sign_up("", "none")), "400 invalid_request");
  EXPECT_TRUE(world.state.users.empty());
}

TEST_F(Signup, required_members_and_limits_are_checked) {
  EXPECT_EQ(code_of(send(post("/dbconnections/signup", "client_id=spa&connection=db"))),
            "400 invalid_request");
  EXPECT_EQ(code_of(send(post("/dbconnections/signup", "client_id=no&connection=db&password=x"))),
            "400 invalid_request");
  EXPECT_EQ(sign_up(R"(,"name":7)").status, 400);
  EXPECT_EQ(sign_up(R"(,"given_name":")" + std::string(151, 'a') + "\"").status, 400);
  EXPECT_EQ(sign_up(R"(,"user_metadata":{"a":{"b":1}})").status, 400);
  EXPECT_EQ(sign_up(R"(,"user_metadata":{"a":")" + std::string(501, 'a') + "\"}").status, 400);
  EXPECT_EQ(sign_up(R"(,"user_metadata":[])").status, 400);
  std::string many = R"(,"user_metadata":{"0":"")";
  for (int i = 1; i <= 10; ++i) many += ",\"" + std::to_string(i) + "\":\"\"";
  EXPECT_EQ(sign_up(many + "}").status, 400);
  EXPECT_EQ(send(post("/dbconnections/signup", "x", "text/plain")).status, 400);
}

TEST_F(Signup, profile_members_cannot_smuggle_privileges) {
  sign_up(R"(,"app_metadata":{"admin":true},"email_verified":true,"blocked":true)");
  const auto& user = world.state.users.begin()->second.user;
  EXPECT_FALSE(user.profile.contains("app_metadata"));
  EXPECT_FALSE(user.email_verified());
  EXPECT_FALSE(user.blocked());
}

TEST_F(Signup, a_password_change_answers_the_same_for_everybody) {
  world.add_user("ada", "ada@example.com", "secret");
  const auto known = change("client_id=spa&connection=db&email=Ada@Example.com");
  EXPECT_EQ(known.status, 200);
  EXPECT_EQ(world.state.jobs.size(), 1u);
  const auto unknown = change("client_id=spa&connection=db&email=nobody@example.com");
  EXPECT_EQ(unknown.status, 200);
  EXPECT_EQ(unknown.body, known.body);
  EXPECT_EQ(world.state.jobs.size(), 1u);
  EXPECT_EQ(world.state.commits, 2);
}

TEST_F(Signup, a_password_change_takes_no_password_and_needs_an_address_and_a_connection) {
  EXPECT_EQ(code_of(change("connection=db&email=a@b.test&password=new")), "400 password_not_allowed");
  EXPECT_EQ(code_of(change("connection=db")), "400 invalid_request");
  EXPECT_EQ(code_of(change("email=a@b.test")), "400 invalid_request");
  EXPECT_EQ(code_of(change("connection=none&email=a@b.test")), "400 invalid_request");
}

TEST_F(Signup, an_address_may_not_sign_up_or_ask_for_mails_without_end) {
  world.configuration.protection.suspicious_ip.sign_up.max_attempts = 1;
  world.configuration.protection.suspicious_ip.sign_in.max_attempts = 1;
  EXPECT_EQ(sign_up("").status, 200);
  const auto refused = sign_up("");
  EXPECT_EQ(code_of(refused), "429 too_many_attempts");
  EXPECT_EQ(json::string_or(body_of(refused), "name"), "AnomalyDetected");
  EXPECT_EQ(world.state.last_log().type, "limit_mu");
  EXPECT_EQ(change("client_id=spa&connection=db&email=ada@example.com").status, 200);
  EXPECT_EQ(code_of(change("client_id=spa&connection=db&email=ada@example.com")), "429 too_many_attempts");
  EXPECT_EQ(code_of(change("client_id=spa&connection=db&email=nobody@example.com")), "429 too_many_attempts");
}

TEST_F(Signup, an_untouched_tenant_asks_for_no_challenge) {
  for (const char* path : {"/dbconnections/signup/challenge", "/dbconnections/change_password/challenge",
                           "/usernamepassword/challenge"}) {
    const auto response = send(with(post(path, R"({"client_id":"spa","state":"x"})", "application/json"),
                                    "Origin", "https://spa.test"));
    EXPECT_EQ(response.body, R"({"required":false})");
    EXPECT_EQ(response.headers.get("Access-Control-Allow-Origin"), "https://spa.test");
  }
}

TEST_F(Signup, ssodata_says_whether_the_browser_is_signed_in) {
  EXPECT_EQ(send(get("/user/ssodata")).body, R"({"sso":false})");
}

}  // namespace
}  // namespace durward::protocols::database
