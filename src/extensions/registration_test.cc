#include "extensions/registration.h"

#include <gtest/gtest.h>

#include "extensions/testing/script_world.h"

namespace durward::extensions {
namespace {

using testing::asks;
using testing::ScriptWorld;

constexpr auto trigger = "pre-user-registration";

struct Registration : ::testing::Test, ScriptWorld {
  RegistrationFacts facts;
  Registration() {
    facts.context = context();
    facts.connection = add_connection("db", {"app"});
    facts.user = {{"email", "new@example.com"}};
  }
  RegistrationVerdict run() { return std::move(run_sync(pre_user_registration(services, facts))).value(); }
  RegistrationVerdict run(json::Array commands) {
    configuration.tenant_scripts.triggers.clear();
    bind(trigger, "one", does(std::move(commands)));
    return run();
  }
};

TEST_F(Registration, without_scripts_nothing_runs) {
  EXPECT_FALSE(run().denial);
  EXPECT_TRUE(scripts.calls.empty());
}

TEST_F(Registration, an_administrator_has_no_client_and_a_person_has_one) {
  run({});
  EXPECT_FALSE(scripts.calls.back().input.at("event").as_object().contains("client"));
  facts.client = add_client("app", "", "spa", {});
  run({});
  EXPECT_TRUE(scripts.calls.back().input.at("event").as_object().contains("client"));
}

TEST_F(Registration, metadata_joins_what_was_asked_for_and_null_removes) {
  json::Object attributes{{"user_metadata", json::Object{{"kept", 1}, {"old", 2}}}};
  run({asks("user.setUserMetadata", {"old", nullptr}), asks("user.setUserMetadata", {"new", 3}),
       asks("user.setAppMetadata", {"by", "action"})})
      .metadata.apply_to(attributes);
  EXPECT_EQ(attributes, (json::Object{{"user_metadata", json::Object{{"kept", 1}, {"new", 3}}},
                                      {"app_metadata", json::Object{{"by", "action"}}}}));
}

TEST_F(Registration, is_refused_with_words_for_the_person_and_a_reason_for_the_log) {
  const auto denied = run({asks("access.deny", {"rival", "Only for our people"})});
  EXPECT_EQ(denied.denial->code, "extensibility_error");
  EXPECT_EQ(denied.denial->message, "Only for our people");
  EXPECT_EQ(denied.denial->debug, "rival");
  EXPECT_TRUE(execution_in(denied.writes));
  const auto wrong = run({asks("validation.error", {"too_young", "Come back later"})});
  EXPECT_EQ(wrong.denial->code, "validation_error");
}

TEST_F(Registration, the_first_refusal_counts) {
  EXPECT_EQ(
      run({asks("access.deny", {"a", "first"}), asks("validation.error", {"b", "second"})}).denial->message,
      "first");
}

TEST_F(Registration, a_failure_makes_no_account_and_says_nothing_of_itself) {
  bind(trigger, "broken", fails("thrown", "hunter2"));
  const auto failed = run();
  EXPECT_EQ(failed.denial->code, "extensibility_error");
  EXPECT_FALSE((failed.denial->message + failed.denial->debug).contains("hunter2"));
  away = Error{ErrorKind::unavailable, "extensions_unavailable", "busy", {}, 3};
  EXPECT_EQ(run().denial->retry_after, 3);
}

TEST_F(Registration, a_hook_gives_metadata_or_refuses_in_its_own_class_of_error) {
  add_hook(trigger);
  output = {{"arguments",
             json::Array{json::Object{{"user", json::Object{{"app_metadata", json::Object{{"by", "hook"}}},
                                                            {"user_metadata", json::Object{{"a", 1}}}}}}}}};
  const auto verdict = run();
  EXPECT_EQ(verdict.metadata.app, (json::Object{{"by", "hook"}}));
  EXPECT_EQ(verdict.metadata.user, (json::Object{{"a", 1}}));
  acts["pre-user-registration hook"] =
      fails("thrown", "bad", "PreUserRegistrationError", {{"userMessage", "You are bad"}});
  EXPECT_EQ(run().denial->message, "You are bad");
  acts["pre-user-registration hook"] = fails("thrown", "hunter2");
  EXPECT_EQ(run().denial->message, "The registration could not be completed.");
}

TEST_F(Registration, a_hook_that_told_nothing_makes_no_account) {
  add_hook(trigger);
  told = 0;
  EXPECT_EQ(run().denial->code, "extensibility_error");
}

}  // namespace
}  // namespace durward::extensions
