#include "http/server.h"

#include <gtest/gtest.h>

#include <future>

#include "base/executor.h"
#include "base/json.h"
#include "base/log.h"
#include "http/test_server.h"

namespace durward::http {
namespace {

using namespace testing;

constexpr std::string_view get_root = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";

Task<Response> echo(Request request) {
  std::string out = request.method_text + " " + request.path + "?" + request.query + " " + request.host + " ";
  out += request.body;
  co_return text_response(200, std::move(out));
}

std::string post(std::string_view body, std::string_view more = {}) {
  return "POST /p HTTP/1.1\r\nHost: a.test\r\n" + std::string(more) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string chunked(std::string_view chunks) {
  return "POST /p HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(chunks);
}

TEST(Server, answers_over_plain_http_and_keeps_the_connection) {
  RunningServer server(echo);
  TestClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    const Answer answer = client.ask("GET /x%2Fy?a=1 HTTP/1.1\r\nHost: A.test\r\n\r\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /x%2Fy?a=1 a.test ");
    EXPECT_FALSE(answer.headers.has("Connection"));
    EXPECT_FALSE(answer.headers.has("Server"));
    EXPECT_TRUE(answer.headers.get("Date").ends_with(" GMT"));
    EXPECT_EQ(answer.headers.get("X-Request-Id").size(), 22u);
  }
}

TEST(Server, answers_pipelined_requests_in_order) {
  RunningServer server(echo);
  TestClient client(server.port());
  client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n" + post("two") + "\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "GET /1? a ");
  EXPECT_EQ(client.read_answer().body, "POST /p? a.test two");
  EXPECT_EQ(client.read_answer().body, "GET /3? a ");
}

TEST(Server, reads_requests_that_arrive_byte_by_byte) {
  RunningServer server(echo);
  TestClient client(server.port());
  for (char c :
       chunked("0\r\n\r\n") + post("slow") + chunked("3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n"))
    client.send({&c, 1});
  EXPECT_EQ(client.read_answer().body, "POST /p? a.test ");
  EXPECT_EQ(client.read_answer().body, "POST /p? a.test slow");
  EXPECT_EQ(client.read_answer().body, "POST /p? a.test abcde");
  EXPECT_EQ(client.ask(get_root).status, 200);
}

TEST(Server, closes_or_keeps_as_the_client_asks) {
  RunningServer server(echo);
  TestClient closing(server.port());
  EXPECT_EQ(closing.ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").headers.get("Connection"),
            "close");
  EXPECT_TRUE(closing.is_closed());
  TestClient old(server.port());
  EXPECT_EQ(old.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").headers.get("Connection"),
            "keep-alive");
  EXPECT_EQ(old.ask("GET / HTTP/1.0\r\n\r\n").headers.get("Connection"), "close");
  EXPECT_TRUE(old.is_closed());
}

TEST(Server, answers_head_with_the_length_and_without_the_body) {
  RunningServer server(echo);
  TestClient client(server.port());
  client.send("HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_answer(true).headers.get("Content-Length"), "11");
  EXPECT_EQ(client.ask("GET /g HTTP/1.1\r\nHost: a\r\n\r\n").body, "GET /g? a ");
}

Task<Response> empty_with_own_fields(Request) {
  Response response{.status = 204};
  response.headers.add("Content-Length", "7");
  response.headers.add("Transfer-Encoding", "chunked");
  co_return response;
}

TEST(Server, owns_the_framing_of_its_answers) {
  RunningServer server(empty_with_own_fields);
  TestClient client(server.port());
  const Answer answer = client.ask(get_root);
  EXPECT_EQ(answer.status, 204);
  EXPECT_FALSE(answer.headers.has("Content-Length"));
  EXPECT_FALSE(answer.headers.has("Transfer-Encoding"));
  EXPECT_EQ(client.ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").status, 204);
}

TEST(Server, says_continue_before_a_body_it_will_take) {
  RunningServer server(echo);
  TestClient client(server.port());
  client.send("POST /p HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 100);
  EXPECT_EQ(client.ask("hi").body, "POST /p? a.test hi");
}

TEST(Server, refuses_too_large_a_body_before_saying_continue) {
  RunningServer server(echo);
  TestClient client(server.port());
  client.send("POST /p HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1048577\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 413);
  EXPECT_TRUE(client.is_closed());
}

struct RefusalCase {
  std::string what, bytes;
  int status;
};

TEST(Server, refuses_what_it_cannot_or_must_not_read_and_closes) {
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n", post_head = "POST / HTTP/1.1\r\nHost: a\r\n";
  const RefusalCase cases[] = {
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", get + "Host: a\r\n\r\n", 400},
      {"length and coding", post_head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {"coding and length", post_head + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
       400},
      {"two lengths", post_head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
      {"two equal lengths", post_head + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
      {"hidden coding", post_head + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
      {"unknown coding", post_head + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"bad chunk size", chunked("xyz\r\n"), 400},
      {"negative chunk", chunked("-1\r\n"), 400},
      {"chunk without its end", chunked("1\r\nab\r\n0\r\n\r\n"), 400},
      {"overflowing chunk", chunked("fffffffffffffffff\r\n"), 400},
      {"endless chunk extension", chunked("1;" + std::string(20'000, 'x')), 400},
      {"bare line feeds", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"folded field", get + "X: a\r\n b\r\n\r\n", 400},
      {"bad method", "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"bad version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400},
      {"no version", "GET /\r\n\r\n", 400},
      {"control in a value", get + "X: a\x01" + "b\r\n\r\n", 400},
      {"bad field name", get + "X y: a\r\n\r\n", 400},
      {"long url", "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"long head", get + "X: " + std::string(17'000, 'a') + "\r\n\r\n", 431},
      {"large body", post_head + "Content-Length: 1048577\r\n\r\n" + std::string(1048577, 'a'), 413},
      {"large chunked body", chunked("80000\r\n" + std::string(0x80000, 'a') + "\r\n80001\r\n"), 413},
      {"connect", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"tls hello", "\x16\x03\x01\x02\x03", 400},
  };
  RunningServer server(echo);
  for (const auto& c : cases) {
    TestClient client(server.port());
    const Answer answer = client.ask(c.bytes);
    EXPECT_EQ(answer.status, c.status) << c.what;
    EXPECT_EQ(answer.headers.get("Connection"), "close") << c.what;
    const auto body = json::parse_object(answer.body);
    ASSERT_TRUE(body) << c.what;
    EXPECT_EQ(json::integer(*body, "statusCode"), c.status);
    EXPECT_EQ(json::string_or(*body, "error"), reason_phrase(c.status));
    EXPECT_FALSE(json::string_or(*body, "message").empty());
    EXPECT_TRUE(client.is_closed()) << c.what;
  }
}

TEST(Server, an_import_path_may_have_its_own_body_limit) {
  ServerOptions options = loopback_options();
  options.limits.body_max = 4;
  options.limits.body_max_by_path = {{"/p", 10}};
  RunningServer server(echo, options);
  TestClient client(server.port());
  EXPECT_EQ(client.ask(post("0123456789")).status, 200);
  EXPECT_EQ(client.ask(post("0123456789a")).status, 413);
  TestClient other(server.port());
  EXPECT_EQ(other.ask("POST /q HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello").status, 413);
}

ServerOptions hasty_options() {
  ServerOptions options = loopback_options();
  options.timeouts = {.header = Milliseconds(50), .body = Milliseconds(50), .idle = Milliseconds(50)};
  return options;
}

TEST(Server, cuts_slow_clients) {
  RunningServer server(echo, hasty_options());
  TestClient silent(server.port()), head(server.port()), body(server.port()), idle(server.port());
  head.send("GET / HTTP/1.1\r\nHo");
  body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
  EXPECT_EQ(idle.ask(get_root).status, 200);
  EXPECT_EQ(head.read_answer().status, 408);
  EXPECT_EQ(body.read_answer().status, 408);
  EXPECT_TRUE(silent.is_closed());
  EXPECT_TRUE(head.is_closed());
  EXPECT_TRUE(body.is_closed());
  EXPECT_TRUE(idle.is_closed());
}

Task<Response> flood(Request) { co_return text_response(200, std::string(64 << 20, 'x')); }

TEST(Server, cuts_clients_that_do_not_read) {
  ServerOptions options = loopback_options();
  options.timeouts.write = Milliseconds(50);
  RunningServer server(flood, options);
  TestClient client(server.port());
  client.send(get_root);
  EXPECT_EQ(client.read_answer(true).status, 200);
  client.buffered().clear();
  // The write deadline ends the connection although the client never drained its answer.
  while (server.open_connections() > 0) std::this_thread::yield();
}

Task<Response> fail_by(Request request) {
  if (request.path == "/odd") throw 42;
  if (request.path == "/split") co_return redirect(302, "/x\r\nSet-Cookie: a=b");
  throw std::runtime_error("the database has gone away");
}

struct CapturedLog {
  CapturedLog() {
    log::set_sink([this](std::string_view line) {
      std::lock_guard lock(mutex);
      text += line;
    });
  }
  ~CapturedLog() {
    log::set_sink([](std::string_view) {});
  }
  std::string read() {
    std::lock_guard lock(mutex);
    return text;
  }
  std::mutex mutex;
  std::string text;
};

TEST(Server, turns_an_exception_into_500_and_logs_it_once) {
  CapturedLog captured;
  RunningServer server(fail_by);
  TestClient client(server.port());
  const Answer answer = client.ask(get_root);
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body.find("database"), answer.body.npos);
  EXPECT_EQ(client.ask("GET /odd HTTP/1.1\r\nHost: a\r\n\r\n").status, 500);
  const std::string text = captured.read();
  const size_t at = text.find("the database has gone away");
  ASSERT_NE(at, text.npos);
  EXPECT_EQ(text.find("the database has gone away", at + 1), text.npos);
  EXPECT_NE(text.find(answer.headers.get("X-Request-Id")), text.npos);
}

TEST(Server, never_sends_a_field_that_splits_the_answer) {
  CapturedLog captured;
  RunningServer server(fail_by);
  TestClient client(server.port());
  const Answer answer = client.ask("GET /split HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(answer.status, 500);
  EXPECT_FALSE(answer.headers.has("Set-Cookie"));
}

Handler on_pool(ThreadPool& pool) {
  return [&pool](Request request) {
    return [](ThreadPool& p, Request) -> Task<Response> {
      Executor* const home = Executor::current();
      const auto thread = std::this_thread::get_id();
      auto away = co_await p.run([thread]() -> Result<bool> { return std::this_thread::get_id() != thread; });
      const bool back = thread == std::this_thread::get_id() && home && home == Executor::current();
      co_return text_response(200, *away && back ? "hopped" : "lost");
    }(pool, std::move(request));
  };
}

TEST(Server, a_handler_comes_back_to_its_thread_from_a_pool) {
  ThreadPool pool("test", 1, 10);
  ServerOptions options = loopback_options();
  options.io_threads = 2;
  RunningServer server(on_pool(pool), options);
  for (int i = 0; i < 8; ++i) {
    TestClient client(server.port());
    EXPECT_EQ(client.ask(get_root).body, "hopped");
    EXPECT_EQ(client.ask(get_root).body, "hopped");
  }
}

// A handler that waits until the test lets it go.
struct Gate {
  std::promise<void> entered;
  std::promise<void> open;
  ThreadPool pool{"gate", 1, 10};
};

Task<Response> through_gate(Gate& gate, Request) {
  auto passed = co_await gate.pool.run([&gate]() -> Result<> {
    gate.entered.set_value();
    gate.open.get_future().wait();
    return {};
  });
  co_return text_response(200, passed ? "passed" : "refused");
}

TEST(Server, drain_finishes_the_request_in_flight_and_refuses_new_ones) {
  Gate gate;
  RunningServer server([&gate](Request request) { return through_gate(gate, std::move(request)); });
  const uint16_t port = server.port();
  TestClient idle(port), busy(port);
  idle.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(idle.read_answer().status, 204);
  busy.send(get_root);
  gate.entered.get_future().wait();
  auto drained = std::async(std::launch::async, [&] { return server.server().drain(); });
  EXPECT_TRUE(idle.is_closed());  // so the server has begun
  EXPECT_FALSE(TestClient(port).connected());
  gate.open.set_value();
  const Answer answer = busy.read_answer();
  EXPECT_EQ(answer.body, "passed");
  EXPECT_EQ(answer.headers.get("Connection"), "close");
  EXPECT_TRUE(drained.get());
}

TEST(Server, drain_answers_what_comes_on_a_kept_connection) {
  ServerOptions options = loopback_options();
  options.timeouts.drain_idle = Seconds(20);
  RunningServer server(echo, options);
  TestClient kept(server.port());
  kept.send(get_root);
  EXPECT_EQ(kept.read_answer().status, 200);
  auto drained = std::async(std::launch::async, [&] { return server.server().drain(); });
  while (TestClient(server.port()).connected()) std::this_thread::yield();
  kept.send(get_root);
  const Answer answer = kept.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.get("Connection"), "close");
  EXPECT_TRUE(drained.get());
}

TEST(Server, drain_gives_up_at_its_deadline) {
  Gate gate;
  ServerOptions options = loopback_options();
  options.timeouts.drain = Milliseconds(20);
  RunningServer server([&gate](Request request) { return through_gate(gate, std::move(request)); }, options);
  TestClient busy(server.port());
  busy.send(get_root);
  gate.entered.get_future().wait();
  EXPECT_FALSE(server.server().drain());
  gate.open.set_value();
  while (server.open_connections() > 0) std::this_thread::yield();
}

TEST(Server, turns_away_connections_beyond_its_limit) {
  ServerOptions options = loopback_options();
  options.limits.connections_max = 1;
  RunningServer server(echo, options);
  TestClient first(server.port());
  EXPECT_EQ(first.ask(get_root).status, 200);
  TestClient second(server.port());
  const Answer answer = second.read_answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_TRUE(answer.headers.has("Retry-After"));
  EXPECT_TRUE(second.is_closed());
}

TEST(Server, refuses_to_start_on_a_bad_or_taken_address) {
  RunningServer running(echo);
  SystemClock clock;
  SystemRandom random;
  metrics::Registry registry;
  const auto error_of = [&](ServerOptions options) {
    const auto started = Server(std::move(options), {clock, random, registry}, echo).start();
    return started ? "started" : started.error().code;
  };
  ServerOptions options = loopback_options();
  options.listen[0].port = running.port();
  EXPECT_EQ(error_of(options), "listen_failed");
  options.listen[0].host = "no address";
  EXPECT_EQ(error_of(options), "bad_option");
  options = loopback_options();
  options.listen[0].tls = true;
  EXPECT_EQ(error_of(options), "bad_option");
  options = loopback_options();
  options.trusted_proxies = {"everyone"};
  EXPECT_EQ(error_of(options), "bad_option");
}

Task<Response> where_from(Request request) {
  Response response =
      text_response(200, request.scheme + " " + request.host + " " + request.remote_ip + " " + request.id);
  response.route = "where";
  response.tenant = "acme";
  co_return response;
}

constexpr std::string_view forwarded_request =
    "GET /where?code=secret HTTP/1.1\r\nHost: in\r\nCookie: s=secret\r\nX-Request-Id: from-proxy\r\n"
    "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: login.test\r\n\r\n";

TEST(Server, believes_forwarded_headers_only_of_trusted_proxies) {
  ServerOptions options = loopback_options();
  options.trusted_proxies = {"127.0.0.0/8"};
  RunningServer trusting(where_from, options);
  const Answer answer = TestClient(trusting.port()).ask(forwarded_request);
  EXPECT_EQ(answer.body, "https login.test 1.2.3.4 from-proxy");
  EXPECT_EQ(answer.headers.get("X-Request-Id"), "from-proxy");
  RunningServer wary(where_from);
  EXPECT_TRUE(TestClient(wary.port()).ask(forwarded_request).body.starts_with("http in 127.0.0.1 "));
}

TEST(Server, writes_an_access_line_without_secrets_and_counts) {
  CapturedLog captured;
  ServerOptions options = loopback_options();
  options.access_log = true;
  RunningServer server(where_from, options);
  TestClient client(server.port());
  const Answer answer = client.ask(forwarded_request);
  client.ask(get_root);  // the line of the first request is written before the second is read
  const std::string text = captured.read();
  const auto line = json::parse_object(text.substr(0, text.find('\n')));
  ASSERT_TRUE(line);
  EXPECT_EQ(json::string_or(*line, "method"), "GET");
  EXPECT_EQ(json::string_or(*line, "path"), "/where");
  EXPECT_EQ(json::integer(*line, "status"), 200);
  EXPECT_GT(json::integer_or(*line, "bytes", 0), 100);
  EXPECT_EQ(json::string_or(*line, "remote_ip"), "127.0.0.1");
  EXPECT_EQ(json::string_or(*line, "request_id"), answer.headers.get("X-Request-Id"));
  EXPECT_EQ(json::string_or(*line, "route"), "where");
  EXPECT_EQ(json::string_or(*line, "tenant"), "acme");
  EXPECT_TRUE(line->contains("duration_ms"));
  EXPECT_EQ(text.find("secret"), text.npos);
  const std::string metrics = server.registry().text();
  EXPECT_NE(metrics.find("durward_http_requests_total{route=\"where\",status=\"200\"} "), metrics.npos);
  EXPECT_NE(metrics.find("durward_http_request_seconds_count{route=\"where\"} "), metrics.npos);
  EXPECT_NE(metrics.find("durward_http_connections 1"), metrics.npos);
}

}  // namespace
}  // namespace durward::http
