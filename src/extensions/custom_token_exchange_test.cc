#include "extensions/custom_token_exchange.h"

#include <gtest/gtest.h>

#include "extensions/testing/script_world.h"

namespace durward::extensions {
namespace {

using testing::asks;
using testing::ScriptWorld;

json::Object chain(int depth) {
  json::Object out{{"sub", "agent " + std::to_string(depth)}};
  if (depth > 1) out["act"] = chain(depth - 1);
  return out;
}

struct CustomTokenExchange : ::testing::Test, ScriptWorld {
  ExchangeFacts facts;
  CustomTokenExchange() {
    facts.context = context();
    facts.client = add_client("app", "s3cret", "regular_web", {});
    facts.profile = {"tep_1", "act_1"};
    facts.audience = "https://orders";
    facts.transaction = {{"subject_token", "partner-1"}, {"subject_token_type", "urn:partner:token"}};
  }
  ExchangeVerdict run(Act act) {
    auto script = std::make_shared<domain::Script>();
    script->id = script->name = "judge";
    configuration.tenant_scripts.actions["act_1"] = script;
    acts["judge"] = std::move(act);
    return std::move(run_sync(custom_token_exchange(services, facts))).value();
  }
  ExchangeVerdict run(json::Array commands) { return run(does(std::move(commands))); }
  std::string refusal(json::Array commands) {
    const auto verdict = run(std::move(commands));
    if (!verdict.denial) return "none";
    return verdict.denial->code + ": " + verdict.denial->message + " (" + verdict.log_text + ")";
  }
};

constexpr auto gave_up = "access_denied: The token exchange could not be completed. ";

TEST_F(CustomTokenExchange, is_for_a_user_by_id_with_metadata_and_an_actor) {
  const auto verdict =
      run({asks("authentication.setUserById", {"auth0|1"}), asks("authentication.setActor", {chain(5)}),
           asks("user.setUserMetadata", {"via", "partner"}), asks("user.setAppMetadata", {"old", nullptr})});
  EXPECT_FALSE(verdict.denial);
  EXPECT_EQ(verdict.user_id, "auth0|1");
  EXPECT_EQ(verdict.actor, chain(5));
  EXPECT_EQ(verdict.metadata.user, (json::Object{{"via", "partner"}}));
  EXPECT_EQ(verdict.metadata.app, (json::Object{{"old", nullptr}}));
  EXPECT_TRUE(execution_in(verdict.writes));
}

TEST_F(CustomTokenExchange, is_for_a_user_of_a_connection) {
  const auto verdict =
      run({asks("authentication.setUserByConnection",
                {"db", json::Object{{"user_id", "7"}, {"email_verified", true}},
                 json::Object{{"creationBehavior", "create_if_not_exists"}, {"updateBehavior", "none"}}})});
  ASSERT_TRUE(verdict.by_connection);
  EXPECT_EQ(verdict.by_connection->connection, "db");
  EXPECT_TRUE(verdict.by_connection->may_create);
  EXPECT_FALSE(verdict.by_connection->replaces);
}

TEST_F(CustomTokenExchange, the_action_sees_the_token_and_runs_alone) {
  bind("custom-token-exchange", "bound by mistake", does());
  run({asks("authentication.setUserById", {"auth0|1"})});
  ASSERT_EQ(scripts.calls.size(), 1u);
  const auto& call = scripts.calls.back();
  EXPECT_EQ(call.handler, "onExecuteCustomTokenExchange");
  EXPECT_EQ(call.scripts.size(), 1u);
  const auto& event = call.input.at("event").as_object();
  EXPECT_EQ(json::string_or(event.at("transaction").as_object(), "subject_token"), "partner-1");
  EXPECT_EQ(json::string_or(event.at("resource_server").as_object(), "identifier"), "https://orders");
}

TEST_F(CustomTokenExchange, a_denial_has_the_words_of_the_action) {
  const auto verdict = run({asks("access.deny", {"not_a_partner", "no contract"}),
                            asks("access.rejectInvalidSubjectToken", {"later"})});
  EXPECT_EQ(verdict.denial->kind, ErrorKind::invalid);
  EXPECT_EQ(verdict.denial->code, "not_a_partner");
  EXPECT_EQ(verdict.denial->message, "no contract");
  EXPECT_FALSE(verdict.rejects_subject_token);
}

TEST_F(CustomTokenExchange, an_invalid_subject_token_is_told_apart) {
  const auto verdict = run({asks("access.rejectInvalidSubjectToken", {"forged"})});
  EXPECT_EQ(verdict.denial->code, "invalid_request");
  EXPECT_EQ(verdict.denial->message, "forged");
  EXPECT_TRUE(verdict.rejects_subject_token);
}

TEST_F(CustomTokenExchange, nobody_is_let_in_by_an_action_that_cannot_be_relied_on) {
  const auto by_id = asks("authentication.setUserById", {"auth0|1"});
  const auto with = [&](json::Object more) { return json::Array{by_id, std::move(more)}; };
  EXPECT_EQ(refusal({}), std::string(gave_up) + "(the action has to set the user exactly once)");
  EXPECT_EQ(refusal(with(by_id)), std::string(gave_up) + "(the action has to set the user exactly once)");
  EXPECT_EQ(refusal(with(asks("authentication.setActor", {chain(6)}))),
            std::string(gave_up) + "(setActor: not an actor)");
  EXPECT_EQ(refusal(with(asks("authentication.setActor", {json::Object{{"sub", std::string(5000, 'x')}}}))),
            std::string(gave_up) + "(setActor: not an actor)");
  EXPECT_EQ(refusal(with(asks("authentication.setActor", {json::Object{{"sub", "a"}, {"act", "b"}}}))),
            std::string(gave_up) + "(setActor: not an actor)");
  EXPECT_EQ(refusal(with(asks("authentication.setOrganization", {"org_1"}))),
            "invalid_request: The organization does not exist. ()");
}

TEST_F(CustomTokenExchange, attributes_have_names_and_types) {
  for (json::Object attributes :
       {json::Object{}, json::Object{{"user_id", ""}}, json::Object{{"user_id", "a b"}},
        json::Object{{"user_id", std::string(256, 'x')}}, json::Object{{"user_id", "1"}, {"email", true}},
        json::Object{{"user_id", "1"}, {"email_verified", "yes"}},
        json::Object{{"user_id", "1"}, {"app_metadata", json::Object()}}})
    EXPECT_EQ(refusal({asks("authentication.setUserByConnection", {"db", attributes, json::Object()})}),
              std::string(gave_up) + "(setUserByConnection: wrong attributes)")
        << json::serialize(attributes);
}

TEST_F(CustomTokenExchange, a_failing_action_is_only_recorded_with_its_reason) {
  const auto verdict = run(fails("thrown", "secret of the tenant"));
  EXPECT_EQ(verdict.denial->code, "access_denied");
  EXPECT_FALSE(verdict.denial->message.contains("secret"));
  EXPECT_EQ(verdict.log_text, "Action judge: thrown: secret of the tenant");
  EXPECT_TRUE(execution_in(verdict.writes));
}

TEST_F(CustomTokenExchange, an_action_that_is_not_deployed_lets_nobody_in) {
  facts.profile.action_id = "act_2";
  EXPECT_EQ(refusal({}), std::string(gave_up) + "(the action of the profile is not deployed)");
  EXPECT_TRUE(scripts.calls.empty());
}

TEST_F(CustomTokenExchange, too_much_work_is_worth_another_try) {
  away = Error{ErrorKind::unavailable, "extensions_unavailable", {}, {}, 7};
  const auto verdict = run(json::Array());
  EXPECT_EQ(verdict.denial->kind, ErrorKind::unavailable);
  EXPECT_EQ(verdict.denial->retry_after, 7);
}

TEST_F(CustomTokenExchange, what_the_action_keeps_in_its_cache_is_there_next_time) {
  configuration.tenant_scripts.actions.clear();
  auto script = std::make_shared<domain::Script>();
  script->id = script->name = "judge";
  script->code = "api.cache";
  configuration.tenant_scripts.actions["act_1"] = script;
  acts["judge"] = does({asks("authentication.setUserById", {"auth0|1"}),
                        asks("cache.set", {"used", "1", to_unix_ms(clock.now()) + 1000})});
  (void)run_sync(custom_token_exchange(services, facts));
  (void)run_sync(custom_token_exchange(services, facts));
  EXPECT_TRUE(scripts.calls.back().input.at("cache").as_object().contains("used"));
}

}  // namespace
}  // namespace durward::extensions
