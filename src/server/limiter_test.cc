#include "server/limiter.h"

#include <gtest/gtest.h>

#include "adapters/memory/memory_limiter.h"
#include "adapters/redis/server_for_tests.h"
#include "adapters/redis/shared.h"
#include "base/executor.h"

namespace durward::server {
namespace {

using endpoint::RateClass;

// Shared counters that may be away.
class Shared : public ports::Limiter {
 public:
  Async<ports::Allowance> take(std::string key, ports::Rate rate, TimePoint now, int64_t units) override {
    ++asked;
    if (away) co_return fail(ErrorKind::unavailable, "redis_unavailable");
    co_return counters.take_now(key, rate, now, units);
  }
  adapters::MemoryLimiter counters;
  std::atomic<int> asked{0};
  bool away = false;
};

class SharedLimits : public testing::Test {
 protected:
  int allowed(Limiter& limiter, int times) {
    int n = 0;
    for (int i = 0; i < times; ++i) n += limiter.take({1}, RateClass::login, now_).allowed;
    return n;
  }
  TimePoint now_ = from_unix_seconds(1'800'000'000);
  Shared shared_;
  Limiter here_{{.login = 10, .shared = &shared_}}, there_{{.login = 10, .shared = &shared_}};
};

TEST_F(SharedLimits, a_fleet_shares_one_budget_and_overshoots_by_one_answer_each) {
  EXPECT_EQ(allowed(here_, 10), 10);
  EXPECT_EQ(allowed(there_, 10), 1) << "its first question hears that the budget is used up";
  EXPECT_EQ(allowed(here_, 10), 0);
}

TEST_F(SharedLimits, what_is_free_again_in_the_fleet_is_free_again_here) {
  allowed(here_, 10);
  allowed(there_, 10);
  now_ += Milliseconds(99);
  EXPECT_EQ(allowed(there_, 1), 0);
  now_ += Milliseconds(1);
  EXPECT_EQ(allowed(there_, 1), 1);
}

TEST_F(SharedLimits, a_refusal_says_when_the_budget_is_free) {
  allowed(here_, 10);
  allowed(there_, 2);
  const auto refused = there_.take({1}, RateClass::login, now_);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.limit, 10);
  EXPECT_EQ(refused.remaining, 0);
  EXPECT_EQ(refused.reset, to_unix_seconds(now_) + 1);
}

TEST_F(SharedLimits, while_the_counters_are_away_each_process_counts_alone) {
  shared_.away = true;
  EXPECT_EQ(allowed(here_, 20), 10);
  EXPECT_EQ(allowed(there_, 20), 10);
  EXPECT_EQ(shared_.asked, 20) << "what this process refuses asks nobody";
}

TEST_F(SharedLimits, a_class_without_a_limit_asks_nobody) {
  EXPECT_TRUE(here_.take({1}, RateClass::token, now_).allowed);
  EXPECT_EQ(shared_.asked, 0);
}

TEST(SharedLimitsOnRedis, two_processes_share_a_budget_until_redis_dies_and_again_when_it_is_back) {
  adapters::redis::RedisServer server;
  SystemRandom random;
  metrics::Registry metrics;
  adapters::redis::Link link({.addresses = {{"127.0.0.1", server.port()}}}, random, metrics);
  adapters::redis::RedisLimiter counters(link);
  Limiter here({.login = 5, .shared = &counters}), there({.login = 5, .shared = &counters});
  TimePoint now = from_unix_seconds(1'800'000'000);
  const auto connected = [&] {
    while (!link.is_connected()) std::this_thread::yield();
  };
  // How many are allowed when each answer is waited for: the link answers in order, so a ping comes after it.
  const auto use_up = [&](Limiter& limiter) {
    int n = 0;
    for (; limiter.take({1}, RateClass::login, now).allowed; ++n) (void)run_sync(link.command({"PING"}));
    return n;
  };
  connected();
  EXPECT_EQ(use_up(here), 5);
  EXPECT_EQ(use_up(there), 1);
  server.kill();
  while (link.is_connected()) std::this_thread::yield();
  now += Seconds(2);
  EXPECT_EQ(use_up(here), 5);
  EXPECT_EQ(use_up(there), 5);
  server.start();
  connected();
  now += Seconds(2);
  EXPECT_EQ(use_up(here), 5);
  EXPECT_EQ(use_up(there), 1);
}

}  // namespace
}  // namespace durward::server
