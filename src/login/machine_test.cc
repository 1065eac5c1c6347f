#include "login/machine.h"

#include <gtest/gtest.h>

#include "connections/database/database.h"
#include "login/rows.h"
#include "login/testing/browser.h"
#include "login/transaction.h"
#include "tokens/testing/world.h"

namespace durward::login {
namespace {

using testing::Browser;
using testing::form;
using testing::location_of;
using testing::parameter_of;

// A protocol that only says who came back.
Async<http::Response> come_back(endpoint::RequestContext, Transaction transaction, Authenticated who,
                                ports::Writes&) {
  co_return http::redirect(302, "https://app.example/cb?sub=" + percent_encode(who.user.user_id) +
                                    "&fresh=" + (who.fresh ? "1" : "0") + "&client=" + transaction.client_id);
}
Task<http::Response> come_back_refused(endpoint::RequestContext, Transaction, Error error) {
  co_return http::redirect(302, "https://app.example/cb?error=" + error.code);
}

struct House : testing::World {
  connections::database::Database database{services};
  std::shared_ptr<Machine> machine;
  std::function<void(Transaction&)> shape = [](Transaction&) {};

  House() {
    Protocol protocol{come_back, come_back_refused, [](const Transaction&) { return Told(); }};
    machine = std::make_shared<Machine>(services, database, Protocols{{"test", protocol}});
    add_client("app", "", "spa", {"authorization_code"},
               {{"initiate_login_uri", "https://app.example/start"}});
    add_connection("db", {"app"});
    add_user("1", "ada@example.com", "Secret-1");
  }

  std::vector<endpoint::Endpoint> rows() {
    auto out = login_rows(machine);
    endpoint::Endpoint begin;
    begin.method = http::Method::get;
    begin.path = "/begin";
    begin.handler = endpoint::ProtocolHandler(
        [this](endpoint::RequestContext c, http::Request r, const endpoint::PathParameters&) {
          Transaction transaction;
          transaction.client_id = "app";
          transaction.protocol = "test";
          shape(transaction);
          return machine->begin(std::move(c), std::move(r), std::move(transaction));
        });
    out.push_back(std::move(begin));
    return out;
  }
  Browser browser() {
    return Browser(rows(), [this] { return context(); });
  }
};

http::Parameters password(const std::string& user, const std::string& word) {
  return form({{"username", user}, {"password", word}, {"action", "default"}});
}

TEST(Login, a_right_password_goes_back_in_one_commit_and_one_read) {
  House house;
  auto browser = house.browser();
  const auto start = browser.get("/begin");
  ASSERT_EQ(start.status, 302);
  const auto page_url = location_of(start);
  EXPECT_TRUE(page_url.starts_with("/u/login?state="));
  EXPECT_EQ(browser.get(page_url).status, 200);
  EXPECT_EQ(house.state.reads, 0);
  EXPECT_EQ(house.state.commits, 0);

  const auto back = browser.post(page_url, password("ada@example.com", "Secret-1"));
  EXPECT_EQ(location_of(back), "https://app.example/cb?sub=auth0%7C1&fresh=1&client=app");
  EXPECT_EQ(house.state.reads, 1);
  EXPECT_EQ(house.state.commits, 1);
  EXPECT_EQ(house.state.last_log().type, "s");
  EXPECT_EQ(house.state.users["auth0|1"].user.logins_count, 1);
  EXPECT_TRUE(browser.cookies.contains("auth0"));
}

TEST(Login, unknown_user_and_wrong_password_get_the_same_answer) {
  House house;
  auto browser = house.browser();
  const auto url = location_of(browser.get("/begin"));
  const auto wrong = browser.post(url, password("ada@example.com", "nope"));
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(house.state.last_log().type, "fp");
  auto unknown = browser.post(url, password("eve@example.com", "nope"));
  EXPECT_EQ(house.state.last_log().type, "fu");
  EXPECT_NE(wrong.body.find("Wrong email or password."), std::string::npos);
  EXPECT_NE(unknown.body.find("Wrong email or password."), std::string::npos);
  EXPECT_TRUE(house.state.sessions.empty());
}

TEST(Login, the_tenth_wrong_password_says_so_and_the_mailed_link_lets_in_again) {
  House house;
  auto browser = house.browser();
  const auto url = location_of(browser.get("/begin"));
  for (int i = 0; i < 9; ++i)
    EXPECT_EQ(browser.post(url, password("ada@example.com", "nope")).status, 400) << i;
  const int before = house.state.commits;
  const auto last = browser.post(url, password("ada@example.com", "nope"));
  EXPECT_EQ(last.status, 429);
  EXPECT_NE(last.body.find("has been blocked after multiple consecutive login attempts"), std::string::npos);
  EXPECT_EQ(house.state.commits, before + 1);
  EXPECT_EQ(browser.post(url, password("ada@example.com", "Secret-1")).status, 429);
  EXPECT_EQ(house.state.last_log().type, "limit_wc");
  EXPECT_EQ(house.state.last_log().user_id, "auth0|1");

  ASSERT_EQ(house.state.jobs.size(), 1u);
  const std::string text = json::string_or(house.state.jobs[0].payload, "text");
  const size_t at = text.find("https://");
  const std::string link = text.substr(at, text.find('\n', at) - at);
  const auto shown = browser.get(link);
  EXPECT_EQ(shown.status, 200);
  EXPECT_NE(shown.body.find("ada@example.com"), std::string::npos);
  EXPECT_EQ(house.state.blocks.all.size(), 1u) << "whoever only looks changes nothing";
  EXPECT_EQ(browser.post(link, form({{"ticket", parameter_of(link, "ticket")}})).status, 200);
  EXPECT_EQ(house.state.last_log().type, "ublkdu");
  EXPECT_TRUE(house.state.blocks.all.empty());
  EXPECT_EQ(browser.post(link, form({{"ticket", parameter_of(link, "ticket")}})).status, 400);
  EXPECT_EQ(browser.post(url, password("ada@example.com", "Secret-1")).status, 302);
}

TEST(Login, sign_ups_and_password_mails_of_an_address_end) {
  House house;
  house.configuration.protection.suspicious_ip.sign_up.max_attempts = 1;
  house.configuration.protection.suspicious_ip.sign_in.max_attempts = 1;
  auto browser = house.browser();
  const auto state = parameter_of(location_of(browser.get("/begin")), "state");
  const auto new_user = form({{"email", "new@example.com"}, {"password", "short"}});
  EXPECT_EQ(browser.post("/u/signup?state=" + state, new_user).status, 400);
  EXPECT_EQ(browser.post("/u/signup?state=" + state, new_user).status, 429);
  EXPECT_EQ(house.state.last_log().type, "limit_mu");
  const std::string reset = "/u/reset-password/request/db?state=" + state;
  EXPECT_EQ(browser.post(reset, form({{"email", "ada@example.com"}})).status, 200);
  for (const char* who : {"ada@example.com", "nobody@example.com"})
    EXPECT_EQ(browser.post(reset, form({{"email", who}})).status, 429);
}

TEST(Login, a_blocked_user_does_not_get_in) {
  House house;
  house.state.users["auth0|1"].user.profile["blocked"] = true;
  auto browser = house.browser();
  const auto answer =
      browser.post(location_of(browser.get("/begin")), password("ada@example.com", "Secret-1"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(house.state.last_log().type, "f");
  EXPECT_FALSE(browser.cookies.contains("auth0"));
}

TEST(Login, the_second_application_needs_no_password) {
  House house;
  auto browser = house.browser();
  browser.post(location_of(browser.get("/begin")), password("ada@example.com", "Secret-1"));
  house.clock.advance(Seconds(60));
  const auto back = browser.get("/begin");
  EXPECT_EQ(location_of(back), "https://app.example/cb?sub=auth0%7C1&fresh=0&client=app");
  EXPECT_EQ(house.state.commits, 2);
}

TEST(Login, prompt_none_without_session_is_refused_and_logged) {
  House house;
  house.shape = [](Transaction& t) { t.prompt = "none"; };
  auto browser = house.browser();
  EXPECT_EQ(location_of(browser.get("/begin")), "https://app.example/cb?error=login_required");
  EXPECT_EQ(house.state.last_log().type, "fsa");
}

TEST(Login, a_new_login_of_the_same_user_keeps_the_sid_and_changes_the_secret) {
  House house;
  auto browser = house.browser();
  browser.post(location_of(browser.get("/begin")), password("ada@example.com", "Secret-1"));
  const auto planted = browser.cookies["auth0"];
  const auto sid = house.state.sessions.begin()->second.sid();
  house.shape = [](Transaction& t) { t.prompt = "login"; };
  house.clock.advance(Seconds(60));
  const auto url = location_of(browser.get("/begin"));
  ASSERT_TRUE(url.starts_with("/u/login"));
  browser.post(url, password("ada@example.com", "Secret-1"));
  EXPECT_NE(browser.cookies["auth0"], planted);
  ASSERT_EQ(house.state.sessions.size(), 1u);
  EXPECT_EQ(house.state.sessions.begin()->second.sid(), sid);

  auto thief = house.browser();
  thief.cookies["auth0"] = planted;
  house.shape = [](Transaction& t) { t.prompt = "none"; };
  EXPECT_EQ(location_of(thief.get("/begin")), "https://app.example/cb?error=login_required");
}

TEST(Login, another_user_ends_the_session_before) {
  House house;
  house.add_user("2", "bob@example.com", "Secret-2");
  auto browser = house.browser();
  browser.post(location_of(browser.get("/begin")), password("ada@example.com", "Secret-1"));
  house.shape = [](Transaction& t) { t.prompt = "login"; };
  house.clock.advance(Seconds(1));
  browser.post(location_of(browser.get("/begin")), password("bob@example.com", "Secret-2"));
  ASSERT_EQ(house.state.sessions.size(), 1u);
  EXPECT_EQ(house.state.sessions.begin()->second.user_id, "auth0|2");
}

TEST(Login, a_session_ends_at_the_exact_millisecond) {
  House house;
  auto browser = house.browser();
  browser.post(location_of(browser.get("/begin")), password("ada@example.com", "Secret-1"));
  house.shape = [](Transaction& t) { t.prompt = "none"; };
  auto& session = house.state.sessions.begin()->second;
  house.clock.advance(session.idle_expires_at - house.clock.now());
  EXPECT_EQ(location_of(browser.get("/begin")), "https://app.example/cb?error=login_required");
}

// A session that is revoked between the read and the commit of a single sign-on.
struct RevokingCommitter : ports::Committer {
  explicit RevokingCommitter(ports::Committer& inner) : inner_(inner) {}
  Async<> commit(domain::TenantId tenant, ports::Writes writes) override {
    for (const auto& write : writes)
      if (std::holds_alternative<ports::ReplaceSession>(write))
        co_return fail(ErrorKind::not_found, "not_found");
    co_return co_await inner_.commit(tenant, std::move(writes));
  }
  ports::Committer& inner_;
};

TEST(Login, a_session_revoked_meanwhile_leads_to_the_login_page) {
  House house;
  auto browser = house.browser();
  browser.post(location_of(browser.get("/begin")), password("ada@example.com", "Secret-1"));
  RevokingCommitter committer(house.committer);
  const ports::Services& s = house.services;
  const ports::Services racing{s.clock,         s.random,         s.sequence,
                               s.configuration, s.tenants,        s.documents,
                               s.users,         s.assignments,    s.sessions,
                               s.codes,         s.refresh_tokens, s.grants,
                               s.tickets,       s.logs,           committer,
                               s.vault,         s.hasher,         s.metrics,
                               s.limiter,       s.cache,          s.breached_passwords,
                               s.flags,         s.blocks,         s.scripts,
                               s.modules,       s.executions,     s.event_deliveries};
  house.machine =
      std::make_shared<Machine>(racing, house.database, Protocols{{"test", {come_back, come_back_refused}}});
  auto again = house.browser();
  again.cookies = browser.cookies;
  EXPECT_TRUE(location_of(again.get("/begin")).starts_with("/u/login?state="));
  house.shape = [](Transaction& t) { t.prompt = "none"; };
  EXPECT_EQ(location_of(again.get("/begin")), "https://app.example/cb?error=login_required");
}

TEST(Login, a_request_too_large_for_the_next_url_is_refused) {
  House house;
  house.shape = [](Transaction& t) { t.request = {{"state", std::string(6000, 'x')}}; };
  auto browser = house.browser();
  EXPECT_EQ(location_of(browser.get("/begin")), "https://app.example/cb?error=invalid_request");
}

TEST(Login, the_log_says_why) {
  House house;
  house.shape = [](Transaction& t) { t.max_age = Seconds(100); };
  auto browser = house.browser();
  browser.post(location_of(browser.get("/begin")), password("ada@example.com", "Secret-1"));
  const auto* trace = json::object(house.state.last_log().details, "trace");
  ASSERT_TRUE(trace);
  EXPECT_EQ(json::integer_or(*trace, "max_age", 0), 100);
  EXPECT_EQ(json::string_or(*trace, "consent"), "not needed");
  EXPECT_TRUE(json::boolean_or(*trace, "fresh", false));
}

TEST(State, of_another_browser_leads_back_to_the_application) {
  House house;
  auto browser = house.browser(), other = house.browser();
  const auto url = location_of(browser.get("/begin"));
  EXPECT_EQ(location_of(other.get(url)), "https://app.example/start?iss=https%3A%2F%2Facme.test%2F");
  const auto posted = other.post(url, password("ada@example.com", "Secret-1"));
  EXPECT_EQ(location_of(posted), "https://app.example/start?iss=https%3A%2F%2Facme.test%2F");
  EXPECT_TRUE(house.state.sessions.empty());
}

TEST(State, expires_after_an_hour) {
  House house;
  auto browser = house.browser();
  const auto url = location_of(browser.get("/begin"));
  house.clock.advance(Seconds(3599));
  EXPECT_EQ(browser.get(url).status, 200);
  house.clock.advance(Seconds(1));
  EXPECT_EQ(location_of(browser.get(url)), "https://app.example/start?iss=https%3A%2F%2Facme.test%2F");
}

TEST(State, forged_or_missing_shows_a_page) {
  House house;
  auto browser = house.browser();
  for (const std::string url : {"/u/login?state=forged", "/u/login", "/u/signup?state=%00"})
    EXPECT_EQ(browser.get(url).status, 400) << url;
}

TEST(State, of_another_tenant_is_unknown) {
  House house;
  Transaction transaction;
  transaction.created_at = house.clock.now();
  const auto state = seal(house.vault, {2}, transaction);
  const auto opened = open_state(house.vault, {1}, state, {}, house.clock.now());
  EXPECT_EQ(opened.problem, StateProblem::unknown);
}

TEST(State, survives_its_own_serialization) {
  Transaction transaction;
  transaction.id = "x";
  transaction.scope = {"openid", "email"};
  transaction.max_age = Seconds(5);
  transaction.request = {{"a", 1}};
  transaction.needs_consent = true;
  transaction.created_at = TimePoint(Milliseconds(5));
  const auto again = Transaction::from_json(transaction.to_json());
  ASSERT_TRUE(again);
  EXPECT_EQ(json::serialize(again->to_json()), json::serialize(transaction.to_json()));
}

TEST(Forms, of_another_site_are_refused) {
  House house;
  auto browser = house.browser();
  const auto url = location_of(browser.get("/begin"));
  browser.extra.set("Origin", "https://evil.test");
  EXPECT_EQ(browser.post(url, password("ada@example.com", "Secret-1")).status, 403);
  EXPECT_TRUE(house.state.sessions.empty());
}

TEST(Forms, of_another_content_type_are_refused) {
  House house;
  auto browser = house.browser();
  const auto url = location_of(browser.get("/begin"));
  browser.extra.set("Content-Type", "application/json");
  EXPECT_EQ(browser.post(url, password("ada@example.com", "Secret-1")).status, 400);
}

TEST(Forms, sent_twice_end_well_twice) {
  House house;
  auto browser = house.browser();
  const auto url = location_of(browser.get("/begin"));
  EXPECT_EQ(browser.post(url, password("ada@example.com", "Secret-1")).status, 302);
  EXPECT_EQ(browser.post(url, password("ada@example.com", "Secret-1")).status, 302);
  EXPECT_EQ(house.state.sessions.size(), 1u);
}

TEST(BackButton, after_success_goes_on_to_the_application) {
  House house;
  auto browser = house.browser();
  const auto url = location_of(browser.get("/begin"));
  house.clock.advance(Seconds(5));
  browser.post(url, password("ada@example.com", "Secret-1"));
  EXPECT_EQ(location_of(browser.get(url)), "https://app.example/cb?sub=auth0%7C1&fresh=0&client=app");
}

TEST(IdentifierFirst, asks_in_two_steps) {
  House house;
  house.configuration.tenant_settings->identifier_first = true;
  auto browser = house.browser();
  const auto url = location_of(browser.get("/begin"));
  ASSERT_TRUE(url.starts_with("/u/login/identifier?state="));
  EXPECT_EQ(browser.get(url).body.find("type=\"password\""), std::string::npos);
  EXPECT_EQ(browser.post(url, form({{"username", " "}})).status, 400);
  const auto next = location_of(browser.post(url, form({{"username", "ada@example.com"}})));
  ASSERT_TRUE(next.starts_with("/u/login/password?state="));
  const auto page = browser.get(next);
  EXPECT_NE(page.body.find("value=\"ada@example.com\""), std::string::npos);
  EXPECT_EQ(browser.post(next, form({{"password", "Secret-1"}})).status, 302);
  EXPECT_EQ(house.state.sessions.size(), 1u);
}

TEST(IdentifierFirst, the_password_page_needs_an_identifier) {
  House house;
  auto browser = house.browser();
  auto url = location_of(browser.get("/begin"));
  url.replace(0, std::string("/u/login").size(), "/u/login/password");
  EXPECT_TRUE(location_of(browser.get(url)).starts_with("/u/login/identifier?state="));
}

TEST(Signup, makes_the_account_and_the_session_in_one_commit) {
  House house;
  house.shape = [](Transaction& t) { t.screen_hint = "signup"; };
  auto browser = house.browser();
  const auto url = location_of(browser.get("/begin"));
  ASSERT_TRUE(url.starts_with("/u/signup?state="));
  EXPECT_EQ(browser.get(url).status, 200);
  const auto back = browser.post(url, form({{"email", "new@example.com"}, {"password", "Long-enough-1"}}));
  EXPECT_TRUE(location_of(back).starts_with("https://app.example/cb?sub=auth0%7C"));
  EXPECT_EQ(house.state.commits, 1);
  EXPECT_EQ(house.state.users.size(), 2u);
  EXPECT_EQ(house.state.jobs.size(), 1u);  // the verification mail
}

TEST(Signup, shows_the_rules_of_a_weak_password) {
  House house;
  house.shape = [](Transaction& t) { t.screen_hint = "signup"; };
  house.configuration.connections[0].options = {{"passwordPolicy", "good"}};
  auto browser = house.browser();
  const auto url = location_of(browser.get("/begin"));
  const auto answer = browser.post(url, form({{"email", "new@example.com"}, {"password", "weak"}}));
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("The password is too weak:"), std::string::npos);
  EXPECT_NE(answer.body.find("<li>"), std::string::npos);
  EXPECT_EQ(house.state.last_log().type, "fs");
  EXPECT_EQ(house.state.users.size(), 1u);
}

TEST(Signup, switched_off_is_switched_off) {
  House house;
  house.configuration.connections[0].options = {{"disable_signup", true}};
  auto browser = house.browser();
  auto url = location_of(browser.get("/begin"));
  EXPECT_EQ(browser.get(url).body.find("/u/signup"), std::string::npos);
  url.replace(0, std::string("/u/login").size(), "/u/signup");
  EXPECT_EQ(browser.post(url, form({{"email", "n@example.com"}, {"password", "Long-enough-1"}})).status, 403);
  EXPECT_EQ(house.state.users.size(), 1u);
}

TEST(Consent, is_asked_once_and_remembered) {
  House house;
  house.shape = [](Transaction& t) {
    t.needs_consent = true;
    t.scope = {"openid", "email"};
  };
  auto browser = house.browser();
  const auto url =
      location_of(browser.post(location_of(browser.get("/begin")), password("ada@example.com", "Secret-1")));
  ASSERT_TRUE(url.starts_with("/u/consent?state="));
  EXPECT_NE(browser.get(url).body.find("see your email address"), std::string::npos);
  EXPECT_TRUE(location_of(browser.post(url, form({{"action", "accept"}})))
                  .starts_with("https://app.example/cb?sub="));
  ASSERT_EQ(house.state.grants.size(), 1u);
  EXPECT_EQ(house.state.grants[0].scope, (std::vector<std::string>{"openid", "email"}));
  EXPECT_TRUE(location_of(browser.get("/begin")).starts_with("https://app.example/cb?sub="));
  house.shape = [](Transaction& t) {
    t.needs_consent = true;
    t.scope = {"openid", "email", "phone"};
  };
  EXPECT_TRUE(location_of(browser.get("/begin")).starts_with("/u/consent?state="));
}

TEST(Consent, denied_tells_the_application) {
  House house;
  house.shape = [](Transaction& t) { t.needs_consent = true; };
  auto browser = house.browser();
  house.shape = [](Transaction& t) {
    t.needs_consent = true;
    t.scope = {"openid"};
  };
  const auto url =
      location_of(browser.post(location_of(browser.get("/begin")), password("ada@example.com", "Secret-1")));
  EXPECT_EQ(location_of(browser.post(url, form({{"action", "deny"}}))),
            "https://app.example/cb?error=access_denied");
  EXPECT_TRUE(house.state.grants.empty());
}

TEST(Consent, cannot_be_given_by_somebody_else) {
  House house;
  house.add_user("2", "bob@example.com", "Secret-2");
  house.shape = [](Transaction& t) {
    t.needs_consent = true;
    t.scope = {"openid"};
  };
  auto browser = house.browser();
  const auto url =
      location_of(browser.post(location_of(browser.get("/begin")), password("ada@example.com", "Secret-1")));
  house.clock.advance(Seconds(1));
  house.shape = [](Transaction& t) { t.prompt = "login"; };
  browser.post(location_of(browser.get("/begin")), password("bob@example.com", "Secret-2"));
  EXPECT_TRUE(location_of(browser.post(url, form({{"action", "accept"}}))).starts_with("/u/consent?state="));
  EXPECT_TRUE(house.state.grants.empty());
}

TEST(Reset, answers_the_same_for_known_and_unknown_addresses) {
  House house;
  auto browser = house.browser();
  const auto state = parameter_of(location_of(browser.get("/begin")), "state");
  const auto url = "/u/reset-password/request/db?state=" + state;
  EXPECT_EQ(browser.get(url).status, 200);
  const auto known = browser.post(url, form({{"email", "ada@example.com"}}));
  EXPECT_EQ(house.state.jobs.size(), 1u);
  const int reads = house.state.reads, commits = house.state.commits;
  const auto unknown = browser.post(url, form({{"email", "eve@example.com"}}));
  EXPECT_EQ(house.state.jobs.size(), 1u);
  EXPECT_EQ(house.state.reads, 2 * reads);
  EXPECT_EQ(house.state.commits, 2 * commits);
  EXPECT_EQ(known.status, 200);
  EXPECT_EQ(unknown.status, 200);
  EXPECT_EQ(browser.get("/u/reset-password/request/other?state=" + state).status, 404);
}

struct TicketHouse : House {
  std::string url_of(bool reset) {
    connections::database::Scene scene{.tenant = *context().tenant, .host = "acme.test", .now = clock.now()};
    const auto& user = state.users["auth0|1"].user;
    auto ticket = reset ? database.reset_ticket(scene, configuration.connections[0], user, {})
                        : database.verification_ticket(scene, configuration.connections[0], user, {});
    for (const auto& write : ticket.writes)
      if (const auto* insert = std::get_if<ports::InsertTicket>(&write))
        state.tickets[insert->ticket.id] = insert->ticket;
    return ticket.url;
  }
};

TEST(NewPassword, page_opens_without_using_the_link_up) {
  TicketHouse house;
  auto browser = house.browser();
  const auto url = house.url_of(true);
  EXPECT_EQ(browser.get(url).status, 200);
  EXPECT_EQ(browser.get(url).status, 200);
  EXPECT_EQ(
      browser.post(url, form({{"password-reset", "Other-1x"}, {"re-enter-password", "different"}})).status,
      400);
  EXPECT_EQ(house.state.commits, 0);
  const auto done =
      browser.post(url, form({{"password-reset", "Other-1x"}, {"re-enter-password", "Other-1x"}}));
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(house.state.last_log().type, "scp");
}

TEST(NewPassword, a_wrong_ticket_says_so) {
  TicketHouse house;
  auto browser = house.browser();
  EXPECT_EQ(browser.get("/u/reset-verify?ticket=nonsense").status, 400);
  EXPECT_EQ(browser.get("/u/reset-verify").status, 400);
  auto verification = house.url_of(false);
  EXPECT_EQ(browser.get("/u/reset-verify?ticket=" + parameter_of(verification, "ticket")).status, 400);
}

TEST(Verification, happens_by_the_button_only) {
  TicketHouse house;
  auto browser = house.browser();
  const auto url = house.url_of(false);
  EXPECT_EQ(browser.get(url).status, 200);
  EXPECT_EQ(house.state.commits, 0);
  EXPECT_EQ(browser.post(url, {}).status, 200);
  EXPECT_EQ(house.state.commits, 1);
  EXPECT_EQ(house.state.last_log().type, "sv");
}

TEST(Home, names_the_tenant) {
  House house;
  auto browser = house.browser();
  const auto page = browser.get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("acme"), std::string::npos);
}

TEST(ErrorPage, goes_to_the_tenants_own_page) {
  House house;
  house.configuration.tenant_settings->error_page_url = "https://acme.example/oops";
  const auto page = run_sync(error_page(house.services, house.context(), {},
                                        {400, "invalid_request", "Callback URL mismatch.", "app", {}}));
  EXPECT_EQ(page.status, 302);
  const auto location = location_of(page);
  EXPECT_EQ(parameter_of(location, "error"), "invalid_request");
  EXPECT_EQ(parameter_of(location, "client_id"), "app");
  EXPECT_EQ(parameter_of(location, "tracking"), "req");
}

}  // namespace
}  // namespace durward::login
