#include "extensions/post_challenge.h"

#include <gtest/gtest.h>

#include "extensions/testing/script_world.h"

namespace durward::extensions {
namespace {

using testing::asks;

constexpr std::string_view away_url = "https://proof.example/";

struct PostChallenge : ::testing::Test, testing::ScriptWorld {
  ChallengeFacts facts;
  std::string trigger = std::string(post_challenge_trigger);

  PostChallenge() {
    facts.context = context();
    facts.client = add_client("app", "", "spa", {"authorization_code"});
    facts.connection = add_connection("db", {"app"});
    facts.user = add_user("1", "ada@example.com");
    facts.locale = "de";
  }
  ChallengeVerdict run() { return std::move(run_sync(post_challenge(services, facts))).value(); }
  ChallengeVerdict run(json::Array commands) {
    bind(trigger, "one", does(std::move(commands)));
    return run();
  }
  static std::string denial(const ChallengeVerdict& verdict) {
    return verdict.denial ? verdict.denial->code + ": " + verdict.denial->message : "";
  }
  const json::Object& input() const { return scripts.calls.back().input; }
  const json::Object& event() const { return input().at("event").as_object(); }
};

TEST_F(PostChallenge, the_event_has_what_the_reference_names) {
  run({});
  for (const auto name : {"tenant", "client", "connection", "request", "user", "authorization",
                          "authentication", "stats", "transaction"})
    EXPECT_TRUE(event().contains(name)) << name;
  EXPECT_EQ(event().at("transaction").as_object(),
            (json::Object{{"locale", "de"}, {"ui_locales", json::Array()}}));
  EXPECT_EQ(json::string_or(event().at("authentication").at("methods").at(0).as_object(), "name"), "email");
  const auto& user = event().at("user").as_object();
  EXPECT_EQ(json::string_or(user, "email"), "ada@example.com");
  for (const auto name : {"blocked", "last_ip", "logins_count"}) EXPECT_FALSE(user.contains(name)) << name;
  EXPECT_EQ(scripts.calls.back().handler, "onExecutePostChallenge");
}

TEST_F(PostChallenge, a_link_of_no_application_still_has_a_client) {
  facts.client.reset();
  run({});
  EXPECT_EQ(event().at("client").as_object(),
            (json::Object{{"client_id", ""}, {"name", ""}, {"metadata", json::Object()}}));
}

TEST_F(PostChallenge, allows_unless_somebody_objects_and_says_where_to_go) {
  bind(trigger, "other", does({asks("transaction.setResultUrl", {"https://first.example/"})}));
  const auto verdict = run({asks("transaction.setResultUrl", {"https://shop.example/welcome"})});
  EXPECT_EQ(denial(verdict), "");
  EXPECT_FALSE(verdict.redirect);
  EXPECT_EQ(verdict.progress.result_url, "https://shop.example/welcome") << "the last one counts";
  EXPECT_EQ(execution_in(verdict.writes)->trigger_id, trigger);
}

TEST_F(PostChallenge, denies_with_the_words_of_the_script_and_the_first_refusal_counts) {
  const auto verdict = run({asks("redirect.sendUserTo", {away_url}), asks("access.deny", {"call us"}),
                            asks("access.deny", {"second"})});
  EXPECT_EQ(denial(verdict), "access_denied: call us");
  EXPECT_EQ(verdict.log_text, "call us");
  EXPECT_FALSE(verdict.redirect);
  EXPECT_TRUE(execution_in(verdict.writes));
}

TEST_F(PostChallenge, asks_for_nothing_that_nobody_has) {
  const std::vector<json::Object> wanted = {
      asks("authentication.challengeWith", {json::Object{{"type", "otp"}}}),
      asks("authentication.challengeWithAny", testing::list_argument({json::Object{{"type", "otp"}}})),
      asks("prompt.render", {"form"}),
  };
  for (const auto& command : wanted) {
    configuration.tenant_scripts.triggers.clear();
    EXPECT_TRUE(denial(run({command})).starts_with("access_denied")) << json::serialize(command);
  }
}

TEST_F(PostChallenge, what_belongs_to_logins_is_a_failure_of_the_script) {
  for (const auto& command : {asks("idToken.setCustomClaim", {"a", 1}), asks("validation.error", {"a", "b"}),
                              asks("transaction.setResultUrl", {"javascript:alert(1)"})}) {
    configuration.tenant_scripts.triggers.clear();
    EXPECT_EQ(denial(run({command})), "access_denied: The password could not be changed.");
  }
}

TEST_F(PostChallenge, who_comes_back_goes_on_where_they_were) {
  bind(trigger, "first", does({asks("transaction.setResultUrl", {"https://shop.example/"})}));
  bind(trigger, "sends", does({asks("redirect.sendUserTo", {away_url})}));
  bind(trigger, "last", does());
  const auto away_now = run();
  EXPECT_EQ(away_now.redirect, away_url);
  acts["sends"] = does();
  facts.progress = ChallengeProgress::from_json(away_now.progress.to_json());
  facts.came_back =
      json::Object{{"state", "s"}, {"query", json::Object{{"ok", "1"}}}, {"body", json::Object()}};
  const auto back = run();
  EXPECT_EQ(scripts.calls.back().handler, "onContinuePostChallenge");
  EXPECT_EQ(scripts.calls.back().scripts.size(), 2u);
  EXPECT_EQ(input().at("continue").as_object(), *facts.came_back);
  EXPECT_EQ(back.progress.result_url, "https://shop.example/") << "what was said before still counts";
  EXPECT_FALSE(back.redirect);
}

TEST_F(PostChallenge, a_failure_keeps_the_password_and_tells_the_tenant_only) {
  bind(trigger, "broken", fails("thrown", "hunter2"));
  const auto verdict = run();
  EXPECT_EQ(denial(verdict), "access_denied: The password could not be changed.");
  EXPECT_EQ(verdict.log_text, "Action broken: thrown: hunter2");
  EXPECT_EQ(execution_in(verdict.writes)->status, "partial");
}

TEST_F(PostChallenge, too_much_work_is_temporary_and_passed_over_where_the_binding_says_so) {
  away = Error{ErrorKind::unavailable, "extensions_unavailable", "busy", {}, 7};
  bind(trigger, "open", does(), true);
  EXPECT_EQ(denial(run()), "");
  bind(trigger, "closed", does());
  const auto verdict = run();
  ASSERT_TRUE(verdict.denial);
  EXPECT_EQ(verdict.denial->kind, ErrorKind::unavailable);
  EXPECT_EQ(verdict.denial->retry_after, 7);
}

}  // namespace
}  // namespace durward::extensions
