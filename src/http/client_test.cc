#include "http/client.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/executor.h"
#include "http/test_server.h"

namespace durward::http {
namespace {

using testing::RunningServer;

class ClientTest : public ::testing::Test {
 protected:
  static Task<Response> echo(Request request) {
    co_return text_response(200, std::string(to_string(request.method)) + " " + request.path + "?" +
                                     request.query + " " + request.host + " " +
                                     std::string(request.headers.get("X-One")) + " " + request.body);
  }
  static std::unique_ptr<Client> make(ClientOptions options, metrics::Registry& metrics) {
    auto client = Client::create(std::move(options), metrics);
    EXPECT_TRUE(client);
    return *std::move(client);
  }
  static ClientRequest to(uint16_t port, std::string target = "/", Method method = Method::get) {
    ClientRequest request;
    request.origin = {false, "127.0.0.1", port};
    request.method = method;
    request.target = std::move(target);
    return request;
  }
  static Result<Response> ask(Client& client, ClientRequest request,
                              Milliseconds deadline = Milliseconds(10'000)) {
    return run_sync(client.send(std::move(request), deadline));
  }
  int64_t open() { return metrics_.gauge("durward_http_client_connections", "").value(); }
  metrics::Registry metrics_;
};

// A port that a listener just gave up.
uint16_t closed_port() {
  RunningServer server([](Request) -> Task<Response> { co_return text_response(200, ""); });
  return server.port();
}

TEST_F(ClientTest, sends_method_target_fields_and_body_and_reads_the_answer) {
  RunningServer server(echo);
  auto client = make({}, metrics_);
  auto request = to(server.port(), "/a/b?c=d", Method::post);
  request.headers.set("X-One", "1");
  request.body = "hello";
  const auto answer = ask(*client, std::move(request));
  ASSERT_TRUE(answer) << answer.error().debug;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "POST /a/b?c=d 127.0.0.1:" + std::to_string(server.port()) + " 1 hello");
}

TEST_F(ClientTest, keeps_a_connection_for_the_next_request) {
  RunningServer server(echo);
  auto client = make({}, metrics_);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(*client, to(server.port()))->status, 200);
  EXPECT_EQ(open(), 1);
  EXPECT_EQ(server.open_connections(), 1);
}

TEST_F(ClientTest, an_idempotent_request_survives_a_kept_connection_that_was_closed) {
  auto client = make({}, metrics_);
  auto first = std::make_unique<RunningServer>(echo);
  const uint16_t port = first->port();
  EXPECT_TRUE(ask(*client, to(port)));
  first.reset();
  auto options = testing::loopback_options();
  options.listen[0].port = port;
  RunningServer second(echo, options);
  auto request = to(port);
  request.idempotent = true;
  const auto answer = ask(*client, std::move(request));
  EXPECT_TRUE(answer) << answer.error().code << answer.error().debug;
}

TEST_F(ClientTest, a_refused_connection_says_so) {
  auto client = make({}, metrics_);
  const auto answer = ask(*client, to(closed_port()));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(answer.error().code, "connect_failed");
  EXPECT_EQ(open(), 0);
}

TEST_F(ClientTest, an_unknown_name_says_so) {
  auto client = make({}, metrics_);
  ClientRequest request;
  request.origin = {false, "nowhere.invalid", 80};
  EXPECT_EQ(ask(*client, request).error().code, "connect_failed");
}

// Answers nothing while it lives.
class SilentServer {
 public:
  ~SilentServer() {
    held_.let_go();
    server_.server().drain();
  }
  uint16_t port() const { return server_.port(); }

 private:
  static Task<Response> wait(testing::Held* held) {
    co_await held->wait();
    co_return text_response(200, "late");
  }
  testing::Held held_;
  RunningServer server_{[this](Request) { return wait(&held_); }};
};

TEST_F(ClientTest, the_deadline_ends_a_request_that_is_not_answered) {
  SilentServer server;
  auto client = make({}, metrics_);
  const auto answer = ask(*client, to(server.port()), Milliseconds(30));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, "timed_out");
  EXPECT_EQ(open(), 0);
}

TEST_F(ClientTest, the_deadline_also_ends_the_wait_for_a_connection) {
  SilentServer server;
  auto client = make({.connections_max = 1}, metrics_);
  std::atomic<int> timed_out{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      const auto answer = ask(*client, to(server.port()), Milliseconds(40));
      timed_out += !answer && answer.error().code == "timed_out";
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(timed_out, 2);
}

TEST_F(ClientTest, more_requests_than_may_wait_fail_at_once) {
  SilentServer server;
  auto client = make({.connections_max = 1, .waiting_max = 0}, metrics_);
  std::thread first([&] { EXPECT_FALSE(ask(*client, to(server.port()), Milliseconds(500))); });
  while (open() == 0) std::this_thread::yield();
  EXPECT_EQ(ask(*client, to(server.port())).error().code, "client_busy");
  first.join();
}

TEST_F(ClientTest, many_requests_share_few_connections) {
  RunningServer server(echo);
  auto client = make({.connections_max = 2}, metrics_);
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) good += ask(*client, to(server.port())).has_value();
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
  EXPECT_LE(open(), 2);
}

TEST_F(ClientTest, ending_the_client_ends_what_is_under_way) {
  SilentServer server;
  auto client = make({}, metrics_);
  std::thread waiting([&, raw = client.get()] {
    const auto answer = ask(*raw, to(server.port()), Milliseconds(60'000));
    EXPECT_EQ(answer.error().code, "timed_out");
    EXPECT_EQ(answer.error().debug, "the client ends");
  });
  while (open() == 0) std::this_thread::yield();
  client.reset();
  waiting.join();
}

TEST_F(ClientTest, a_field_that_would_split_the_request_is_refused) {
  auto client = make({}, metrics_);
  auto request = to(1);
  request.headers.set("X-One", "a\r\nX-Two: b");
  EXPECT_EQ(ask(*client, request).error().code, "bad_request");
  EXPECT_EQ(ask(*client, to(1, "/a b")).error().code, "bad_request");
  EXPECT_EQ(ask(*client, to(1, "/\r\nX: y")).error().code, "bad_request");
}

TEST_F(ClientTest, an_answer_larger_than_allowed_is_refused) {
  RunningServer server(
      [](Request) -> Task<Response> { co_return text_response(200, std::string(2000, 'x')); });
  auto client = make({.body_max = 1999}, metrics_);
  EXPECT_EQ(ask(*client, to(server.port())).error().code, "answer_too_large");
}

class ClientTlsTest : public ClientTest {
 protected:
  ClientTlsTest() {
    auto options = testing::loopback_options();
    options.listen[0].tls = true;
    options.tls = *TlsContexts::create(identity_);
    server_.emplace(echo, options);
  }
  ClientRequest to_name(std::string host) {
    ClientRequest request;
    request.origin = {true, std::move(host), server_->port()};
    return request;
  }
  TlsIdentity identity_ = testing::make_identity("localhost");
  std::optional<RunningServer> server_;
};

TEST_F(ClientTlsTest, trusts_the_given_authority_and_checks_the_name) {
  auto client = make({.tls = {.authorities_pem = identity_.certificate_pem}}, metrics_);
  const auto answer = ask(*client, to_name("localhost"));
  EXPECT_TRUE(answer) << answer.error().debug;
  EXPECT_EQ(ask(*client, to_name("127.0.0.1")).error().code, "connect_failed");
}

TEST_F(ClientTlsTest, an_unknown_authority_is_refused) {
  const auto other = testing::make_identity("localhost");
  auto client = make({.tls = {.authorities_pem = other.certificate_pem}}, metrics_);
  EXPECT_EQ(ask(*client, to_name("localhost")).error().code, "connect_failed");
}

TEST_F(ClientTlsTest, text_that_is_no_certificate_is_refused) {
  EXPECT_EQ(Client::create({.tls = {.authorities_pem = "nothing"}}, metrics_).error().code,
            "bad_certificate");
  const auto other = testing::make_identity("other");
  EXPECT_EQ(Client::create({.tls = {.certificate_pem = identity_.certificate_pem, .key_pem = other.key_pem}},
                           metrics_)
                .error()
                .code,
            "bad_certificate");
}

TEST(OriginTest, reads_urls_and_refuses_others) {
  EXPECT_EQ(Origin::parse("https://h.example:8443")->text(), "https://h.example:8443");
  EXPECT_EQ(Origin::parse("https://h.example/")->port, 443);
  EXPECT_EQ(Origin::parse("http://[::1]:9")->host, "::1");
  EXPECT_EQ(Origin::parse("http://[::1]:9")->authority(), "[::1]:9");
  EXPECT_EQ(Origin::parse("https://h.example")->authority(), "h.example");
  for (const char* bad : {"", "h.example", "ftp://h.example", "https://", "https://h.example/path",
                          "https://h:0", "https://h:99999", "https://user@h.example"})
    EXPECT_FALSE(Origin::parse(bad)) << bad;
}

TEST_F(ClientTest, connects_to_no_name_of_which_one_address_is_refused) {
  RunningServer server(echo);
  std::vector<std::string> asked;
  bool allowed = false;
  auto client =
      make({.may_connect =
                [&](const IpAddress& address, std::string_view host, uint16_t port) {
                  asked.push_back(to_string(address) + " " + std::string(host) + ":" + std::to_string(port));
                  return allowed;
                }},
           metrics_);
  const auto refused = ask(*client, to(server.port()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "connect_failed");
  EXPECT_EQ(asked, std::vector<std::string>{"127.0.0.1 127.0.0.1:" + std::to_string(server.port())});
  auto by_name = to(server.port());
  by_name.origin.host = "localhost";
  EXPECT_FALSE(ask(*client, by_name));
  allowed = true;
  EXPECT_TRUE(ask(*client, to(server.port())));
}

TEST_F(ClientTest, servers_that_were_never_reached_take_no_place_of_others) {
  RunningServer server(echo);
  auto client = make({.origins_max = 2}, metrics_);
  for (int i = 0; i < 5; ++i) {
    auto lost = to(closed_port());
    EXPECT_EQ(ask(*client, lost).error().code, "connect_failed") << i;
  }
  EXPECT_TRUE(ask(*client, to(server.port())));
}

}  // namespace
}  // namespace durward::http
