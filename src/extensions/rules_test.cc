#include "extensions/rules.h"

#include <gtest/gtest.h>

#include "extensions/testing/script_world.h"

namespace durward::extensions {
namespace {

using testing::ScriptWorld;

struct Rules : ::testing::Test, ScriptWorld {
  LoginFacts facts;
  json::Object context_after;
  Rules() {
    facts.client = add_client("app", "", "spa", {"authorization_code"});
    facts.context = context();
    facts.user = add_user("1", "ada@example.com");
    facts.user.profile["app_metadata"] = json::Object{{"plan", "gold"}, {"email", "other"}};
    facts.transaction = {{"protocol", "oidc-basic-profile"},
                         {"requested_scopes", json::Array{"openid", "read"}}};
    facts.may_redirect = true;
  }
  RulesOutcome run() {
    if (!context_after.empty()) output = {{"user", json::Object()}, {"context", context_after}};
    return std::move(run_sync(run_rules(services, facts, {}))).value();
  }
  std::string refused() {
    const auto outcome = run();
    return outcome.denial ? outcome.denial->error.code + ": " + outcome.denial->error.message : "";
  }
  const json::Object& input() const { return scripts.calls.back().input; }
};

TEST_F(Rules, without_any_nothing_runs) {
  EXPECT_FALSE(run().ran);
  EXPECT_TRUE(scripts.calls.empty());
}

TEST_F(Rules, run_in_one_call_with_user_context_and_configuration) {
  configuration.tenant_scripts.rules_configuration = {{"COLOR", "teal"}};
  add_rule("first");
  add_rule("second");
  const auto outcome = run();
  ASSERT_EQ(scripts.calls.size(), 1u);
  EXPECT_EQ(scripts.calls[0].contract, ports::Contract::rule);
  EXPECT_EQ(scripts.calls[0].scripts.size(), 2u);
  const auto& user = input().at("user").as_object();
  EXPECT_EQ(json::string_or(user, "plan"), "gold") << "app_metadata is also the user's own";
  EXPECT_EQ(json::string_or(user, "email"), "ada@example.com") << "but nothing of the user is hidden by it";
  EXPECT_EQ(json::string_or(input().at("configuration").as_object(), "COLOR"), "teal");
  EXPECT_EQ(json::string_or(input().at("context").as_object(), "clientID"), "app");
  EXPECT_EQ(outcome.executed, (json::Array{"first", "second"}));
  EXPECT_EQ(execution_in(outcome.writes)->trigger_id, "rules");
  EXPECT_EQ(execution_in(outcome.writes)->status, "final");
}

TEST_F(Rules, have_a_token_for_the_users_of_the_tenant_when_they_mention_the_helper) {
  int made = 0;
  facts.users_token = [&](endpoint::RequestContext) -> Async<std::string> {
    ++made;
    co_return std::string("a.b.c");
  };
  add_rule("one");
  run();
  EXPECT_EQ(input().at("auth0").as_object(), (json::Object{{"domain", facts.context.host}}));
  EXPECT_EQ(made, 0) << "a signature is not made for nobody";
  auto script = std::make_shared<domain::Script>(*configuration.tenant_scripts.rules[0].script);
  script->code = "function (user, context, callback) { auth0.users.get(user.user_id, callback); }";
  configuration.tenant_scripts.rules[0].script = script;
  run();
  EXPECT_EQ(json::string_or(input().at("auth0").as_object(), "accessToken"), "a.b.c");
}

TEST_F(Rules, what_they_leave_in_the_context_counts) {
  add_rule("one");
  context_after = {{"idToken", json::Object{{"a", 1}, {"sub", "eve"}, {"b", nullptr}}},
                   {"accessToken", json::Object{{"plan", "gold"}, {"scope", json::Array{"openid", "write"}}}},
                   {"primaryUser", "auth0|2"},
                   {"multifactor", json::Object{{"provider", "any"}}}};
  const auto outcome = run();
  EXPECT_EQ(outcome.tokens.id_claims, (json::Object{{"a", 1}}));
  EXPECT_EQ(outcome.tokens.access_claims, (json::Object{{"plan", "gold"}}));
  EXPECT_EQ(outcome.tokens.apply_to(std::vector<std::string>{"openid", "read"}),
            (std::vector<std::string>{"openid", "write"}));
  EXPECT_EQ(outcome.primary_user, "auth0|2");
  EXPECT_TRUE(outcome.wants_factor);
}

TEST_F(Rules, refuse_in_their_own_words_with_unauthorized_error_only) {
  add_rule("one", fails("thrown", "go away", "UnauthorizedError"));
  EXPECT_EQ(refused(), "unauthorized: go away");
  acts["one"] = fails("thrown", "hunter2");
  EXPECT_EQ(refused(), "access_denied: The login could not be completed.");
  acts["one"] = fails("timeout", "go away", "UnauthorizedError");
  EXPECT_EQ(refused(), "access_denied: The login could not be completed.");
}

TEST_F(Rules, a_refusal_leaves_nothing_of_the_context) {
  context_after = {{"idToken", json::Object{{"a", 1}}}};
  add_rule("one", fails("thrown"));
  const auto outcome = run();
  EXPECT_TRUE(outcome.tokens.empty());
  EXPECT_EQ(execution_in(outcome.writes)->status, "partial");
}

TEST_F(Rules, a_rule_that_nothing_was_told_of_lets_nobody_in) {
  add_rule("first");
  add_rule("second");
  told = 1;
  context_after = {{"idToken", json::Object{{"admin", true}}}};
  const auto outcome = run();
  ASSERT_TRUE(outcome.denial);
  EXPECT_TRUE(outcome.tokens.empty());
}

TEST_F(Rules, that_cannot_be_run_are_a_temporary_trouble) {
  add_rule("one");
  away = Error{ErrorKind::unavailable, "extensions_unavailable", "busy", {}, 4};
  const auto outcome = run();
  EXPECT_EQ(outcome.denial->error.kind, ErrorKind::unavailable);
  EXPECT_EQ(outcome.denial->error.retry_after, 4);
}

TEST_F(Rules, send_people_to_web_addresses_and_not_twice) {
  add_rule("one");
  context_after = {{"redirect", json::Object{{"url", "https://survey.example/"}}}};
  EXPECT_EQ(run().redirect, "https://survey.example/");
  facts.came_back = json::Object{{"query", json::Object{{"answer", "42"}}}, {"body", json::Object()}};
  EXPECT_FALSE(run().redirect);
  const auto& context = input().at("context").as_object();
  EXPECT_EQ(json::string_or(context, "protocol"), "redirect-callback");
  EXPECT_EQ(json::string_or(*json::object(context.at("request").as_object(), "query"), "answer"), "42");
  facts.came_back.reset();
  context_after = {{"redirect", json::Object{{"url", "javascript:alert(1)"}}}};
  EXPECT_FALSE(run().redirect);
}

TEST_F(Rules, of_a_login_come_before_its_actions_and_tell_which_ran) {
  add_rule("one");
  bind("post-login", "action", does({testing::asks("idToken.setCustomClaim", {"b", 2})}));
  output = {{"user", json::Object()}, {"context", json::Object{{"idToken", json::Object{{"a", 1}}}}}};
  const auto verdict = run_sync(post_login(services, facts)).value();
  EXPECT_EQ(verdict.tokens.id_claims, (json::Object{{"a", 1}, {"b", 2}}));
  ASSERT_EQ(scripts.calls.size(), 2u);
  EXPECT_EQ(input().at("rules_executed").as_array(), json::Array{"one"});
}

TEST_F(Rules, that_refuse_keep_the_actions_from_running) {
  add_rule("one", fails("thrown"));
  bind("post-login", "action", does());
  EXPECT_TRUE(run_sync(post_login(services, facts))->denial);
  EXPECT_EQ(scripts.calls.size(), 1u);
}

TEST_F(Rules, that_want_a_factor_end_a_login_where_there_is_none) {
  add_rule("one");
  output = {{"context", json::Object{{"multifactor", json::Object{{"provider", "any"}}}}}};
  EXPECT_EQ(run_sync(post_login(services, facts))->denial->error.code, "access_denied");
}

}  // namespace
}  // namespace durward::extensions
