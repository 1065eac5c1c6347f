#include "http/upstream.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/executor.h"
#include "http/test_server.h"

namespace durward::http {
namespace {

using testing::RunningServer;

class UpstreamTest : public ::testing::Test {
 protected:
  struct Backend {  // counts what it is asked and answers with `status`
    std::atomic<int> asked{0}, status{200}, told_left{0};
    bool silent = false;  // answers nothing while it lives
    std::string backlog;
    testing::Held held;
    ~Backend() {
      held.let_go();
      if (server) server->server().drain();
    }
    static Task<Response> answer(Backend* self, Request request) {
      ++self->asked;
      self->told_left = std::atoi(std::string(request.headers.get("X-Left")).c_str());
      if (self->silent) co_await self->held.wait();
      auto response = text_response(self->status, "from a server");
      if (self->status == 503) response.headers.set("Retry-After", "1");
      if (!self->backlog.empty()) response.headers.set("X-Backlog", self->backlog);
      co_return response;
    }
    std::optional<RunningServer> server{std::in_place,
                                        [this](Request request) { return answer(this, std::move(request)); }};
    Origin origin() const { return {false, "127.0.0.1", server->port()}; }
  };
  Upstream make(UpstreamOptions options) { return Upstream(*client_, random_, metrics_, std::move(options)); }
  Result<Response> ask(Upstream& upstream, bool idempotent = true,
                       Milliseconds deadline = Milliseconds(5000)) {
    ClientRequest request;
    request.method = Method::post;
    request.body = "x";
    request.idempotent = idempotent;
    return run_sync(upstream.send(std::move(request), deadline));
  }
  uint64_t count(const char* name) { return metrics_.counter(name, "", "upstream=\"test\"").value(); }
  UpstreamOptions options(std::vector<Origin> origins) {
    UpstreamOptions out;
    out.name = "test";
    out.origins = std::move(origins);
    return out;
  }
  metrics::Registry metrics_;
  SeededRandom random_{3};
  std::unique_ptr<Client> client_ = *Client::create({}, metrics_);
};

TEST_F(UpstreamTest, spreads_requests_over_its_servers) {
  Backend a, b;
  auto upstream = make(options({a.origin(), b.origin()}));
  for (int i = 0; i < 40; ++i) EXPECT_EQ(ask(upstream)->status, 200);
  EXPECT_GT(a.asked, 0);
  EXPECT_GT(b.asked, 0);
  EXPECT_EQ(count("durward_upstream_calls_total"), 40u);
}

TEST_F(UpstreamTest, is_reachable_until_every_server_failed_last) {
  Backend a, b;
  auto upstream = make(options({a.origin(), b.origin()}));
  a.server.reset();
  for (int i = 0; i < 10; ++i) ask(upstream);
  EXPECT_TRUE(upstream.is_reachable());
  b.server.reset();
  EXPECT_FALSE(ask(upstream));
  EXPECT_FALSE(upstream.is_reachable());
}

TEST_F(UpstreamTest, a_server_that_is_gone_costs_no_request) {
  Backend a, b;
  auto upstream = make(options({a.origin(), b.origin()}));
  b.server.reset();
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(ask(upstream, false));
  EXPECT_EQ(a.asked, 20);
  EXPECT_GT(count("durward_upstream_ejections_total"), 0u);
}

TEST_F(UpstreamTest, a_server_without_room_is_asked_no_second_time_but_another_is) {
  Backend full, free;
  full.status = 503;
  auto upstream = make(options({full.origin(), free.origin()}));
  for (int i = 0; i < 8; ++i) EXPECT_EQ(ask(upstream, false)->status, 200);
  EXPECT_EQ(free.asked, 8);
}

TEST_F(UpstreamTest, when_no_server_has_room_that_is_the_answer) {
  Backend full;
  full.status = 503;
  auto upstream = make(options({full.origin()}));
  EXPECT_EQ(ask(upstream)->status, 503);
  EXPECT_EQ(full.asked, 1);
}

TEST_F(UpstreamTest, a_group_that_sheds_is_asked_twice_and_no_more) {
  Backend a, b, c, d;
  a.status = b.status = c.status = d.status = 503;
  auto upstream = make(options({a.origin(), b.origin(), c.origin(), d.origin()}));
  EXPECT_EQ(ask(upstream)->status, 503);
  EXPECT_EQ(a.asked + b.asked + c.asked + d.asked, 2);
}

TEST_F(UpstreamTest, a_group_that_sheds_is_not_hedged) {
  Backend full, silent, free;
  full.status = 503;
  silent.silent = true;
  auto wanted = options({full.origin(), silent.origin(), free.origin()});
  wanted.hedge_max = Milliseconds(10);
  auto upstream = make(std::move(wanted));
  while (full.asked == 0) ask(upstream, true, Milliseconds(60));
  const auto hedges = count("durward_upstream_hedges_total");
  for (int i = 0; i < 4; ++i) ask(upstream, true, Milliseconds(60));
  EXPECT_EQ(count("durward_upstream_hedges_total"), hedges) << "it has shed within the last second";
}

TEST_F(UpstreamTest, the_server_with_the_shorter_backlog_is_asked) {
  Backend busy, free;
  busy.backlog = "60000";
  free.backlog = "0";
  auto wanted = options({busy.origin(), free.origin()});
  wanted.backlog_field = "X-Backlog";
  auto upstream = make(std::move(wanted));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(upstream)->status, 200);
  EXPECT_LE(busy.asked, 1);
}

TEST_F(UpstreamTest, a_backlog_that_is_no_number_says_nothing) {
  Backend a, b;
  a.backlog = b.backlog = "-5";
  auto wanted = options({a.origin(), b.origin()});
  wanted.backlog_field = "X-Backlog";
  auto upstream = make(std::move(wanted));
  for (int i = 0; i < 40; ++i) EXPECT_EQ(ask(upstream)->status, 200);
  EXPECT_GT(a.asked, 0);
  EXPECT_GT(b.asked, 0);
}

TEST_F(UpstreamTest, a_server_is_told_what_is_left_of_the_deadline) {
  Backend a;
  auto wanted = options({a.origin()});
  wanted.deadline_field = "X-Left";
  auto upstream = make(std::move(wanted));
  EXPECT_EQ(ask(upstream, true, Milliseconds(3000))->status, 200);
  EXPECT_GT(a.told_left, 2000);
  EXPECT_LE(a.told_left, 3000);
}

TEST_F(UpstreamTest, each_server_has_its_own_figures) {
  Backend well, full;
  full.status = 503;
  auto upstream = make(options({well.origin(), full.origin()}));
  for (int i = 0; i < 20; ++i) ask(upstream);
  const auto attempts = [&](const Backend& of, const char* outcome) {
    return metrics_
        .counter("durward_upstream_endpoint_attempts_total", "",
                 "upstream=\"test\",endpoint=\"" + of.origin().text() + "\",outcome=\"" + outcome + "\"")
        .value();
  };
  EXPECT_EQ(attempts(well, "answered"), 20u);
  EXPECT_EQ(attempts(full, "shed"), uint64_t(full.asked));
  EXPECT_EQ(attempts(full, "failed"), 0u);
}

TEST_F(UpstreamTest, a_server_that_was_given_no_time_is_not_to_blame) {
  Backend silent;
  silent.silent = true;
  auto upstream = make(options({silent.origin()}));
  EXPECT_EQ(ask(upstream, false, Milliseconds(20)).error().code, "timed_out");
  EXPECT_TRUE(upstream.is_reachable());
}

TEST_F(UpstreamTest, when_nobody_is_there_the_call_fails) {
  Backend a;
  const Origin origin = a.origin();
  a.server.reset();
  auto upstream = make(options({origin}));
  const auto answer = ask(upstream);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(count("durward_upstream_failures_total"), 1u);
}

TEST_F(UpstreamTest, a_server_that_is_silent_loses_against_the_hedge) {
  Backend silent, quick;
  silent.silent = true;
  auto wanted = options({silent.origin(), quick.origin()});
  wanted.hedge_max = Milliseconds(20);
  auto upstream = make(std::move(wanted));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(ask(upstream)->status, 200);
  EXPECT_GT(count("durward_upstream_hedges_total"), 0u);
}

TEST_F(UpstreamTest, what_may_have_happened_is_not_repeated_unless_it_is_harmless) {
  Backend silent;
  silent.silent = true;
  Backend quick;
  auto wanted = options({silent.origin(), quick.origin()});
  wanted.hedge_max = Milliseconds(10);
  auto upstream = make(std::move(wanted));
  int timed_out = 0;
  for (int i = 0; i < 12 && timed_out == 0; ++i) timed_out += !ask(upstream, false, Milliseconds(60));
  EXPECT_EQ(timed_out, 1);
  EXPECT_EQ(silent.asked, 1);
  EXPECT_EQ(count("durward_upstream_hedges_total"), 0u);
}

TEST_F(UpstreamTest, every_attempt_is_prepared_anew) {
  Backend full, also_full;
  full.status = also_full.status = 503;
  auto wanted = options({full.origin(), also_full.origin()});
  int prepared = 0;
  wanted.prepare = [&](ClientRequest& request) { request.headers.set("X-Try", std::to_string(++prepared)); };
  auto upstream = make(std::move(wanted));
  EXPECT_EQ(ask(upstream)->status, 503);
  EXPECT_EQ(prepared, full.asked + also_full.asked);
  EXPECT_EQ(prepared, 2);
}

}  // namespace
}  // namespace durward::http
