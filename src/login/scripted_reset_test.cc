// A password reset with customers' code in the way.
#include <gtest/gtest.h>

#include <algorithm>

#include "connections/database/database.h"
#include "extensions/testing/script_world.h"
#include "login/machine.h"
#include "login/reset_pass.h"
#include "login/rows.h"
#include "login/testing/browser.h"

namespace durward::login {
namespace {

using testing::asks;
using testing::Browser;
using testing::form;
using testing::location_of;
using testing::parameter_of;
using testing::ScriptWorld;

constexpr std::string_view trigger = extensions::post_challenge_trigger;

struct ResetHouse : ScriptWorld {
  connections::database::Database database{services};
  std::shared_ptr<Machine> machine = std::make_shared<Machine>(services, database, Protocols());

  ResetHouse() {
    add_client("app", "", "spa", {"authorization_code"});
    add_connection("db", {"app"});
    add_user("1", "ada@example.com", "Secret-1");
  }
  void bind(std::string name, Act act, bool fail_open = false) {
    ScriptWorld::bind(std::string(trigger), std::move(name), std::move(act), fail_open);
  }
  Browser browser() {
    return Browser(login_rows(machine), [this] { return context(); });
  }
  std::string link(connections::database::TicketRequest request = {}) {
    const connections::database::Scene scene{
        .tenant = *context().tenant, .host = "acme.test", .now = clock.now()};
    auto ticket = database.reset_ticket(scene, configuration.connections[0], state.users["auth0|1"].user,
                                        std::move(request));
    for (const auto& write : ticket.writes)
      if (const auto* insert = std::get_if<ports::InsertTicket>(&write))
        state.tickets[insert->ticket.id] = insert->ticket;
    return ticket.url;
  }
  // Passwords that were changed; each takes its ticket.
  long changes() const {
    return std::ranges::count_if(state.log, [](const auto& item) { return item.second.type == "scp"; });
  }
};

http::Parameters button() { return form({{"action", "default"}}); }
http::Parameters choice(std::string pass = {}) {
  auto out = form({{"password-reset", "Other-1x"}, {"re-enter-password", "Other-1x"}});
  if (!pass.empty()) out.add(std::string(reset_pass_field), std::move(pass));
  return out;
}
std::string pass_in(const http::Response& to_form) {
  return parameter_of(location_of(to_form), reset_pass_field);
}
bool asks_password(const http::Response& page) { return page.body.contains("name=\"password-reset\""); }

TEST(ScriptedReset, without_actions_the_link_opens_the_form_and_costs_what_it_did) {
  ResetHouse house;
  auto browser = house.browser();
  const auto page = browser.get(house.link());
  EXPECT_TRUE(asks_password(page));
  EXPECT_FALSE(page.body.contains(reset_pass_field));
  EXPECT_EQ(house.state.reads, 1);
  EXPECT_TRUE(house.scripts.calls.empty());
}

TEST(ScriptedReset, opening_the_link_runs_nothing_and_the_button_does) {
  ResetHouse house;
  house.bind("checks", house.does());
  auto browser = house.browser();
  const auto url = house.link();
  const auto opened = browser.get(url);
  EXPECT_EQ(opened.status, 200);
  EXPECT_FALSE(asks_password(opened));
  EXPECT_TRUE(house.scripts.calls.empty());
  EXPECT_EQ(house.state.commits, 0);

  const auto allowed = browser.post(url, button());
  EXPECT_EQ(allowed.status, 303);
  EXPECT_EQ(house.state.commits, 1) << "the record of what ran";
  const auto shown = browser.get(location_of(allowed));
  EXPECT_TRUE(asks_password(shown));
  EXPECT_TRUE(asks_password(browser.get(location_of(allowed)))) << "the page may be loaded again";
  EXPECT_EQ(browser.post(url, choice(pass_in(allowed))).status, 200);
  EXPECT_EQ(house.scripts.calls.size(), 1u);
  EXPECT_EQ(house.changes(), 1);
}

TEST(ScriptedReset, who_is_denied_reads_why_and_the_link_stays) {
  ResetHouse house;
  house.bind("checks", house.does({asks("access.deny", {"Call <us>"})}));
  auto browser = house.browser();
  const auto url = house.link();
  const auto denied = browser.post(url, button());
  EXPECT_EQ(denied.status, 403);
  EXPECT_TRUE(denied.body.contains("Call &lt;us&gt;"));
  const auto& log = house.state.last_log();
  EXPECT_EQ(log.type, "fcp");
  EXPECT_EQ(log.description, "Call <us>");
  EXPECT_TRUE(json::serialize(log.details).contains("\"execution\""));
  house.acts["checks"] = house.does();
  EXPECT_EQ(browser.post(url, button()).status, 303) << "another attempt";
}

TEST(ScriptedReset, nobody_posts_a_password_past_the_actions) {
  ResetHouse house;
  house.bind("checks", house.does({asks("access.deny", {"no"})}));
  auto browser = house.browser();
  const auto url = house.link();
  for (const std::string pass : {"", "forged"}) EXPECT_EQ(browser.post(url, choice(pass)).status, 403);
  EXPECT_EQ(house.scripts.calls.size(), 2u);
  EXPECT_EQ(house.changes(), 0);
}

TEST(ScriptedReset, a_password_that_came_before_the_actions_were_asked_waits_for_them) {
  ResetHouse house;
  auto browser = house.browser();
  const auto url = house.link();
  EXPECT_TRUE(asks_password(browser.get(url)));
  house.bind("bound meanwhile", house.does());
  EXPECT_EQ(browser.post(url, form({{"password-reset", "x"}, {"re-enter-password", "y"}})).status, 400);
  EXPECT_EQ(browser.post(url, choice()).status, 200) << "allowed at once";
  EXPECT_EQ(house.scripts.calls.size(), 2u);
  EXPECT_EQ(house.changes(), 1);
}

TEST(ScriptedReset, a_page_with_an_error_keeps_the_leave) {
  ResetHouse house;
  house.bind("checks", house.does());
  auto browser = house.browser();
  const auto page =
      browser.post(house.link(), form({{"password-reset", "Other-1x"}, {"re-enter-password", "other"}}));
  EXPECT_EQ(page.status, 400);
  EXPECT_TRUE(page.body.contains("name=\"reset_pass\""));
  EXPECT_TRUE(browser.cookies.contains(std::string(binding_cookie)));
}

// ---- what a pass is good for

TEST(ScriptedReset, a_pass_is_of_its_browser_its_link_and_its_time) {
  ResetHouse house;
  house.bind("checks", house.does());
  auto browser = house.browser(), other = house.browser();
  const auto url = house.link(), second_url = house.link();
  const std::string pass = pass_in(browser.post(url, button()));
  other.post(second_url, button());  // a cookie of its own
  house.acts["checks"] = house.does({asks("access.deny", {"no"})});
  EXPECT_EQ(other.post(url, choice(pass)).status, 403);
  EXPECT_EQ(browser.post(second_url, choice(pass)).status, 403);
  house.clock.advance(allowed_lifetime);
  EXPECT_EQ(browser.post(url, choice(pass)).status, 403);
  EXPECT_EQ(house.changes(), 0);
}

TEST(ScriptedReset, a_pass_ends_when_somebody_else_is_bound) {
  ResetHouse house;
  house.bind("checks", house.does());
  auto browser = house.browser();
  const auto url = house.link();
  const std::string pass = pass_in(browser.post(url, button()));
  house.bind("new", house.does({asks("access.deny", {"no"})}));
  EXPECT_EQ(browser.post(url, choice(pass)).status, 403);
}

TEST(ScriptedReset, a_state_of_the_way_is_no_pass_and_a_pass_is_no_state) {
  ResetHouse house;
  house.bind("sends", house.does({asks("redirect.sendUserTo", {"https://proof.example/"})}));
  auto browser = house.browser();
  const auto url = house.link();
  const std::string state = parameter_of(location_of(browser.post(url, button())), "state");
  EXPECT_TRUE(location_of(browser.post(url, choice(state))).starts_with("https://proof.example/"));
  EXPECT_EQ(browser.get("/u/login?state=" + state).status, 400);
  house.acts["sends"] = house.does();
  const std::string pass = pass_in(browser.post(url, button()));
  EXPECT_EQ(browser.get("/continue?state=" + pass).status, 400);
}

// ---- away and back

struct AwayHouse : ResetHouse {
  Browser person = browser();
  std::string url = link(), state;
  AwayHouse() {
    bind("sends", does({asks("transaction.setResultUrl", {"https://shop.example/welcome"}),
                        asks("redirect.sendUserTo", {"https://proof.example/?a=b"})}));
    const auto away_now = person.post(url, button());
    EXPECT_TRUE(location_of(away_now).starts_with("https://proof.example/?a=b&state="));
    state = parameter_of(location_of(away_now), "state");
    acts["sends"] = does();
  }
};

TEST(ScriptedReset, who_is_sent_away_comes_back_to_the_form) {
  AwayHouse house;
  const auto back = house.person.get("/continue?state=" + house.state + "&ok=1");
  EXPECT_EQ(house.scripts.calls.back().handler, "onContinuePostChallenge");
  const auto* came_back = json::object(house.scripts.calls.back().input, "continue");
  EXPECT_EQ(json::string_or(*json::object(*came_back, "query"), "ok"), "1");
  EXPECT_TRUE(asks_password(house.person.get(location_of(back))));
  const auto done = house.person.post(house.url, choice(pass_in(back)));
  EXPECT_TRUE(location_of(done).starts_with("https://shop.example/welcome?"));
  EXPECT_EQ(parameter_of(location_of(done), "success"), "true");
  EXPECT_EQ(house.person.get("/continue?state=" + house.state).status, 400) << "the link is used";
}

TEST(ScriptedReset, the_way_back_is_of_the_browser_that_left_and_ends) {
  AwayHouse house;
  auto other = house.browser();
  EXPECT_EQ(other.get("/continue?state=" + house.state).status, 400);
  const auto by_form = other.post("/continue?state=" + house.state, form({{"ok", "1"}}));
  EXPECT_EQ(by_form.status, 303) << "a form of another site brings no cookie: once more as a page";
  EXPECT_EQ(house.person.get(location_of(by_form)).status, 303);
  house.clock.advance(away_lifetime);
  EXPECT_EQ(house.person.get("/continue?state=" + house.state).status, 400);
}

TEST(ScriptedReset, who_comes_back_may_still_be_denied) {
  AwayHouse house;
  house.acts["sends"] = house.does({asks("access.deny", {"not proven"})});
  const auto back = house.person.get("/continue?state=" + house.state);
  EXPECT_EQ(back.status, 403);
  EXPECT_TRUE(back.body.contains("not proven"));
}

TEST(ScriptedReset, when_nothing_is_bound_any_more_the_way_back_leads_to_the_form) {
  AwayHouse house;
  house.configuration.tenant_scripts.triggers.clear();
  const auto back = house.person.get("/continue?state=" + house.state);
  EXPECT_EQ(back.status, 303);
  EXPECT_TRUE(asks_password(house.person.get(location_of(back))));
}

TEST(ScriptedReset, an_address_that_no_browser_would_take_is_refused) {
  ResetHouse house;
  house.bind("sends",
             house.does({asks("redirect.sendUserTo", {"https://proof.example/?" + std::string(7000, 'a')})}));
  EXPECT_EQ(house.browser().post(house.link(), button()).status, 403);
}

// ---- other links, and trouble

TEST(ScriptedReset, a_password_that_was_chosen_beforehand_needs_one_button) {
  ResetHouse house;
  house.bind("checks", house.does({asks("access.deny", {"no"})}));
  auto browser = house.browser();
  const auto url = house.link({.new_password_hash = "hash:Chosen-1x"});
  EXPECT_FALSE(asks_password(browser.get(url)));
  EXPECT_EQ(browser.post(url, button()).status, 403);
  EXPECT_EQ(house.changes(), 0);
  house.acts["checks"] = house.does();
  EXPECT_EQ(browser.post(url, button()).status, 200);
  EXPECT_EQ(house.changes(), 1);
}

TEST(ScriptedReset, a_link_of_an_address_that_changed_asks_nobody) {
  ResetHouse house;
  house.bind("checks", house.does());
  const auto url = house.link();
  house.state.users["auth0|1"].user.profile["email"] = "new@example.com";
  EXPECT_EQ(house.browser().post(url, button()).status, 400);
  EXPECT_TRUE(house.scripts.calls.empty());
}

TEST(ScriptedReset, scripts_that_cannot_run_are_busy_or_passed_over) {
  ResetHouse house;
  house.away = Error{ErrorKind::unavailable, "extensions_unavailable", "busy", {}, 7};
  house.bind("open", house.does(), true);
  auto browser = house.browser();
  const auto url = house.link();
  EXPECT_EQ(browser.post(url, button()).status, 303);
  house.bind("closed", house.does());
  const auto busy = browser.post(url, button());
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.headers.get("Retry-After"), "7");
  EXPECT_TRUE(busy.body.contains("name=\"ticket\"")) << "the button is still there";
  EXPECT_EQ(house.state.last_log().type, "fcp");
}

TEST(ScriptedReset, no_script_is_shown_the_link_or_the_pass) {
  ResetHouse house;
  house.bind("checks", house.does());
  const auto url = house.link();
  const std::string ticket = parameter_of(url, "ticket");
  house.browser().post(url, form({{"ticket", ticket},
                                  {"reset_pass", "p-a-s-s"},
                                  {"password-reset", "w-o-r-d"},
                                  {"re-enter-password", "w-o-r-d"}}));
  const std::string told = json::serialize(house.scripts.calls.back().input);
  for (const auto& secret : {ticket, std::string("p-a-s-s"), std::string("w-o-r-d")})
    EXPECT_FALSE(told.contains(secret)) << secret;
}

}  // namespace
}  // namespace durward::login
