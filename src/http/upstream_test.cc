#include "http/upstream.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/executor.h"
#include "http/test_server.h"

namespace durward::http {
namespace {

using testing::RunningServer;
using Time = OriginHealth::Time;

class OriginHealthTest : public ::testing::Test {
 protected:
  SeededRandom random_{7};
  OriginHealth health_{2, Milliseconds(100), Milliseconds(1000)};
  const Time start_{std::chrono::hours(1)};
  std::optional<size_t> choose(Time now, std::vector<bool> tried = {false, false}) {
    return health_.choose(tried, now, random_);
  }
};

TEST_F(OriginHealthTest, a_failure_ejects_a_server_for_a_while) {
  while (choose(start_) != 0) {
  }
  health_.failed(0, start_, random_);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(choose(start_ + Milliseconds(49)), 1);
  EXPECT_TRUE(health_.is_ejected(0, start_ + Milliseconds(49)));
  EXPECT_FALSE(health_.is_ejected(0, start_ + Milliseconds(101)));
}

TEST_F(OriginHealthTest, after_the_ejection_one_request_at_a_time_tries_the_server) {
  while (choose(start_, {false, true}) != 0) {
  }
  health_.failed(0, start_, random_);
  const Time later = start_ + Milliseconds(101);
  int probes = 0;
  for (int i = 0; i < 40; ++i) probes += choose(later) == 0;
  EXPECT_EQ(probes, 1);
  health_.succeeded(0);
  EXPECT_FALSE(health_.is_ejected(0, later));
}

TEST_F(OriginHealthTest, ejections_grow_up_to_their_maximum) {
  for (int i = 0; i < 10; ++i) {
    (void)choose(start_, {false, true});
    health_.failed(0, start_, random_);
  }
  EXPECT_TRUE(health_.is_ejected(0, start_ + Milliseconds(499)));
  EXPECT_FALSE(health_.is_ejected(0, start_ + Milliseconds(1001)));
}

TEST_F(OriginHealthTest, when_all_are_ejected_the_one_that_returns_first_is_asked) {
  for (size_t i = 0; i < 2; ++i) {
    (void)choose(start_, {i != 0, i != 1});
    health_.failed(i, start_ + Milliseconds(1000) * int64_t(i), random_);
  }
  EXPECT_EQ(choose(start_), 0);
  EXPECT_EQ(choose(start_, {true, false}), 1);
  EXPECT_EQ(choose(start_, {true, true}), std::nullopt);
}

TEST_F(OriginHealthTest, the_less_busy_server_is_preferred) {
  for (int i = 0; i < 10; ++i) (void)choose(start_, {false, true});
  int first = 0;
  for (int i = 0; i < 8; ++i) first += choose(start_) == 0;
  EXPECT_LT(first, 8);
}

TEST(RetryBudgetTest, second_tries_are_a_share_of_first_ones) {
  RetryBudget budget(0.2, 2);
  EXPECT_TRUE(budget.second_try());
  EXPECT_TRUE(budget.second_try());
  EXPECT_FALSE(budget.second_try());
  for (int i = 0; i < 6; ++i) budget.first_try();
  EXPECT_TRUE(budget.second_try());
  EXPECT_FALSE(budget.second_try());
}

class UpstreamTest : public ::testing::Test {
 protected:
  struct Backend {  // counts what it is asked and answers with `status`
    std::atomic<int> asked{0}, status{200};
    bool silent = false;  // answers nothing while it lives
    testing::Held held;
    ~Backend() {
      held.let_go();
      if (server) server->server().drain();
    }
    static Task<Response> answer(Backend* self) {
      ++self->asked;
      if (self->silent) co_await self->held.wait();
      auto response = text_response(self->status, "from a server");
      if (self->status == 503) response.headers.set("Retry-After", "1");
      co_return response;
    }
    std::optional<RunningServer> server{std::in_place, [this](Request) { return answer(this); }};
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
  EXPECT_LE(full.asked, 3);
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
  wanted.hedge_after = Milliseconds(20);
  auto upstream = make(std::move(wanted));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(ask(upstream)->status, 200);
  EXPECT_GT(count("durward_upstream_hedges_total"), 0u);
}

TEST_F(UpstreamTest, what_may_have_happened_is_not_repeated_unless_it_is_harmless) {
  Backend silent;
  silent.silent = true;
  Backend quick;
  auto wanted = options({silent.origin(), quick.origin()});
  wanted.hedge_after = Milliseconds(10);
  auto upstream = make(std::move(wanted));
  int timed_out = 0;
  for (int i = 0; i < 12 && timed_out == 0; ++i) timed_out += !ask(upstream, false, Milliseconds(60));
  EXPECT_EQ(timed_out, 1);
  EXPECT_EQ(silent.asked, 1);
  EXPECT_EQ(count("durward_upstream_hedges_total"), 0u);
}

TEST_F(UpstreamTest, every_attempt_is_prepared_anew) {
  Backend full;
  full.status = 503;
  auto wanted = options({full.origin()});
  int prepared = 0;
  wanted.prepare = [&](ClientRequest& request) { request.headers.set("X-Try", std::to_string(++prepared)); };
  auto upstream = make(std::move(wanted));
  EXPECT_EQ(ask(upstream)->status, 503);
  EXPECT_EQ(prepared, full.asked);
  EXPECT_GT(prepared, 1);
}

}  // namespace
}  // namespace durward::http
