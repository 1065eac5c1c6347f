#include <gtest/gtest.h>

#include "base/log.h"
#include "extensions/testing/script_world.h"
#include "notifications/action.h"
#include "notifications/phone_notifier.h"

namespace durward::notifications {
namespace {

using durward::testing::asks;
using durward::testing::ScriptWorld;

struct PlayedServers : ports::MailServers, ports::Mailer, ports::Fetcher {
  Async<> send(ports::MailServer server, ports::Mail mail) override {
    servers.push_back(server);
    mails.push_back(mail);
    co_return result;
  }
  Async<> send(ports::Mail mail) override {
    own.push_back(mail);
    co_return result;
  }
  Async<ports::Fetched> post(ports::Outbound request, Milliseconds) override {
    requests.push_back(request);
    co_return answer;
  }
  Result<> result;
  ports::Fetched answer{202, "{}"};
  std::vector<ports::MailServer> servers;
  std::vector<ports::Mail> mails, own;
  std::vector<ports::Outbound> requests;
};

class Notifiers : public ::testing::Test, protected ScriptWorld {
 protected:
  Notifiers() {
    log::set_sink([](std::string_view) {});
  }
  void choose(std::string name, json::Object credentials = {}) {
    configuration.providers.mail = domain::MailProvider{.name = std::move(name),
                                                        .enabled = true,
                                                        .default_from = "own@acme.test",
                                                        .credentials = std::move(credentials),
                                                        .settings = {}};
  }
  void choose_phone(std::string name, json::Object configured = {}) {
    configuration.providers.phone = domain::PhoneProvider{.id = "pro_1",
                                                          .name = std::move(name),
                                                          .disabled = false,
                                                          .configuration = std::move(configured),
                                                          .auth_token = "T"};
  }
  ports::Job job(int attempts = 0) {
    ports::Mail mail;
    mail.from = "installation@host.test";
    mail.to = "ada@acme.test";
    mail.subject = "Hello";
    mail.text = "the link";
    mail.tenant = "acme";
    mail.template_name = "verify_email";
    mail.about = {.user_id = "auth0|1", .client_id = "c1", .ip = "1.2.3.4"};
    return job_of(ports::mail_job(1, mail, clock.now()), attempts);
  }
  ports::Job phone_job(bool is_trial = false) {
    const ports::PhoneMessage message{.tenant = "acme",
                                      .recipient = "+15550100",
                                      .message_type = "otp_verify",
                                      .as_text = "Your code is 1",
                                      .as_voice = "one",
                                      .code = "1",
                                      .is_trial = is_trial};
    return job_of(ports::phone_job(2, message, clock.now()), 0);
  }
  static ports::Job job_of(const ports::InsertJob& write, int attempts) {
    return {
        .id = write.id, .tenant = {1}, .kind = write.kind, .payload = write.payload, .attempts = attempts};
  }
  Result<> deliver(ports::Job job) { return run_sync(own.deliver(std::move(job))); }
  Result<> deliver_phone(ports::Job job) { return run_sync(phones.deliver(std::move(job))); }
  const domain::LogRecord* failure() {
    return !state.log.empty() && state.last_log().type == "fn" ? &state.last_log() : nullptr;
  }

  PlayedServers played;
  InstallationMails installation{services, played};
  TenantMails own{services, played, played, {{"twilio", "https://localhost:1"}}};
  PhoneMessages phones{services, played, {{"twilio", "https://localhost:1"}}};
};

TEST_F(Notifiers, exactly_one_of_both_serves_a_tenants_mails) {
  const auto served = [&] {
    return std::pair(run_sync(installation.serves({1})).value(), run_sync(own.serves({1})).value());
  };
  EXPECT_EQ(served(), std::pair(true, false)) << "none was chosen";
  choose("sendgrid");
  EXPECT_EQ(served(), std::pair(false, true));
  configuration.providers.mail->enabled = false;
  EXPECT_EQ(served(), std::pair(true, false)) << "it is switched off";
  EXPECT_EQ(deliver(job()).error().kind, ErrorKind::unavailable) << "switched off since it was fetched";
}

TEST_F(Notifiers, the_installations_server_gets_the_mail_as_it_is) {
  ASSERT_TRUE(run_sync(installation.deliver(job())));
  EXPECT_EQ(played.own.at(0).from, "installation@host.test");
  EXPECT_EQ(played.own.at(0).about.user_id, "auth0|1");
  ASSERT_TRUE(run_sync(installation.give_up(job())));
  ASSERT_TRUE(failure());
  EXPECT_EQ(json::string_or(failure()->details, "to"), "ada@acme.test");
}

TEST_F(Notifiers, a_server_of_the_tenants_gets_its_sender_user_and_headers) {
  choose("smtp", {{"smtp_host", "mail.test"}, {"smtp_port", 587}, {"smtp_user", "u"}, {"smtp_pass", "p"}});
  configuration.providers.mail->settings = {{"headers", json::Object{{"X-SES-Configuration-Set", "set"}}}};
  ASSERT_TRUE(deliver(job()));
  const auto& server = played.servers.at(0);
  EXPECT_EQ(server.host + ":" + std::to_string(server.port), "mail.test:587");
  EXPECT_EQ(server.user + server.password, "up");
  EXPECT_EQ(played.mails.at(0).from, "own@acme.test");
  EXPECT_EQ(played.mails.at(0).headers.at(0).second, "set");
  EXPECT_TRUE(state.log.empty());
}

TEST_F(Notifiers, what_a_server_refuses_is_settled_and_what_may_pass_is_not) {
  choose("smtp", {{"smtp_host", "mail.test"}, {"smtp_port", 587}});
  played.result = fail(ErrorKind::invalid, "mail_refused", "The mail server refused the mail.");
  EXPECT_TRUE(deliver(job())) << "nothing is left to do";
  ASSERT_TRUE(failure());
  EXPECT_EQ(failure()->description, "The mail server refused the mail.");
  EXPECT_EQ(failure()->user_id, "auth0|1");
  EXPECT_EQ(json::serialize(failure()->details),
            R"({"to":"ada@acme.test","provider":"smtp","message_type":"verify_email"})");
  played.result = fail(ErrorKind::unavailable, "mail_unavailable", "The mail could not be sent.");
  EXPECT_EQ(deliver(job()).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(failure()->description, "The mail could not be sent.");
}

TEST_F(Notifiers, a_service_is_asked_over_https) {
  choose("sendgrid", {{"api_key", "K"}});
  ASSERT_TRUE(deliver(job()));
  EXPECT_EQ(played.requests.at(0).url, "https://api.sendgrid.com/v3/mail/send");
  played.answer = {400, "bad"};
  EXPECT_TRUE(deliver(job()));
  EXPECT_EQ(failure()->description, "The provider answered 400: bad");
  played.answer = {503, ""};
  EXPECT_FALSE(deliver(job()));
}

TEST_F(Notifiers, an_action_is_told_what_the_mail_says_and_its_run_is_recorded) {
  choose("custom");
  json::Object event;
  bind("custom-email-provider", "mails", [&](const ports::ScriptCall& call) {
    EXPECT_EQ(call.handler, "onExecuteCustomEmailProvider");
    event = call.input.at("event").as_object();
    return ports::ScriptResult();
  });
  ASSERT_TRUE(deliver(job()));
  EXPECT_EQ(json::serialize(event.at("notification")),
            R"({"message_type":"verify_email","to":"ada@acme.test","from":"own@acme.test","subject":"Hello",)"
            R"("html":"","text":"the link","locale":"en"})");
  EXPECT_EQ(json::string_or(event.at("tenant").as_object(), "id"), "acme");
  EXPECT_EQ(json::string_or(event.at("client").as_object(), "client_id"), "c1");
  EXPECT_EQ(json::string_or(event.at("request").as_object(), "ip"), "1.2.3.4");
  EXPECT_TRUE(event.at("user").as_object().contains("user_metadata")) << "also of nobody";
  EXPECT_EQ(state.commits, 1) << "the record of the execution";
  EXPECT_TRUE(state.log.empty());
}

TEST_F(Notifiers, an_action_drops) {
  choose("custom");
  bind("custom-email-provider", "mails", does({asks("notification.drop", {"nobody there"})}));
  EXPECT_TRUE(deliver(job()));
  ASSERT_TRUE(failure());
  EXPECT_EQ(failure()->description, "nobody there");
}

TEST_F(Notifiers, an_action_asks_again_five_times) {
  choose("custom");
  bind("custom-email-provider", "mails", does({asks("notification.retry", {"busy"})}));
  for (int attempts = 0; attempts < retries_max; ++attempts)
    EXPECT_EQ(deliver(job(attempts)).error().code, "notification_retry");
  EXPECT_FALSE(failure());
  EXPECT_TRUE(deliver(job(retries_max)));
  ASSERT_TRUE(failure());
  EXPECT_EQ(failure()->description, "Given up after 5 retries: busy");
}

TEST_F(Notifiers, an_action_that_throws_is_not_run_again) {
  choose("custom");
  bind("custom-email-provider", "mails", fails("thrown", "no such template"));
  EXPECT_TRUE(deliver(job()));
  ASSERT_TRUE(failure());
  EXPECT_TRUE(failure()->description.contains("no such template"));
}

TEST_F(Notifiers, what_cannot_be_run_now_is_tried_later) {
  choose("custom");
  EXPECT_EQ(deliver(job()).error().code, "notification_unavailable") << "nothing is deployed";
  bind("custom-email-provider", "mails", does());
  away = Error{ErrorKind::unavailable, "extensions_unavailable", "Nobody there."};
  const auto later = deliver(job(retries_max));
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code, "notification_unavailable") << "counts as no retry";
}

TEST_F(Notifiers, what_was_sent_stays_sent_when_its_record_cannot_be_kept) {
  struct AwayCommitter : ports::Committer {
    Async<> commit(domain::TenantId, ports::Writes) override {
      co_return fail(ErrorKind::unavailable, "store_unavailable");
    }
  } is_away;
  const ports::Services broken{clock,   random,      sequence,  configuration, tenants,        documents,
                               users,   assignments, sessions,  codes,         refresh_tokens, grants,
                               tickets, logs,        is_away,   vault,         hasher,         metrics,
                               limiter, cache,       breached,  flags,         state.blocks,   scripts,
                               modules, executions,  deliveries};
  choose("custom");
  bind("custom-email-provider", "mails", does());
  EXPECT_TRUE(run_sync(TenantMails(broken, played, played, {}).deliver(job())));
}

TEST_F(Notifiers, a_message_goes_through_twilio) {
  choose_phone("twilio", {{"sid", "AC1"}, {"default_from", "+1555"}});
  EXPECT_TRUE(run_sync(phones.serves({1})).value());
  ASSERT_TRUE(deliver_phone(phone_job()));
  EXPECT_EQ(played.requests.at(0).url, "https://localhost:1/2010-04-01/Accounts/AC1/Messages.json");
  played.answer = {400, "{\"code\":21211}"};
  EXPECT_TRUE(deliver_phone(phone_job()));
  EXPECT_TRUE(failure()->description.contains("21211"));
  ASSERT_TRUE(run_sync(phones.give_up(phone_job())));
  EXPECT_EQ(json::string_or(failure()->details, "to"), "+15550100");
}

TEST_F(Notifiers, a_message_goes_through_an_action) {
  choose_phone("custom", {{"default_from", "+1555"}});
  json::Object said;
  bind("custom-phone-provider", "phones", [&](const ports::ScriptCall& call) {
    EXPECT_EQ(call.handler, "onExecuteCustomPhoneProvider");
    said = call.input.at("event").at("notification").as_object();
    return ports::ScriptResult{.commands = {asks("notification.retry", {"busy"})}};
  });
  EXPECT_EQ(deliver_phone(phone_job()).error().code, "notification_retry");
  EXPECT_EQ(json::serialize(said),
            R"({"message_type":"otp_verify","recipient":"+15550100","delivery_method":"text",)"
            R"("as_text":"Your code is 1","as_voice":"one","from":"+1555","code":"1"})");
}

TEST_F(Notifiers, without_an_enabled_provider_a_message_fails_unless_it_tries_it) {
  EXPECT_TRUE(deliver_phone(phone_job(true)));
  EXPECT_EQ(failure()->description, "No phone provider is enabled.");
  choose_phone("twilio", {{"sid", "AC1"}, {"default_from", "+1555"}});
  configuration.providers.phone->disabled = true;
  EXPECT_TRUE(deliver_phone(phone_job()));
  EXPECT_TRUE(played.requests.empty());
  EXPECT_TRUE(deliver_phone(phone_job(true)));
  EXPECT_EQ(played.requests.size(), 1u);
}

}  // namespace
}  // namespace durward::notifications
