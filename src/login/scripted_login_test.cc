// The login machine with customers' code in the way.
#include <gtest/gtest.h>

#include "connections/database/database.h"
#include "extensions/testing/script_world.h"
#include "login/machine.h"
#include "login/rows.h"
#include "login/testing/browser.h"
#include "login/transaction.h"

namespace durward::login {
namespace {

using testing::Browser;
using testing::form;
using testing::location_of;
using testing::parameter_of;

// A protocol that only says who came back.
Async<http::Response> come_back(endpoint::RequestContext, Transaction, Authenticated who, ports::Writes&) {
  co_return http::redirect(302, "https://app.example/cb?sub=" + percent_encode(who.user.user_id) +
                                    "&claims=" + percent_encode(json::serialize(who.changes.id_claims)));
}
Task<http::Response> come_back_refused(endpoint::RequestContext, Transaction, Error error) {
  co_return http::redirect(302, "https://app.example/cb?error=" + error.code);
}

http::Parameters password(const std::string& user, const std::string& word) {
  return form({{"username", user}, {"password", word}, {"action", "default"}});
}

struct ScriptedHouse : testing::ScriptWorld {
  connections::database::Database database{services};
  std::shared_ptr<Machine> machine;

  ScriptedHouse() {
    Protocol protocol{come_back, come_back_refused, [](const Transaction&) { return Told(); }};
    machine = std::make_shared<Machine>(services, database, Protocols{{"test", protocol}});
    add_client("app", "", "spa", {"authorization_code"});
    add_connection("db", {"app"});
    add_user("1", "ada@example.com", "Secret-1");
    add_user("2", "grace@example.com", "Secret-2");
  }
  Browser browser() {
    auto rows = login_rows(machine);
    endpoint::Endpoint begin;
    begin.method = http::Method::get;
    begin.path = "/begin";
    begin.handler = endpoint::ProtocolHandler(
        [this](endpoint::RequestContext c, http::Request r, const endpoint::PathParameters&) {
          Transaction transaction;
          transaction.client_id = "app";
          transaction.protocol = "test";
          return machine->begin(std::move(c), std::move(r), std::move(transaction));
        });
    rows.push_back(std::move(begin));
    return Browser(std::move(rows), [this] { return context(); });
  }
  static std::string page(const http::Response& away) {
    return "/u/login?state=" + parameter_of(location_of(away), "state");
  }
  static std::string back(const http::Response& away) {
    return "/continue?state=" + parameter_of(location_of(away), "state");
  }
  http::Response send_ada_away(Browser& browser) {
    bind("post-login", "checks", does());
    bind("post-login", "sends",
         does({testing::asks("idToken.setCustomClaim", {"admin", true}),
               testing::asks("redirect.sendUserTo", {"https://terms.example/?a=b"})}));
    return browser.post(location_of(browser.get("/begin")), password("ada@example.com", "Secret-1"));
  }
};

TEST(ScriptedLogin, who_is_denied_gets_no_session_and_the_refusal_is_recorded) {
  ScriptedHouse house;
  house.bind("post-login", "checks", house.does({testing::asks("access.deny", {"not today"})}));
  auto browser = house.browser();
  const auto back = browser.post(location_of(browser.get("/begin")), password("ada@example.com", "Secret-1"));
  EXPECT_EQ(location_of(back), "https://app.example/cb?error=access_denied");
  EXPECT_TRUE(house.state.sessions.empty());
  EXPECT_FALSE(browser.cookies.contains("auth0"));
  EXPECT_EQ(house.state.users["auth0|1"].user.logins_count, 0);
  EXPECT_EQ(house.state.last_log().type, "f");
  EXPECT_EQ(house.state.last_log().description, "not today");
  EXPECT_EQ(house.state.commits, 1);
}

TEST(ScriptedLogin, an_account_that_was_just_made_stays_when_its_login_is_denied) {
  ScriptedHouse house;
  house.bind("post-login", "checks", house.does({testing::asks("access.deny", {"not today"})}));
  auto browser = house.browser();
  const auto state = parameter_of(location_of(browser.get("/begin")), "state");
  browser.post("/u/signup?state=" + state,
               form({{"email", "new@example.com"}, {"password", "Correct-Horse-7"}}));
  EXPECT_EQ(house.state.users.size(), 3u);
  EXPECT_TRUE(house.state.sessions.empty());
}

TEST(ScriptedLogin, a_sign_up_that_scripts_could_not_be_asked_about_says_when_to_come_again) {
  ScriptedHouse house;
  house.bind("pre-user-registration", "checks", house.does());
  house.away = Error{ErrorKind::unavailable, "extensions_unavailable", "busy", {}, 7};
  auto browser = house.browser();
  const auto state = parameter_of(location_of(browser.get("/begin")), "state");
  const auto page = browser.post("/u/signup?state=" + state,
                                 form({{"email", "new@example.com"}, {"password", "Correct-Horse-7"}}));
  EXPECT_EQ(page.status, 503);
  EXPECT_EQ(page.headers.get("Retry-After"), "7");
  EXPECT_EQ(house.state.users.size(), 2u);
}

TEST(ScriptedLogin, who_comes_back_while_scripts_cannot_run_is_sent_to_the_application) {
  ScriptedHouse house;
  auto browser = house.browser();
  const auto away = house.send_ada_away(browser);
  house.away = Error{ErrorKind::unavailable, "extensions_unavailable", "busy", {}, 7};
  const auto back = browser.get(house.back(away));
  EXPECT_EQ(location_of(back), "https://app.example/cb?error=temporarily_unavailable");
  EXPECT_FALSE(back.headers.has("Retry-After"))
      << "of a redirect it would delay the redirect (RFC 9110 §10.2.3)";
}

TEST(ScriptedLogin, who_is_sent_away_has_a_session_and_goes_on_when_back) {
  ScriptedHouse house;
  auto browser = house.browser();
  const auto away = house.send_ada_away(browser);
  EXPECT_TRUE(location_of(away).starts_with("https://terms.example/?a=b&state="));
  EXPECT_EQ(house.state.sessions.size(), 1u);
  EXPECT_TRUE(browser.cookies.contains("auth0"));
  house.acts["sends"] = house.does();
  const auto done = browser.get(house.back(away));
  EXPECT_EQ(parameter_of(location_of(done), "sub"), "auth0|1");
  EXPECT_EQ(parameter_of(location_of(done), "claims"), R"({"admin":true})");
  EXPECT_EQ(house.scripts.calls.back().handler, "onContinuePostLogin");
  EXPECT_EQ(house.scripts.calls.back().scripts.size(), 1u) << "what ran before does not run again";
}

TEST(ScriptedLogin, another_browser_cannot_take_up_the_way_back) {
  ScriptedHouse house;
  auto browser = house.browser(), other = house.browser();
  EXPECT_EQ(other.get(house.back(house.send_ada_away(browser))).status, 400);
}

TEST(ScriptedLogin, what_scripts_made_of_one_person_never_counts_for_another) {
  ScriptedHouse house;
  auto browser = house.browser();
  const auto away = house.send_ada_away(browser);
  house.acts["sends"] = house.does();
  browser.cookies.erase("auth0");
  browser.cookies.erase("auth0_compat");
  const auto done = browser.post(house.page(away), password("grace@example.com", "Secret-2"));
  EXPECT_EQ(parameter_of(location_of(done), "sub"), "auth0|2");
  EXPECT_EQ(parameter_of(location_of(done), "claims"), "{}") << "Ada's claim";
  EXPECT_EQ(house.scripts.calls.back().scripts.size(), 2u) << "every check runs for Grace";
  EXPECT_EQ(house.scripts.calls.back().handler, "onExecutePostLogin");
}

TEST(ScriptedLogin, nor_by_way_of_the_consent_page) {
  ScriptedHouse house;
  auto browser = house.browser();
  const auto away = house.send_ada_away(browser);
  house.acts["sends"] = house.does();
  browser.cookies.erase("auth0");
  browser.cookies.erase("auth0_compat");
  http::Headers headers;
  for (const auto& [name, value] : browser.cookies) headers.add("Cookie", name + "=" + value);
  auto opened =
      open_state(house.vault, {1}, parameter_of(location_of(away), "state"), headers, house.clock.now());
  ASSERT_TRUE(opened.transaction && !opened.problem);
  opened.transaction->needs_consent = true;
  const std::string state = seal(house.vault, {1}, *opened.transaction);
  const auto consent = browser.post("/u/login?state=" + state, password("grace@example.com", "Secret-2"));
  ASSERT_TRUE(location_of(consent).starts_with("/u/consent"));
  house.scripts.calls.clear();
  browser.get("/continue?state=" + parameter_of(location_of(consent), "state"));
  for (const auto& call : house.scripts.calls) {
    EXPECT_EQ(call.handler, "onExecutePostLogin");
    EXPECT_EQ(call.scripts.size(), 2u);
  }
}

TEST(ScriptedLogin, who_comes_back_with_another_session_begins_anew) {
  ScriptedHouse house;
  auto browser = house.browser();
  const auto away = house.send_ada_away(browser);
  browser.cookies.erase("auth0");
  browser.cookies.erase("auth0_compat");
  const auto back = browser.get(house.back(away));
  EXPECT_TRUE(location_of(back).starts_with("/u/login?state=")) << "the person signs in again";
}

TEST(ScriptedLogin, a_page_whose_form_may_end_at_a_scripts_redirect_lets_the_browser_go_there) {
  ScriptedHouse house;
  auto browser = house.browser();
  const auto policy = [&] {
    return std::string(
        browser.get(location_of(browser.get("/begin"))).headers.get("Content-Security-Policy"));
  };
  EXPECT_FALSE(policy().contains("form-action 'self' https: http:"));
  house.bind("post-login", "sends", house.does());
  EXPECT_TRUE(policy().contains("form-action 'self' https: http:"));
}

TEST(ScriptedLogin, without_scripts_reads_and_commits_are_as_few_as_ever) {
  ScriptedHouse house;
  auto browser = house.browser();
  browser.post(location_of(browser.get("/begin")), password("ada@example.com", "Secret-1"));
  EXPECT_EQ(house.state.reads, 1);
  EXPECT_EQ(house.state.commits, 1);
  EXPECT_TRUE(house.scripts.calls.empty());
}

}  // namespace
}  // namespace durward::login
