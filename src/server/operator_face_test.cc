#include "server/operator_face.h"

#include <gtest/gtest.h>

#include "base/executor.h"
#include "base/log.h"
#include "server/health.h"
#include "server/version.h"

namespace durward::server {
namespace {

const std::string key_a(64, 'a'), key_b = "b" + std::string(30, '-') + "=";

class OperatorFaceTest : public testing::Test {
 protected:
  OperatorFaceTest() {
    log::set_sink([this](std::string_view line) { logged += std::string(line) + "\n"; });
  }
  ~OperatorFaceTest() override {
    log::set_sink([](std::string_view) {});
  }

  std::vector<endpoint::Endpoint> rows() {
    auto out = health_rows(readiness, metrics, {});
    out.push_back(row("things", {"read:things"}, [this](endpoint::Call call) { return show(call); }));
    out.push_back(row("broken", {"read:things"},
                      [](endpoint::Call) -> Async<endpoint::Reply> { throw std::runtime_error("lost"); }));
    out.push_back(openapi_row(out, version));
    return out;
  }
  static endpoint::Endpoint row(std::string id, std::vector<std::string> scopes,
                                endpoint::ManagementHandler handler) {
    return {.id = id,
            .method = http::Method::get,
            .path = "/operator/v1/" + id,
            .tag = "things",
            .summary = "Get things",
            .scopes = std::move(scopes),
            .handler = std::move(handler)};
  }
  Async<endpoint::Reply> show(endpoint::Call call) {
    if (during) during();
    co_return endpoint::Reply{.body = json::Object{{"by", call.principal.subject}}};
  }
  http::Response ask(std::string path, const std::string& key = {}, std::string ip = "192.0.2.1",
                     http::Method method = http::Method::get) {
    http::Request request;
    request.method = method;
    request.path = std::move(path);
    request.remote_ip = std::move(ip);
    if (!key.empty()) request.headers.set("Authorization", "Bearer " + key);
    return run_sync(face.handle(std::move(request)));
  }
  int guess(const std::string& ip = "192.0.2.1") {
    return ask("/operator/v1/things", std::string(64, 'x'), ip).status;
  }

  FixedClock clock{from_unix_seconds(1'800'000'000)};
  metrics::Registry metrics;
  Readiness readiness;
  std::function<void()> during;
  std::string logged;
  OperatorFace face{rows(), OperatorKeys::parse(key_a + ",\n" + key_b).value(), clock, 2};
};

TEST_F(OperatorFaceTest, each_key_opens_it_and_has_its_name) {
  const auto first = ask("/operator/v1/things", key_a), second = ask("/operator/v1/things", key_b);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(second.status, 200);
  EXPECT_NE(first.body, second.body);
  EXPECT_EQ(first.headers.get("cache-control"), "no-store");
}

TEST_F(OperatorFaceTest, without_a_key_and_with_a_wrong_one_nothing_is_told) {
  const auto none = ask("/operator/v1/things"), wrong = ask("/operator/v1/things", key_a + "a");
  EXPECT_EQ(none.status, 401);
  EXPECT_EQ(none.headers.get("www-authenticate"), "Bearer");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.headers.get("www-authenticate"), "Bearer error=\"invalid_token\"");
  EXPECT_EQ(ask("/healthz").status, 200);
  EXPECT_EQ(ask("/.well-known/openapi.json").status, 200);
}

TEST_F(OperatorFaceTest, no_key_is_ever_logged) {
  guess();
  EXPECT_NE(logged.find("192.0.2.1"), std::string::npos);
  EXPECT_EQ(logged.find("xxxx"), std::string::npos);
}

TEST_F(OperatorFaceTest, an_address_that_guesses_is_slowed_down_and_others_are_not) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(guess(), 401) << i;
  const auto refused = ask("/operator/v1/things", key_a);
  EXPECT_EQ(refused.status, 429) << "a right key among the guesses tells nothing";
  EXPECT_EQ(refused.headers.get("retry-after"), "1");
  EXPECT_EQ(ask("/operator/v1/things", key_a, "192.0.2.2").status, 200);
  EXPECT_EQ(ask("/healthz").status, 200);
  clock.advance(Milliseconds(1000));
  EXPECT_EQ(ask("/operator/v1/things", key_a).status, 200);
  EXPECT_EQ(guess(), 401);
  EXPECT_EQ(guess(), 429);
}

TEST_F(OperatorFaceTest, right_keys_use_up_no_attempt) {
  for (int i = 0; i < 50; ++i) EXPECT_EQ(ask("/operator/v1/things", key_a).status, 200);
}

TEST_F(OperatorFaceTest, what_is_no_row_is_not_there) {
  EXPECT_EQ(ask("/api/v2/clients", key_a).status, 404);
  const auto wrong = ask("/operator/v1/things", key_a, "192.0.2.1", http::Method::post);
  EXPECT_EQ(wrong.status, 405);
  EXPECT_FALSE(wrong.headers.get("allow").empty());
}

TEST_F(OperatorFaceTest, requests_beyond_the_bound_are_refused_politely) {
  std::vector<int> statuses;
  during = [&] {
    if (statuses.size() == 1) return;
    statuses.push_back(0);
    during = [&] { statuses[0] = ask("/operator/v1/things", key_a).status; };
    EXPECT_EQ(ask("/operator/v1/things", key_a).status, 200);
  };
  EXPECT_EQ(ask("/operator/v1/things", key_a).status, 200);
  EXPECT_EQ(statuses, std::vector<int>{503}) << "the third at once";
}

TEST_F(OperatorFaceTest, a_handler_that_throws_is_an_answer) {
  EXPECT_EQ(ask("/operator/v1/broken", key_a).status, 500);
}

TEST(operator_keys, are_refused_when_they_are_none_too_many_or_weak) {
  const std::string key(32, 'k');
  for (const std::string& text :
       {std::string(), std::string(" ,\n"), std::string(31, 'k'), std::string(257, 'k'),
        std::string(31, 'k') + " ", key + ",short", std::string(31, 'k') + "\"",
        key + "1," + key + "2," + key + "3," + key + "4," + key + "5"}) {
    const auto refused = OperatorKeys::parse(text);
    ASSERT_FALSE(refused.has_value()) << text;
    EXPECT_EQ(refused.error().code, "bad_operator_key");
    EXPECT_EQ(refused.error().message.find("kkk"), std::string::npos);
  }
  EXPECT_TRUE(OperatorKeys::parse(key + "1\n" + key + "2\n" + key + "3\n" + key + "4\n"));
}

}  // namespace
}  // namespace durward::server
