#include "http/server.h"

#include <gtest/gtest.h>

#include <future>

#include "base/executor.h"
#include "http/test_server.h"

namespace durward::http {
namespace {

using namespace testing;

constexpr std::string_view get_root = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";

Task<Response> echo(Request request) {
  std::string out = request.method_text + " " + request.path + "?" + request.query + " " + request.host +
                    " " + request.body;
  co_return text_response(200, std::move(out));
}

std::string post(std::string_view body, std::string_view more = {}) {
  return "POST /p HTTP/1.1\r\nHost: a.test\r\n" + std::string(more) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
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

ServerOptions tls_options(std::shared_ptr<TlsContexts> contexts) {
  ServerOptions options = loopback_options();
  options.listen[0].tls = true;
  options.tls = std::move(contexts);
  return options;
}

TEST(Server, answers_over_tls_1_3_with_alpn) {
  RunningServer server(echo, tls_options(*TlsContexts::create(make_identity("default.test"))));
  TestClient client(server.port());
  ASSERT_TRUE(client.start_tls("a.test"));
  EXPECT_STREQ(SSL_get_version(client.ssl()), "TLSv1.3");
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(client.ssl(), &protocol, &size);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(protocol), size), "http/1.1");
  EXPECT_EQ(client.ask(get_root).status, 200);
  EXPECT_EQ(client.ask(post("hello")).body, "POST /p? a.test hello");
}

TEST(Server, answers_pipelined_requests_in_order) {
  RunningServer server(echo);
  TestClient client(server.port());
  client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n" + post("two") + "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "GET /1? a ");
  EXPECT_EQ(client.read_answer().body, "POST /p? a.test two");
  EXPECT_EQ(client.read_answer().body, "GET /3? a ");
}

}  // namespace
}  // namespace durward::http
