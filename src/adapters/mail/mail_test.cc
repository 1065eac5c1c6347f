#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <thread>

#include "adapters/events/local_broker.h"
#include "adapters/mail/mail_catcher.h"
#include "adapters/mail/mail_consumer.h"
#include "adapters/mail/mime.h"
#include "adapters/mail/smtp_mailer.h"
#include "adapters/sqlite/store.h"
#include "base/encoding.h"
#include "base/log.h"

namespace durward::adapters {
namespace {

const TimePoint at = *parse_iso8601("2026-01-31T09:30:05.000Z");

std::string rendered(const ports::Mail& mail) {
  SeededRandom random(1);
  return mime::render(mail, *mime::parse_address("Acme <no-reply@acme.test>"),
                      *mime::parse_address("a@b.test"), at, random);
}
bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Mime, a_mail_has_its_headers_and_both_bodies) {
  const auto text = rendered({.subject = "Hello", .text = "plain", .html = "<p>rich</p>"});
  EXPECT_TRUE(text.starts_with("From: \"Acme\" <no-reply@acme.test>\r\nTo: a@b.test\r\nSubject: Hello\r\n"));
  EXPECT_TRUE(has(text, "Date: Sat, 31 Jan 2026 09:30:05 +0000\r\n"));
  EXPECT_TRUE(has(text, "MIME-Version: 1.0\r\n"));
  EXPECT_TRUE(has(text, "multipart/alternative; boundary=\""));
  EXPECT_TRUE(has(text, to_base64("plain")));
  EXPECT_LT(text.find("text/plain"), text.find("text/html"));
  EXPECT_TRUE(text.ends_with("--\r\n"));
}

TEST(Mime, one_body_needs_no_parts) {
  EXPECT_FALSE(has(rendered({.subject = "s", .text = "plain"}), "multipart"));
  EXPECT_TRUE(has(rendered({.subject = "s", .html = "<p>"}), "Content-Type: text/html; charset=utf-8"));
}

TEST(Mime, a_subject_cannot_add_headers) {
  const auto text = rendered({.subject = "Hi\r\nBcc: victim@x.test\r\n\r\nbody", .text = "t"});
  EXPECT_FALSE(has(text, "Bcc: "));
  EXPECT_TRUE(has(text, "Subject: =?utf-8?B?"));
}

TEST(Mime, names_and_boundaries_add_no_header_either) {
  const auto from = *mime::parse_address("\"A\tB\" <a@b.test>");
  EXPECT_EQ(from.name, "A B");
  SeededRandom random(1);
  const ports::Mail mail{.subject = "s", .text = "--=_x\r\nBcc: v@x.test", .html = "<p>\r\n--=_x--"};
  const auto text = mime::render(mail, {"Z\xc3\xbcrich \"A\"", "a@b.test"}, from, at, random);
  EXPECT_TRUE(text.starts_with("From: =?utf-8?B?" + to_base64("Z\xc3\xbcrich \"A\"") + "?= <a@b.test>\r\n"));
  EXPECT_FALSE(has(text, "Bcc"));
  const auto quoted = mime::render(mail, {"A \"B\" \\", "a@b.test"}, from, at, random);
  EXPECT_TRUE(quoted.starts_with("From: \"A \\\"B\\\" \\\\\" <a@b.test>\r\n"));
}

TEST(Mime, bodies_keep_every_character) {
  const std::string body = "Gr\xc3\xbc\xc3\x9f dich \xf0\x9f\x91\x8b\n.\n";
  const auto text = rendered({.subject = "s", .text = body});
  const auto start = text.find("\r\n\r\n") + 4;
  std::string encoded = text.substr(start);
  std::erase_if(encoded, [](char c) { return c == '\r' || c == '\n'; });
  EXPECT_EQ(from_base64(encoded), body);
}

TEST(Mime, long_subjects_are_encoded_words_that_cut_no_character) {
  std::string subject;
  for (int i = 0; i < 40; ++i) subject += "ä€";
  const auto header = mime::encode_header_text(subject);
  std::string decoded;
  size_t start = 0;
  while ((start = header.find("=?utf-8?B?", start)) != std::string::npos) {
    const auto end = header.find("?=", start);
    EXPECT_LE(end + 2 - start, 75u);
    const auto word = from_base64(header.substr(start + 10, end - start - 10));
    ASSERT_TRUE(word);
    EXPECT_TRUE(is_valid_utf8(*word));
    decoded += *word;
    start = end;
  }
  EXPECT_EQ(decoded, subject);
  EXPECT_TRUE(mime::encode_header_text("=?utf-8?B?x?=").starts_with("=?utf-8?B?PT91"));
}

TEST(Mime, body_lines_are_short_whatever_the_text) {
  const auto text = rendered({.subject = "s", .text = std::string(5000, 'x') + "\n.\n"});
  for (size_t start = 0; start < text.size();) {
    const auto end = text.find("\r\n", start);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - start, 78u);
    start = end + 2;
  }
}

TEST(Mime, addresses_that_are_not_one_plain_address_are_refused) {
  for (std::string_view good : {"a@b", "Name <a@b.test>", "\"N, M\" <a.b+c@d.test>", " a@b "})
    EXPECT_TRUE(mime::parse_address(good)) << good;
  for (std::string_view bad : {"", "a", "@b", "a@", "a@b, c@d", "a@b\r\nBcc: c@d", "<a@b> <c@d> x", "a b@c",
                               "ä@b.test", "a@b> RCPT TO:<c", "a@<b>", "Name <a@b\r\n>"}) {
    const auto address = mime::parse_address(bad);
    ASSERT_FALSE(address.has_value()) << bad;
    EXPECT_EQ(address.error().code, "invalid_address");
  }
}

// Speaks as much SMTP as one delivery needs; `replies` answer the recipient.
class MailServer {
 public:
  explicit MailServer(std::string rcpt_reply) : rcpt_reply_(std::move(rcpt_reply)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 1);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~MailServer() { finish(); }
  std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
  const std::string& finish() {
    if (thread_.joinable()) thread_.join();
    if (listener_ >= 0) ::close(std::exchange(listener_, -1));
    return seen_;
  }

 private:
  void say(const std::string& line) { (void)!::write(peer_, line.data(), line.size()); }
  void serve() {
    peer_ = ::accept(listener_, nullptr, nullptr);
    say("220 test ESMTP\r\n");
    std::string line;
    bool in_data = false;
    for (char c; ::read(peer_, &c, 1) == 1;) {
      seen_ += c;
      line += c;
      if (c != '\n') continue;
      if (in_data) {
        if (line == ".\r\n") {
          in_data = false;
          say("250 taken\r\n");
        }
      } else if (line.starts_with("RCPT")) {
        say(rcpt_reply_);
      } else if (line.starts_with("DATA")) {
        in_data = true;
        say("354 go\r\n");
      } else if (line.starts_with("QUIT")) {
        say("221 bye\r\n");
        break;
      } else {
        say("250 ok\r\n");
      }
      line.clear();
    }
    ::close(peer_);
  }
  const std::string rcpt_reply_;
  int listener_ = -1, peer_ = -1, port_ = 0;
  std::string seen_;
  std::thread thread_;
};

class SmtpMailerTest : public testing::Test {
 protected:
  Result<> send(const std::string& url, ports::Mail mail, bool require_starttls = false) {
    SmtpMailer mailer({.url = url,
                       .require_starttls = require_starttls,
                       .default_from = "no-reply@acme.test",
                       .timeout = Seconds(5)},
                      clock, random);
    return run_sync(mailer.send(std::move(mail)));
  }
  FixedClock clock{at};
  SeededRandom random{1};
};

TEST_F(SmtpMailerTest, a_mail_reaches_the_server) {
  MailServer server("250 ok\r\n");
  ASSERT_TRUE(send(server.url(), {.to = "a@b.test", .subject = "Hi", .text = "plain"}));
  const auto& seen = server.finish();
  EXPECT_TRUE(has(seen, "EHLO acme.test\r\n"));
  EXPECT_TRUE(has(seen, "MAIL FROM:<no-reply@acme.test>"));
  EXPECT_TRUE(has(seen, "RCPT TO:<a@b.test>\r\n"));
  EXPECT_TRUE(has(seen, "Subject: Hi\r\n"));
}

TEST_F(SmtpMailerTest, a_permanent_refusal_is_invalid_and_a_passing_one_unavailable) {
  MailServer never("550 no such user\r\n");
  EXPECT_EQ(send(never.url(), {.to = "a@b.test"}).error().kind, ErrorKind::invalid);
  MailServer later("451 try later\r\n");
  EXPECT_EQ(send(later.url(), {.to = "a@b.test"}).error().kind, ErrorKind::unavailable);
}

TEST_F(SmtpMailerTest, without_tls_nothing_is_sent_when_tls_is_required) {
  MailServer server("250 ok\r\n");
  EXPECT_FALSE(send(server.url(), {.to = "a@b.test", .text = "plain"}, true));
  EXPECT_FALSE(has(server.finish(), "MAIL FROM"));
}

TEST_F(SmtpMailerTest, a_server_that_is_away_is_unavailable_and_a_bad_address_invalid) {
  EXPECT_EQ(send("smtp://127.0.0.1:1", {.to = "a@b.test"}).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(send("smtp://127.0.0.1:1", {.to = "a@b.test\r\nRCPT TO:<c@d>"}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(send("file:///etc/passwd", {.to = "a@b.test"}).error().kind, ErrorKind::unavailable);
}

TEST(MailCatcher, the_newest_mails_are_kept_and_found) {
  FixedClock clock(at);
  MailCatcher catcher(clock, 2);
  for (const char* to : {"a@x", "b@x", "a@x"}) ASSERT_TRUE(run_sync(catcher.send({.to = to})));
  const auto all = catcher.list();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].id, 3);
  EXPECT_FALSE(catcher.find(1));
  EXPECT_EQ(catcher.find(2)->mail.to, "b@x");
  EXPECT_EQ(catcher.latest_to("a@x")->id, 3);
  EXPECT_FALSE(catcher.latest_to("c@x"));
}

// Answers each mail with the next of its results, then with success.
class ScriptedMailer : public ports::Mailer {
 public:
  Async<> send(ports::Mail mail) override {
    std::lock_guard lock(mutex);
    sent.push_back(mail.to);
    ready.notify_all();
    if (results.empty()) co_return Result<>();
    auto result = results.front();
    if (results.size() > 1 || !forever) results.erase(results.begin());
    co_return result;
  }
  std::mutex mutex;
  std::condition_variable ready;
  std::vector<Result<>> results;
  bool forever = false;
  std::vector<std::string> sent;
};

class MailConsumerTest : public testing::Test {
 protected:
  MailConsumerTest() {
    log::set_sink([](std::string_view) {});
    tenant = run_sync(store->tenants().create("acme", "k", clock.now())).value().id;
  }
  // As the committer of the server does: the job, and the event that says where it is.
  domain::Event add(int64_t id) {
    const domain::Event event{.id = 1000 + id,
                              .type = "mail.requested",
                              .time = clock.now(),
                              .data = {{"job", std::to_string(id)}}};
    EXPECT_TRUE(run_sync(store->committer().commit(
        tenant,
        {ports::InsertJob{id, "mail", mail_to_payload({.to = std::to_string(id) + "@x"}), clock.now()},
         ports::AppendEvent{event}})));
    return event;
  }
  int64_t round() { return run_sync(worker.run_once()).value(); }
  uint64_t mails(const std::string& outcome) {
    return registry.counter("durward_mails_total", "", "outcome=\"" + outcome + "\"").value();
  }
  bool has_job(int64_t id) {
    const auto job = run_sync(store->jobs().claim(id, clock.now(), Seconds(0)));
    return !job || *job;
  }

  FixedClock clock{at};
  std::unique_ptr<SqliteStore> store = SqliteStore::open({}, clock).value();
  domain::TenantId tenant;
  ScriptedMailer mailer;
  metrics::Registry registry;
  MailConsumer consumer{store->jobs(), mailer, clock, registry};
  LocalBroker broker{store->outbox(), store->leases(), clock, "me"};
  QueueWorker worker{broker, store->outbox(), consumer, clock, mail_queue(), {}, registry};
};

TEST_F(MailConsumerTest, a_mail_survives_its_way_through_a_job) {
  const ports::Mail mail{"f", "t", "s", "x", "h", "acme", "verify_email"};
  const auto back = mail_from_payload(mail_to_payload(mail));
  EXPECT_EQ(back.from + back.to + back.subject + back.text + back.html + back.tenant + back.template_name,
            "ftsxhacmeverify_email");
}

TEST_F(MailConsumerTest, a_mail_is_sent_once_however_often_its_event_comes) {
  const auto event = add(1);
  EXPECT_EQ(round(), 1);
  EXPECT_EQ(round(), 0);
  EXPECT_TRUE(run_sync(consumer.handle(event)));
  EXPECT_EQ(mailer.sent, std::vector<std::string>{"1@x"});
  EXPECT_FALSE(has_job(1));
}

TEST_F(MailConsumerTest, a_mail_that_another_worker_is_sending_is_left_to_it) {
  const auto event = add(1);
  ASSERT_TRUE(run_sync(store->jobs().claim(1, clock.now(), Seconds(60))).value());
  EXPECT_EQ(run_sync(consumer.handle(event)).error().code, "job_busy");
  EXPECT_TRUE(mailer.sent.empty());
}

TEST_F(MailConsumerTest, an_event_without_a_job_is_invalid) {
  for (const json::Object& data : {json::Object{}, json::Object{{"job", "x"}}, json::Object{{"job", 1}}}) {
    EXPECT_EQ(run_sync(consumer.handle({.type = "mail.requested", .data = data})).error().kind,
              ErrorKind::invalid);
    EXPECT_TRUE(run_sync(consumer.give_up({.type = "mail.requested", .data = data})));
  }
}

TEST_F(MailConsumerTest, a_passing_failure_is_tried_again_after_a_growing_pause) {
  mailer.results = {fail(ErrorKind::unavailable, "away"), fail(ErrorKind::unavailable, "away")};
  add(1);
  EXPECT_EQ(round(), 1);
  clock.advance(Seconds(29));
  EXPECT_EQ(round(), 0);
  clock.advance(Seconds(1));
  EXPECT_EQ(round(), 1);
  clock.advance(Seconds(59));
  EXPECT_EQ(round(), 0);
  clock.advance(Seconds(1));
  EXPECT_EQ(round(), 1);
  clock.advance(Seconds(86400));
  EXPECT_EQ(round(), 0);
  EXPECT_EQ(mailer.sent.size(), 3u);
}

TEST_F(MailConsumerTest, a_refused_mail_is_given_up_at_once_and_a_failing_one_after_twelve_attempts) {
  mailer.results = {fail(ErrorKind::invalid, "refused")};
  add(1);
  EXPECT_EQ(round(), 1);
  EXPECT_FALSE(has_job(1)) << "its link is of no use any more";
  mailer.results = {fail(ErrorKind::unavailable, "away")};
  mailer.forever = true;
  add(2);
  for (int i = 0; i < 20; ++i) {
    clock.advance(Seconds(3600));
    round();
  }
  EXPECT_EQ(mailer.sent.size(), 13u);
  EXPECT_EQ(mails("refused"), 1u);
  EXPECT_EQ(mails("given_up"), 2u);
  EXPECT_FALSE(has_job(2));
  const auto letters = run_sync(store->outbox().dead_letters("mail", 10)).value();
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[0].reason, "away");
  EXPECT_EQ(letters[0].attempts, 12);
  EXPECT_EQ(letters[1].reason, "refused");
}

// Answers after the test says so, as a slow server does.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void await_waiter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_; });
  }
  void open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool waiting_ = false, open_ = false;
};

class SlowMailer : public ports::Mailer {
 public:
  explicit SlowMailer(Gate& gate) : gate_(gate) {}
  Async<> send(ports::Mail) override {
    gate_.pass();
    ++sent;
    co_return Result<>();
  }
  int sent = 0;

 private:
  Gate& gate_;
};

TEST_F(MailConsumerTest, stopping_waits_for_the_mail_being_sent_and_leaves_the_rest_to_the_next_worker) {
  Gate gate;
  SlowMailer slow(gate);
  for (int64_t id = 1; id <= 3; ++id) add(id);
  MailConsumer sending(store->jobs(), slow, clock, registry);
  QueueWorker busy(broker, store->outbox(), sending, clock, mail_queue(), {}, registry);
  busy.start();
  gate.await_waiter();
  std::thread stopper([&] { busy.stop(); });
  gate.open();
  stopper.join();
  const int sent = slow.sent;
  EXPECT_GE(sent, 1);
  EXPECT_EQ(round(), 3 - sent);
  EXPECT_EQ(int(mailer.sent.size()), 3 - sent);
}

}  // namespace
}  // namespace durward::adapters
