#include "extensions/credentials_exchange.h"

#include <gtest/gtest.h>

#include "extensions/testing/script_world.h"

namespace durward::extensions {
namespace {

using testing::asks;
using testing::ScriptWorld;

constexpr auto trigger = "credentials-exchange";

struct CredentialsExchange : ::testing::Test, ScriptWorld {
  ProgramFacts facts;
  CredentialsExchange() {
    facts.context = context();
    facts.client = add_client("machine", "s3cret", "non_interactive", {"client_credentials"});
    facts.audience = "https://orders";
    facts.scope = {"read", "write"};
  }
  ProgramVerdict run() { return std::move(run_sync(credentials_exchange(services, facts))).value(); }
  ProgramVerdict run(json::Array commands) {
    configuration.tenant_scripts.triggers.clear();
    bind(trigger, "one", does(std::move(commands)));
    return run();
  }
  using Scopes = std::vector<std::string>;
};

TEST_F(CredentialsExchange, without_scripts_leaves_everything_as_it_was) {
  const auto verdict = run();
  EXPECT_EQ(verdict.scope, facts.scope);
  EXPECT_TRUE(verdict.claims.empty());
  EXPECT_TRUE(verdict.writes.empty());
  EXPECT_TRUE(verdict.trace.empty());
  EXPECT_TRUE(scripts.calls.empty());
}

TEST_F(CredentialsExchange, changes_claims_and_scopes) {
  EXPECT_EQ(run({asks("transaction.addTargetScope", {"more"}), asks("transaction.addTargetScope", {"read"}),
                 asks("transaction.removeTargetScope", {"write"})})
                .scope,
            (Scopes{"read", "more"}));
  EXPECT_EQ(run({asks("transaction.setTargetScopes", testing::list_argument({"a", "b"}))}).scope,
            (Scopes{"a", "b"}));
  EXPECT_TRUE(run({asks("transaction.clearTargetScopes")}).scope.empty());
  const auto verdict =
      run({asks("accessToken.setCustomClaim", {"a", 1}), asks("accessToken.setCustomClaim", {"b", 1}),
           asks("accessToken.setCustomClaim", {"b", nullptr}),
           asks("accessToken.setCustomClaim", {"iss", "eve"})});
  EXPECT_EQ(verdict.claims, (json::Object{{"a", 1}}));
  EXPECT_TRUE(execution_in(verdict.writes));
}

TEST_F(CredentialsExchange, tells_of_the_program_and_never_its_secret) {
  run({});
  const auto text = json::serialize(scripts.calls.back().input);
  EXPECT_TRUE(text.contains("https://orders"));
  EXPECT_FALSE(text.contains("s3cret"));
}

TEST_F(CredentialsExchange, is_refused_with_the_code_and_words_of_the_script) {
  const auto refused = run({asks("access.deny", {"invalid_scope", "not at night"})});
  EXPECT_EQ(refused.denial->code, "invalid_scope");
  EXPECT_EQ(refused.denial->message, "not at night");
  EXPECT_EQ(refused.denial->kind, ErrorKind::invalid);
  EXPECT_TRUE(execution_in(refused.writes));
  EXPECT_EQ(run({asks("access.deny", {"server_error", "x"})}).denial->kind, ErrorKind::internal);
}

TEST_F(CredentialsExchange, a_failure_is_ours_and_too_much_work_is_temporary) {
  bind(trigger, "broken", fails("thrown", "hunter2"));
  const auto failed = run();
  EXPECT_EQ(failed.denial->code, "server_error");
  EXPECT_FALSE((failed.denial->message + failed.denial->debug).contains("hunter2"));
  away = Error{ErrorKind::unavailable, "extensions_unavailable", "busy", {}, 3};
  const auto busy = run();
  EXPECT_EQ(busy.denial->code, "temporarily_unavailable");
  EXPECT_EQ(busy.denial->retry_after, 3);
}

TEST_F(CredentialsExchange, claims_have_a_bound) {
  EXPECT_EQ(run({asks("accessToken.setCustomClaim", {"a", std::string(101 << 10, 'x')})}).denial->code,
            "server_error");
}

TEST_F(CredentialsExchange, a_hook_runs_where_no_action_is_bound) {
  add_hook(trigger);
  output = {{"arguments",
             json::Array{json::Object{{"scope", json::Array{"read"}}, {"plan", "gold"}, {"sub", "eve"}}}}};
  const auto verdict = run();
  EXPECT_EQ(verdict.scope, Scopes{"read"});
  EXPECT_EQ(verdict.claims, (json::Object{{"plan", "gold"}}));
  EXPECT_EQ(scripts.calls.back().contract, ports::Contract::hook);
  run({});
  EXPECT_EQ(scripts.calls.back().contract, ports::Contract::action);
}

TEST_F(CredentialsExchange, a_hook_that_fails_or_tells_nothing_gives_no_token) {
  add_hook(trigger, fails("thrown", "hunter2"));
  EXPECT_EQ(run().denial->code, "server_error");
  told = 0;
  EXPECT_EQ(run().denial->code, "server_error");
  away = Error{ErrorKind::unavailable, "extensions_unavailable", "busy"};
  EXPECT_EQ(run().denial->kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace durward::extensions
