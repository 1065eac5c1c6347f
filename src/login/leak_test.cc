#include "login/testing/page_world.h"

// What the pages do with passwords that strangers know.
namespace durward::login {
namespace {

using testing::form;
using testing::location_of;

struct LeakedPasswords : testing::PageWorld {
  LeakedPasswords() {
    breached.listed = {"Secret-1", "Leaked-Everywhere-7"};
    configuration.tenant_settings->support_email = "help@acme.example";
    want(R"({"enabled":true,"shields":["block","user_notification","admin_notification"],
             "admin_notification_frequency":["daily"],
             "stage":{"pre-user-registration":{"shields":["block"]},"pre-change-password":{"shields":["block"]}}})");
  }
  void want(std::string_view settings) { protect("breached-password-detection", settings); }
  http::Response sign_in(const std::string& password) {
    auto person = browser();
    return person.post(location_of(person.get("/begin")),
                       form({{"username", "ada@example.com"}, {"password", password}}));
  }
  http::Response sign_up(const std::string& email, const std::string& password) {
    screen_hint = "signup";
    auto person = browser();
    return person.post(location_of(person.get("/begin")), form({{"email", email}, {"password", password}}));
  }
};

using Types = std::vector<std::string>;

TEST_F(LeakedPasswords, a_right_password_that_leaked_does_not_sign_in) {
  const auto answer = sign_in("Secret-1");
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("known from a data leak"), std::string::npos);
  EXPECT_NE(answer.body.find("/u/reset-password/request/db"), std::string::npos);
  EXPECT_TRUE(state.sessions.empty());
  EXPECT_EQ(log_types(), Types{"pwd_leak"});
  EXPECT_EQ(state.last_log().user_id, "auth0|1");
  EXPECT_EQ(state.commits, 1);
}

TEST_F(LeakedPasswords, a_wrong_password_is_only_wrong_although_it_leaked) {
  const auto answer = sign_in("Leaked-Everywhere-7");
  EXPECT_NE(answer.body.find("Wrong email or password."), std::string::npos);
  EXPECT_EQ(log_types(), Types{"fp"});
  EXPECT_TRUE(state.jobs.empty());
}

TEST_F(LeakedPasswords, the_list_is_asked_once_whoever_it_is) {
  sign_in("anything");
  const int known = std::exchange(breached.asked, 0);
  auto person = browser();
  person.post(location_of(person.get("/begin")), form({{"username", "eve@example.com"}, {"password", "x"}}));
  EXPECT_EQ(known, 1);
  EXPECT_EQ(breached.asked, 1);
}

TEST_F(LeakedPasswords, the_person_gets_a_link_once_an_hour_and_the_operator_a_mail_once_a_day) {
  for (int i = 0; i < 3; ++i) sign_in("Secret-1");
  EXPECT_EQ(mails("stolen_credentials"), 1);
  EXPECT_EQ(mails("breached_passwords"), 1);
  EXPECT_EQ(json::string_or(state.jobs[0].payload, "to"), "ada@example.com");
  EXPECT_NE(json::string_or(state.jobs[0].payload, "text").find("https://acme.test/u/reset-verify?ticket="),
            std::string::npos);
  EXPECT_EQ(json::string_or(state.jobs[1].payload, "to"), "help@acme.example");
  clock.advance(Seconds(3601));
  sign_in("Secret-1");
  EXPECT_EQ(mails("stolen_credentials"), 2);
  EXPECT_EQ(mails("breached_passwords"), 1);
  clock.advance(Seconds(86'400));
  sign_in("Secret-1");
  EXPECT_EQ(mails("breached_passwords"), 2);
}

TEST_F(LeakedPasswords, without_the_shield_it_is_told_and_signs_in_with_the_same_commit) {
  want(R"({"enabled":true,"shields":["user_notification"]})");
  EXPECT_EQ(location_of(sign_in("Secret-1")), "https://app.example/cb");
  EXPECT_EQ(log_types(), (Types{"pwd_leak", "s"}));
  EXPECT_EQ(mails("stolen_credentials"), 1);
  EXPECT_EQ(mails("breached_passwords"), 0);
  EXPECT_EQ(state.commits, 1);
}

TEST_F(LeakedPasswords, an_untouched_tenant_does_not_look) {
  configuration.protection = domain::AttackProtection::from_documents({});
  EXPECT_EQ(location_of(sign_in("Secret-1")), "https://app.example/cb");
  EXPECT_EQ(location_of(sign_up("mary@example.com", "Leaked-Everywhere-7")), "https://app.example/cb");
  for (const auto& type : log_types()) EXPECT_EQ(type.find("leak"), std::string::npos) << type;
}

TEST_F(LeakedPasswords, cannot_be_chosen_at_sign_up_and_the_answer_is_the_same_for_a_taken_address) {
  const auto fresh = sign_up("mary@example.com", "Leaked-Everywhere-7");
  EXPECT_EQ(fresh.status, 400);
  EXPECT_NE(fresh.body.find("Please choose another."), std::string::npos);
  EXPECT_EQ(log_types(), (Types{"signup_pwd_leak", "fs"}));
  const auto taken = sign_up("ada@example.com", "Leaked-Everywhere-7");
  EXPECT_NE(taken.body.find("Please choose another."), std::string::npos);
  EXPECT_EQ(state.users.size(), 1u);
}

TEST_F(LeakedPasswords, can_be_chosen_at_sign_up_where_it_is_only_logged) {
  want(R"({"enabled":true,"stage":{"pre-user-registration":{"shields":["admin_notification"]}},
           "admin_notification_frequency":["immediately"]})");
  EXPECT_EQ(location_of(sign_up("mary@example.com", "Leaked-Everywhere-7")), "https://app.example/cb");
  EXPECT_EQ(log_types()[0], "signup_pwd_leak");
  EXPECT_EQ(mails("breached_passwords"), 1);
}

struct LeakedReset : LeakedPasswords {
  std::string ticket;
  LeakedReset() {
    auto issued = database.reset_ticket({.tenant = {.id = {1}}, .host = "acme.test", .now = clock.now()},
                                        configuration.connections[0], state.users["auth0|1"].user, {});
    const auto& stored = std::get<ports::InsertTicket>(issued.writes[0]).ticket;
    state.tickets[stored.id] = stored;
    ticket = issued.text;
  }
  http::Response reset(const std::string& password) {
    auto person = browser();
    return person.post(
        "/u/reset-verify",
        form({{"ticket", ticket}, {"password-reset", password}, {"re-enter-password", password}}));
  }
};

TEST_F(LeakedReset, a_leaked_password_cannot_be_chosen_and_the_link_stays_good) {
  const auto answer = reset("Leaked-Everywhere-7");
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("known from a data leak"), std::string::npos);
  EXPECT_EQ(log_types(), (Types{"reset_pwd_leak", "fcp"}));
  EXPECT_EQ(reset("Quite-Fresh-Secret-7").status, 200);
  EXPECT_EQ(state.last_log().type, "scp");
}

TEST_F(LeakedReset, without_the_shield_it_is_logged_with_the_change) {
  want(R"({"enabled":true})");
  EXPECT_EQ(reset("Leaked-Everywhere-7").status, 200);
  EXPECT_EQ(state.commits, 1);
  const auto types = log_types();
  EXPECT_NE(std::ranges::find(types, "reset_pwd_leak"), types.end());
  EXPECT_NE(std::ranges::find(types, "scp"), types.end());
}

}  // namespace
}  // namespace durward::login
