#include "extensions/post_login.h"

#include <gtest/gtest.h>

#include "extensions/login_commands.h"
#include "extensions/testing/script_world.h"

namespace durward::extensions {
namespace {

using testing::asks;
using testing::ScriptWorld;

struct PostLogin : ::testing::Test, ScriptWorld {
  LoginFacts facts;
  PostLogin() {
    auto client = add_client("app", "", "spa", {"authorization_code"});
    facts.context = context();
    facts.client = client;
    facts.connection = std::make_shared<domain::Connection>(add_connection("db", {"app"}));
    facts.user = add_user("1", "ada@example.com");
    facts.may_redirect = true;
    facts.session = domain::Session{.id = 5,
                                    .public_part = std::string(16, 'p'),
                                    .user_id = facts.user.user_id,
                                    .connection = "db",
                                    .created_at = testing::start,
                                    .authenticated_at = testing::start,
                                    .idle_expires_at = testing::start + Seconds(3600),
                                    .expires_at = testing::start + Seconds(7200)};
  }
  LoginVerdict run() { return std::move(run_sync(post_login(services, facts))).value(); }
  LoginVerdict run(json::Array commands) {
    bind("post-login", "one", does(std::move(commands)));
    return run();
  }
  static std::string denial(const LoginVerdict& verdict) {
    return verdict.denial ? verdict.denial->error.code + ": " + verdict.denial->error.message : "";
  }
  static int64_t ms(Seconds after) { return to_unix_ms(testing::start + after); }
  const json::Object& input() const { return scripts.calls.back().input; }
  const json::Object& event() const { return input().at("event").as_object(); }
};

TEST_F(PostLogin, without_scripts_nothing_is_read_or_written) {
  const auto verdict = run();
  EXPECT_FALSE(verdict.ran);
  EXPECT_TRUE(verdict.writes.empty());
  EXPECT_TRUE(verdict.tokens.empty());
  EXPECT_EQ(verdict.user.user_id, facts.user.user_id);
  EXPECT_EQ(state.reads, 0);
}

TEST_F(PostLogin, the_event_tells_of_user_client_connection_session_and_transaction) {
  facts.transaction = {{"protocol", "oidc-basic-profile"}};
  facts.resource_server = "https://orders";
  facts.refresh_token = domain::RefreshToken{.id = 7, .secret_sha256 = "hash"};
  run({});
  for (const auto name :
       {"tenant", "client", "connection", "request", "user", "authorization", "authentication", "transaction",
        "stats", "session", "refresh_token", "resource_server"})
    EXPECT_TRUE(event().contains(name)) << name;
  const auto& user = event().at("user").as_object();
  for (const auto name : {"blocked", "last_ip", "logins_count"}) EXPECT_FALSE(user.contains(name)) << name;
  EXPECT_TRUE(user.contains("user_metadata"));
  EXPECT_FALSE(json::serialize(event()).contains("hash"));
}

// ---- commands

TEST_F(PostLogin, claims_are_set_replaced_and_taken_back_but_those_of_the_server_are_not) {
  const auto verdict =
      run({asks("idToken.setCustomClaim", {"a", 1}), asks("idToken.setCustomClaim", {"a", 2}),
           asks("idToken.setCustomClaim", {"b", 1}), asks("idToken.setCustomClaim", {"b", nullptr}),
           asks("accessToken.setCustomClaim", {"sub", "eve"}),
           asks("accessToken.setCustomClaim", {"https://auth0.com/x", 1}),
           asks("accessToken.setCustomClaim", {"plan", "gold"})});
  EXPECT_EQ(verdict.tokens.id_claims, (json::Object{{"a", 2}}));
  EXPECT_EQ(verdict.tokens.access_claims, (json::Object{{"plan", "gold"}}));
}

TEST_F(PostLogin, scopes_are_added_and_removed_and_openid_is_never_added) {
  const auto verdict = run({asks("accessToken.addScope", {"write"}), asks("accessToken.addScope", {"openid"}),
                            asks("accessToken.removeScope", {"read"}), asks("accessToken.addScope", {"x"}),
                            asks("accessToken.removeScope", {"x"}), asks("accessToken.removeScope", {"y"}),
                            asks("accessToken.addScope", {"y"})});
  EXPECT_EQ(verdict.tokens.apply_to(std::vector<std::string>{"read", "x"}),
            (std::vector<std::string>{"write", "y"}));
}

TEST_F(PostLogin, metadata_is_written_once_and_null_removes) {
  facts.user.profile["user_metadata"] = json::Object{{"old", 1}, {"kept", 2}};
  const auto verdict =
      run({asks("user.setUserMetadata", {"old", nullptr}), asks("user.setUserMetadata", {"color", "teal"}),
           asks("user.setAppMetadata", {"visits", 1})});
  EXPECT_TRUE(verdict.user_changed);
  const auto* write = find_in<ports::ReplaceUser>(verdict.writes);
  ASSERT_TRUE(write);
  EXPECT_EQ(write->user.profile.at("user_metadata").as_object(),
            (json::Object{{"kept", 2}, {"color", "teal"}}));
  EXPECT_EQ(write->user.profile.at("app_metadata").as_object(), (json::Object{{"visits", 1}}));
  EXPECT_EQ(write->identifiers.size(), 1u);
}

TEST_F(PostLogin, a_refused_login_keeps_the_metadata_and_the_record) {
  const auto verdict = run({asks("user.setAppMetadata", {"seen", true}), asks("access.deny", {"not today"})});
  EXPECT_EQ(denial(verdict), "access_denied: not today");
  EXPECT_TRUE(find_in<ports::ReplaceUser>(verdict.writes));
  EXPECT_TRUE(execution_in(verdict.writes));
}

TEST_F(PostLogin, of_several_refusals_the_first_counts_and_of_other_ends_the_last) {
  EXPECT_EQ(denial(run({asks("redirect.sendUserTo", {"https://a.example/"}), asks("access.deny", {"first"}),
                        asks("session.revoke", {"second"})})),
            "access_denied: first");
  configuration.tenant_scripts.triggers.clear();
  const auto verdict = run({asks("redirect.sendUserTo", {"https://a.example/"}),
                            asks("redirect.sendUserTo", {"https://b.example/"})});
  EXPECT_EQ(verdict.redirect, "https://b.example/");
}

TEST_F(PostLogin, words_of_a_refusal_are_bounded) {
  EXPECT_EQ(run({asks("access.deny", {std::string(5000, 'w')})}).denial->error.message.size(), words_max);
}

TEST_F(PostLogin, a_validation_error_is_for_the_person_alone) {
  const auto verdict = run({asks("validation.error", {"too_old", "Your badge is out of date"})});
  EXPECT_TRUE(verdict.denial->on_page);
  EXPECT_EQ(denial(verdict), "too_old: Your badge is out of date");
}

TEST_F(PostLogin, revoking_says_what_is_to_be_revoked) {
  const auto session = run({asks("session.revoke", {"lost"})});
  EXPECT_TRUE(session.denial->revokes_session && session.denial->revokes_refresh_tokens);
  configuration.tenant_scripts.triggers.clear();
  const auto spared = run({asks("session.revoke", {"lost", json::Object{{"preserveRefreshTokens", true}}})});
  EXPECT_TRUE(spared.denial->revokes_session && !spared.denial->revokes_refresh_tokens);
  configuration.tenant_scripts.triggers.clear();
  const auto tokens = run({asks("refreshToken.revoke", {"lost"})});
  EXPECT_TRUE(!tokens.denial->revokes_session && tokens.denial->revokes_refresh_tokens);
}

TEST_F(PostLogin, whatever_asks_for_a_factor_or_a_form_that_is_not_there_ends_the_login) {
  const std::vector<json::Object> asked = {
      asks("authentication.challengeWith", {json::Object{{"type", "otp"}}}),
      asks("authentication.challengeWithAny", testing::list_argument({json::Object{{"type", "otp"}}})),
      asks("authentication.enrollWith", {json::Object{{"type", "otp"}}}),
      asks("authentication.enrollWithAny", testing::list_argument({json::Object{{"type", "otp"}}})),
      asks("multifactor.enable", {"any"}),
      asks("prompt.render", {"ap_1"}),
  };
  for (const auto& one : asked) {
    configuration.tenant_scripts.triggers.clear();
    const auto verdict = run({one});
    EXPECT_TRUE(denial(verdict).starts_with("access_denied: ")) << json::serialize(one);
    EXPECT_FALSE(verdict.denial->log_text.starts_with("Action ")) << "asked for rightly";
  }
  configuration.tenant_scripts.triggers.clear();
  EXPECT_FALSE(run({asks("multifactor.enable", {"none"})}).denial);
}

TEST_F(PostLogin, a_session_ends_sooner_but_never_later) {
  const auto sooner = run({asks("session.setExpiresAt", {ms(Seconds(600))})});
  EXPECT_EQ(sooner.session->expires_at, testing::start + Seconds(600));
  EXPECT_EQ(sooner.session->idle_expires_at, testing::start + Seconds(600));
  configuration.tenant_scripts.triggers.clear();
  const auto later = run({asks("session.setExpiresAt", {ms(Seconds(99'999))}),
                          asks("session.setIdleExpiresAt", {ms(Seconds(99'999))})});
  EXPECT_EQ(later.session->expires_at, facts.session->expires_at);
  EXPECT_EQ(later.session->idle_expires_at, facts.session->idle_expires_at);
}

TEST_F(PostLogin, sessions_are_noted_on_within_bounds) {
  json::Array commands{asks("session.setCookieMode", {"non-persistent"})};
  for (int i = 0; i < 30; ++i) commands.push_back(asks("session.setMetadata", {std::to_string(i), "v"}));
  commands.push_back(asks("session.setMetadata", {"0", "changed"}));
  commands.push_back(asks("session.setMetadata", {"1", std::string(2000, 'x')}));
  commands.push_back(asks("session.deleteMetadata", {"2"}));
  const auto verdict = run(commands);
  EXPECT_FALSE(verdict.session->persistent);
  EXPECT_EQ(verdict.session->metadata.size(), 24u);
  EXPECT_EQ(json::string_or(verdict.session->metadata, "0"), "changed");
  EXPECT_EQ(json::string_or(verdict.session->metadata, "1"), "v");
  configuration.tenant_scripts.triggers.clear();
  facts.session->metadata = {{"a", "b"}};
  EXPECT_TRUE(run({asks("session.evictMetadata")}).session->metadata.empty());
}

TEST_F(PostLogin, without_a_session_there_is_nothing_to_change) {
  facts.session.reset();
  EXPECT_FALSE(run({asks("session.setMetadata", {"a", "b"}), asks("session.evictMetadata")}).session);
}

TEST_F(PostLogin, refresh_tokens_are_noted_on_and_end_sooner) {
  facts.refresh_token.emplace();
  facts.refresh_token->authorization.extra[refresh_metadata_member] = json::Object{{"seen", "1"}, {"x", "y"}};
  const auto verdict =
      run({asks("refreshToken.setMetadata", {"seen", "2"}), asks("refreshToken.deleteMetadata", {"x"}),
           asks("refreshToken.setExpiresAt", {ms(Seconds(500))}),
           asks("refreshToken.setExpiresAt", {ms(Seconds(900))}),
           asks("refreshToken.setIdleExpiresAt", {ms(Seconds(300))})});
  domain::RefreshToken token{.expires_at = testing::start + Seconds(400)};
  verdict.tokens.apply_to(token);
  EXPECT_EQ(token.expires_at, testing::start + Seconds(400)) << "never later than it was";
  EXPECT_EQ(token.idle_expires_at, testing::start + Seconds(300));
  EXPECT_EQ(*verdict.tokens.refresh_metadata, (json::Object{{"seen", "2"}}));
  EXPECT_EQ(verdict.tokens.refresh_expires_at, testing::start + Seconds(500)) << "of several the earliest";
  configuration.tenant_scripts.triggers.clear();
  EXPECT_TRUE(run({asks("refreshToken.evictMetadata")}).tokens.refresh_metadata->empty());
}

TEST_F(PostLogin, claims_that_are_too_large_end_the_login) {
  const std::string half(60 << 10, 'x');
  EXPECT_TRUE(denial(run({asks("idToken.setCustomClaim", {"a", half}),
                          asks("accessToken.setCustomClaim", {"a", half})}))
                  .contains("too large"));
}

// ---- another user

TEST_F(PostLogin, goes_on_as_the_user_that_the_identity_is_linked_to) {
  auto& primary = add_user("2", "grace@example.com");
  primary.identities.push_back(facts.user.identities.front());
  const auto verdict =
      run({asks("user.setAppMetadata", {"lost", true}), asks("authentication.setPrimaryUser", {"auth0|2"})});
  EXPECT_FALSE(verdict.denial);
  EXPECT_EQ(verdict.user.user_id, "auth0|2");
  EXPECT_FALSE(find_in<ports::ReplaceUser>(verdict.writes)) << "metadata of the other user is lost";
}

TEST_F(PostLogin, does_not_become_somebody_who_is_not_linked_unknown_or_blocked) {
  add_user("2", "grace@example.com");
  EXPECT_TRUE(denial(run({asks("authentication.setPrimaryUser", {"auth0|2"})})).contains("not linked"));
  configuration.tenant_scripts.triggers.clear();
  EXPECT_TRUE(denial(run({asks("authentication.setPrimaryUser", {"auth0|9"})})).contains("not linked"));
  configuration.tenant_scripts.triggers.clear();
  auto& primary = state.users["auth0|2"].user;
  primary.identities.push_back(facts.user.identities.front());
  primary.profile["blocked"] = true;
  EXPECT_EQ(denial(run({asks("authentication.setPrimaryUser", {"auth0|2"})})),
            "unauthorized: user is blocked");
}

TEST_F(PostLogin, is_the_same_user_when_told_so) {
  EXPECT_EQ(run({asks("authentication.setPrimaryUser", {"auth0|1"})}).user.user_id, "auth0|1");
  EXPECT_EQ(state.reads, 0);
}

// ---- away and back

TEST_F(PostLogin, what_scripts_did_survives_the_time_elsewhere) {
  bind("post-login", "first",
       does({asks("idToken.setCustomClaim", {"first", 1}), asks("transaction.setMetadata", {"plan", "gold"}),
             asks("authentication.setPrimaryUser", {"auth0|1"})}));
  bind("post-login", "sends", does({asks("redirect.sendUserTo", {"https://terms.example/"})}));
  bind("post-login", "last", does({asks("idToken.setCustomClaim", {"last", 1})}));
  const auto away_now = run();
  EXPECT_EQ(away_now.redirect, "https://terms.example/");

  acts["sends"] = does({asks("authentication.recordMethod", {"https://terms.example/"})});
  facts.progress = Progress::from_json(away_now.progress.to_json());
  facts.came_back =
      json::Object{{"state", "s"}, {"query", json::Object{{"ok", "1"}}}, {"body", json::Object()}};
  const auto back = run();
  EXPECT_EQ(scripts.calls.back().handler, "onContinuePostLogin");
  EXPECT_EQ(scripts.calls.back().scripts.size(), 2u);
  EXPECT_EQ(input().at("continue").as_object(), *facts.came_back);
  EXPECT_EQ(json::string_or(*json::object(event().at("transaction").as_object(), "metadata"), "plan"),
            "gold");
  EXPECT_EQ(back.tokens.id_claims, (json::Object{{"first", 1}, {"last", 1}}));
  EXPECT_EQ(back.progress.methods.size(), 1u);
  EXPECT_EQ(back.progress.primary_user, "auth0|1");
  EXPECT_FALSE(back.redirect);
}

TEST_F(PostLogin, an_action_that_was_bound_before_the_one_that_sent_them_away_is_not_passed_over) {
  bind("post-login", "sends", does({asks("redirect.sendUserTo", {"https://terms.example/"})}));
  const auto away_now = run();
  auto& bound = configuration.tenant_scripts.triggers["post-login"];
  bind("post-login", "checks", does({asks("access.deny", {"not today"})}));
  std::swap(bound[0], bound[1]);
  facts.progress = Progress::from_json(away_now.progress.to_json());
  facts.came_back = json::Object{{"state", "s"}};
  EXPECT_EQ(denial(run()), "access_denied: not today");
  EXPECT_EQ(scripts.calls.back().handler, "onExecutePostLogin");
}

TEST_F(PostLogin, where_no_browser_can_be_sent_away_interaction_is_required) {
  facts.may_redirect = false;
  const auto verdict = run({asks("redirect.sendUserTo", {"https://terms.example/"})});
  EXPECT_TRUE(denial(verdict).starts_with("interaction_required"));
  EXPECT_FALSE(verdict.redirect);
}

TEST_F(PostLogin, who_comes_back_for_rules_that_are_gone_begins_the_actions_anew) {
  bind("post-login", "checks", does());
  facts.progress.emplace();
  facts.came_back = json::Object{{"state", "s"}};
  run();
  EXPECT_EQ(scripts.calls.back().handler, "onExecutePostLogin");
  EXPECT_FALSE(input().contains("continue"));
}

// ---- failures

TEST_F(PostLogin, a_failure_lets_nobody_in_and_tells_the_tenant_only) {
  bind("post-login", "broken", fails("thrown", "hunter2"));
  const auto verdict = run();
  EXPECT_EQ(denial(verdict), "access_denied: The login could not be completed.");
  EXPECT_EQ(verdict.denial->log_text, "Action broken: thrown: hunter2");
}

TEST_F(PostLogin, too_much_work_is_temporary) {
  bind("post-login", "one", does());
  away = Error{ErrorKind::unavailable, "extensions_unavailable", "busy", {}, 9};
  const auto verdict = run();
  EXPECT_EQ(verdict.denial->error.kind, ErrorKind::unavailable);
  EXPECT_EQ(verdict.denial->error.retry_after, 9);
}

// ---- replay

std::string summary(const LoginVerdict& verdict) {
  json::Object out{{"tokens", verdict.tokens.to_json()},
                   {"user", verdict.user.to_json()},
                   {"progress", verdict.progress.to_json()},
                   {"changed", verdict.user_changed}};
  out["progress"].as_object().erase("before");
  if (verdict.session) out["session"] = session_event(*verdict.session);
  if (verdict.redirect) out["redirect"] = *verdict.redirect;
  if (verdict.denial)
    out["denial"] = json::Object{{"code", verdict.denial->error.code},
                                 {"message", verdict.denial->error.message},
                                 {"log", verdict.denial->log_text},
                                 {"page", verdict.denial->on_page},
                                 {"session", verdict.denial->revokes_session},
                                 {"tokens", verdict.denial->revokes_refresh_tokens}};
  return json::serialize(out);
}

// From the facts and the stored record alone: no script, no service. `primary` is the user whom the login was
// to go on as.
std::string replayed(const LoginFacts& facts, const domain::Execution& execution,
                     const std::optional<domain::User>& primary = {}) {
  domain::Execution stored = execution;
  stored.results = json::parse(json::serialize(execution.results))->as_array();
  auto verdict = decide(facts, begin_verdict(facts), *performed_of(stored), failure_of(stored));
  if (!wanted_user(facts, verdict).empty()) become(facts, verdict, primary);
  return summary(verdict);
}

TEST_F(PostLogin, a_login_is_replayed_from_its_record_to_the_same_verdict) {
  const std::vector<json::Array> logins = {
      {asks("idToken.setCustomClaim", {"a", json::Object{{"b", json::Array{1, 2.5, nullptr}}}}),
       asks("accessToken.addScope", {"write"}), asks("user.setUserMetadata", {"color", "teal"}),
       asks("session.setMetadata", {"device", "kiosk"}), asks("session.setExpiresAt", {ms(Seconds(60))}),
       asks("refreshToken.setMetadata", {"seen", "1"}),
       asks("authentication.recordMethod", {"https://m.example/"}),
       asks("cache.set", {"k", "v", ms(Seconds(60))})},
      {asks("user.setAppMetadata", {"n", 1}), asks("access.deny", {"not today"})},
      {asks("session.revoke", {"lost", json::Object{{"preserveRefreshTokens", true}}})},
      {asks("transaction.setMetadata", {"a", 1}), asks("redirect.sendUserTo", {"https://terms.example/"})},
      {asks("process.exit")},
  };
  for (const auto& commands : logins) {
    configuration.tenant_scripts.triggers.clear();
    bind("post-login", "fails open", fails("timeout"), true);
    const auto verdict = run(commands);
    EXPECT_EQ(replayed(facts, *execution_in(verdict.writes)), summary(verdict)) << json::serialize(commands);
  }
}

TEST_F(PostLogin, a_login_that_goes_on_as_another_user_is_replayed_too) {
  bind("post-login", "becomes", does({asks("authentication.setPrimaryUser", {"auth0|2"})}));
  auto& primary = add_user("2", "grace@example.com");
  const auto refused = run();
  EXPECT_EQ(replayed(facts, *execution_in(refused.writes), primary), summary(refused));
  primary.identities.push_back(facts.user.identities.front());
  const auto changed = run();
  EXPECT_EQ(changed.user.user_id, "auth0|2");
  EXPECT_EQ(replayed(facts, *execution_in(changed.writes), primary), summary(changed));
}

TEST_F(PostLogin, a_login_whose_scripts_could_not_run_is_replayed_too) {
  bind("post-login", "one", does());
  away = Error{ErrorKind::unavailable, "extensions_unavailable", "busy"};
  const auto verdict = run();
  EXPECT_EQ(replayed(facts, *execution_in(verdict.writes)), summary(verdict));
}

TEST_F(PostLogin, token_changes_survive_being_kept) {
  TokenChanges changes;
  EXPECT_TRUE(changes.empty());
  changes.id_claims = {{"a", 1}};
  changes.access_claims = {{"b", 2}};
  changes.added_scopes = {"x"};
  changes.removed_scopes = {"y"};
  changes.refresh_expires_at = testing::start;
  changes.refresh_idle_expires_at = testing::start;
  changes.refresh_metadata = json::Object{{"k", "v"}};
  EXPECT_EQ(TokenChanges::from_json(changes.to_json()).to_json(), changes.to_json());
  EXPECT_FALSE(changes.empty());
}

}  // namespace
}  // namespace durward::extensions
