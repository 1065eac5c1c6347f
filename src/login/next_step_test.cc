#include <gtest/gtest.h>

#include "login/machine.h"

namespace durward::login {
namespace {

constexpr TimePoint now = TimePoint(Milliseconds(1'700'000'000'000));

struct Case {
  const char* name;
  Transaction transaction;
  Facts facts;
  Policy policy;
  Step step;
  std::string_view error;
};

Facts signed_in(Seconds ago = Seconds(60)) {
  Facts out;
  out.signed_in = true;
  out.user_id = "auth0|1";
  out.connection = "db";
  out.authenticated_at = now - ago;
  out.now = now;
  return out;
}
Facts here() {
  Facts out = signed_in(Seconds(0));
  out.signed_in_here = true;
  return out;
}
Facts consented(Facts facts) {
  facts.consent_stored = true;
  return facts;
}
Transaction with(std::function<void(Transaction&)> change) {
  Transaction out;
  change(out);
  return out;
}
Transaction prompt(std::string words) {
  return with([&](Transaction& t) { t.prompt = words; });
}

std::vector<Case> table() {
  const auto third_party = with([](Transaction& t) { t.needs_consent = true; });
  const auto silent_third_party = with([](Transaction& t) {
    t.needs_consent = true;
    t.prompt = "none";
  });
  return {
      {"nobody", {}, {}, {}, Step::login, {}},
      {"nobody, identifier first", {}, {}, {.identifier_first = true}, Step::identifier, {}},
      {"identifier given",
       with([](Transaction& t) { t.identifier = "a@b"; }),
       {},
       {.identifier_first = true},
       Step::password,
       {}},
      {"sign-up wanted", with([](Transaction& t) { t.screen_hint = "signup"; }), {}, {}, Step::signup, {}},
      {"sign-up wanted but signed in",
       with([](Transaction& t) { t.screen_hint = "signup"; }),
       signed_in(),
       {},
       Step::done,
       {}},
      {"signed in", {}, signed_in(), {}, Step::done, {}},
      {"prompt=login", prompt("login"), signed_in(), {}, Step::login, {}},
      {"prompt=login, done here", prompt("login"), here(), {}, Step::done, {}},
      {"prompt=select_account", prompt("select_account"), signed_in(), {}, Step::login, {}},
      {"prompt=none, nobody", prompt("none"), {}, {}, Step::refuse, "login_required"},
      {"prompt=none, signed in", prompt("none"), signed_in(), {}, Step::done, {}},
      {"no single sign-on", {}, signed_in(), {.single_sign_on = false}, Step::login, {}},
      {"no single sign-on, silent",
       prompt("none"),
       signed_in(),
       {.single_sign_on = false},
       Step::refuse,
       "login_required"},
      {"max_age passed",
       with([](Transaction& t) { t.max_age = Seconds(30); }),
       signed_in(),
       {},
       Step::login,
       {}},
      {"max_age kept",
       with([](Transaction& t) { t.max_age = Seconds(90); }),
       signed_in(),
       {},
       Step::done,
       {}},
      {"max_age=0",
       with([](Transaction& t) { t.max_age = Seconds(0); }),
       signed_in(Seconds(0)),
       {},
       Step::login,
       {}},
      {"hint of another user",
       with([](Transaction& t) { t.hint_subject = "auth0|2"; }),
       signed_in(),
       {},
       Step::login,
       {}},
      {"hint of this user",
       with([](Transaction& t) { t.hint_subject = "auth0|1"; }),
       signed_in(),
       {},
       Step::done,
       {}},
      {"another connection",
       with([](Transaction& t) { t.connection = "other"; }),
       signed_in(),
       {},
       Step::login,
       {}},
      {"consent missing", third_party, signed_in(), {}, Step::consent, {}},
      {"consent stored", third_party, consented(signed_in()), {}, Step::done, {}},
      {"consent missing, silent", silent_third_party, signed_in(), {}, Step::refuse, "consent_required"},
      {"prompt=consent asks again", prompt("consent"), consented(signed_in()), {}, Step::consent, {}},
      {"consent given here",
       with([](Transaction& t) {
         t.prompt = "consent";
         t.consented = true;
       }),
       signed_in(),
       {},
       Step::done,
       {}},
  };
}

TEST(NextStep, follows_the_table) {
  for (const Case& row : table()) {
    const Decision decision = next_step(row.transaction, row.facts, row.policy);
    EXPECT_EQ(int(decision.step), int(row.step)) << row.name;
    EXPECT_EQ(decision.error, row.error) << row.name;
  }
}

}  // namespace
}  // namespace durward::login
