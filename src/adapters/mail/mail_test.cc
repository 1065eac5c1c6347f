#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "adapters/mail/mail_catcher.h"
#include "adapters/mail/mime.h"
#include "adapters/mail/smtp_mailer.h"
#include "adapters/mail/tenant_smtp.h"
#include "base/encoding.h"

namespace durward::adapters {
namespace {

const TimePoint at = *parse_iso8601("2026-01-31T09:30:05.000Z");

std::string rendered(const ports::Mail& mail) {
  SeededRandom random(1);
  return mime::render(mail, *domain::parse_mail_address("Acme <no-reply@acme.test>"),
                      *domain::parse_mail_address("a@b.test"), at, random);
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

TEST(Mime, headers_of_a_provider_are_added_one_line_each) {
  const auto text =
      rendered({.subject = "s", .text = "t", .headers = {{"X-Set", "a"}, {"X-Bad", "b\r\nBcc: c"}}});
  EXPECT_TRUE(has(text, "\r\nX-Set: a\r\n"));
  EXPECT_FALSE(has(text, "Bcc: "));
}

TEST(Mime, a_subject_cannot_add_headers) {
  const auto text = rendered({.subject = "Hi\r\nBcc: victim@x.test\r\n\r\nbody", .text = "t"});
  EXPECT_FALSE(has(text, "Bcc: "));
  EXPECT_TRUE(has(text, "Subject: =?utf-8?B?"));
}

TEST(Mime, names_and_boundaries_add_no_header_either) {
  const auto from = *domain::parse_mail_address("\"A\tB\" <a@b.test>");
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
  uint16_t port() const { return uint16_t(port_); }
  // Nobody comes: what was heard until now.
  const std::string& abandon() {
    ::shutdown(listener_, SHUT_RDWR);
    return finish();
  }
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
    if (peer_ < 0) return;
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

class TenantSmtpTest : public testing::Test {
 protected:
  Result<> send(MailServer& server, std::vector<std::string> allow) {
    TenantSmtp servers({.timeout = Seconds(5)}, *sandbox::EgressPolicy::parse(allow), clock, random);
    return run_sync(
        servers.send({.host = "127.0.0.1", .port = server.port()}, {.from = "a@b.test", .to = "c@d.test"}));
  }
  FixedClock clock{at};
  SeededRandom random{1};
};

TEST_F(TenantSmtpTest, a_server_that_is_not_public_is_not_even_connected_to) {
  MailServer server("250 ok\r\n");
  const auto sent = send(server, {});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, "private_address");
  EXPECT_EQ(sent.error().kind, ErrorKind::invalid);
  EXPECT_EQ(server.abandon(), "");
}

TEST_F(TenantSmtpTest, where_the_operator_allows_it_nothing_is_said_without_tls) {
  for (const std::vector<std::string>& allow :
       {std::vector<std::string>{"127.0.0.0/8"}, std::vector<std::string>{}}) {
    MailServer server("250 ok\r\n");
    auto open = allow;
    if (open.empty()) open.push_back("127.0.0.1:" + std::to_string(server.port()));
    const auto sent = send(server, open);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind, ErrorKind::unavailable);
    EXPECT_TRUE(has(server.finish(), "EHLO b.test")) << "it was reached";
  }
}

}  // namespace
}  // namespace durward::adapters
