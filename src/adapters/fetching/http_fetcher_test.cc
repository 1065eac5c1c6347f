#include "adapters/fetching/http_fetcher.h"

#include <gtest/gtest.h>

#include "http/test_server.h"

namespace durward::adapters {
namespace {

using http::testing::RunningServer;

class HttpFetcherTest : public testing::Test {
 protected:
  static Task<http::Response> echo(http::Request request) {
    co_return http::text_response(202, request.path + "?" + request.query + " " +
                                           std::string(request.headers.get("X-Key")) + " " + request.body);
  }
  Result<ports::Fetched> post(std::string url, Milliseconds deadline = Milliseconds(5000)) {
    return run_sync(fetcher_.post({std::move(url), {{"X-Key", "k"}}, "body"}, deadline));
  }

  metrics::Registry metrics_;
  HttpFetcher fetcher_{metrics_};
  RunningServer server_{[](http::Request request) { return echo(std::move(request)); }};
  std::string base_ = "http://127.0.0.1:" + std::to_string(server_.port());
};

TEST_F(HttpFetcherTest, sends_path_query_headers_and_body_and_gives_any_status_back) {
  const auto answer = post(base_ + "/verify/x?a=1");
  ASSERT_TRUE(answer) << answer.error().debug;
  EXPECT_EQ(answer->status, 202);
  EXPECT_EQ(answer->body, "/verify/x?a=1 k body");
}

TEST_F(HttpFetcherTest, an_address_without_a_path_is_its_root) {
  EXPECT_EQ(post(base_)->body, "/? k body");
  EXPECT_EQ(post(base_ + "?a=1")->body, "/?a=1 k body");
}

TEST_F(HttpFetcherTest, what_is_no_address_is_refused_and_what_is_not_there_is_unavailable) {
  EXPECT_EQ(post("verify.example/x").error().kind, ErrorKind::invalid);
  EXPECT_EQ(post("ftp://verify.example/x").error().kind, ErrorKind::invalid);
  EXPECT_EQ(post("http://127.0.0.1:1/x").error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace durward::adapters
