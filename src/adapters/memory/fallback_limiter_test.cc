#include "adapters/memory/fallback_limiter.h"

#include <gtest/gtest.h>

#include "adapters/redis/server_for_tests.h"
#include "adapters/redis/shared.h"
#include "base/executor.h"

namespace durward::adapters {
namespace {

const ports::Rate ten{.interval = Seconds(6), .burst = 10};

template <class Condition>
bool eventually(Condition condition, Milliseconds within = Milliseconds(10'000)) {
  const auto end = std::chrono::steady_clock::now() + within;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::yield();
  }
  return false;
}

// A fleet of two processes on one Redis that is killed, paused and emptied.
class Fleet : public testing::Test {
 protected:
  struct Process {
    explicit Process(uint16_t port, Milliseconds reply)
        : link({.addresses = {{"127.0.0.1", port}}, .reply = reply}, random, metrics) {}
    SystemRandom random;
    metrics::Registry metrics;
    redis::Link link;
    redis::RedisLimiter shared{link};
    FallbackLimiter limiter{&shared, metrics, {.deadline = Milliseconds(100)}};
    uint64_t by(const char* whom) {
      return metrics.counter("durward_limit_decisions_total", "", std::string("by=\"") + whom + "\"").value();
    }
    uint64_t late() { return metrics.counter("durward_limit_late_total", "").value(); }
  };
  ports::Allowance take(Process& process, int64_t units = 1, const char* key = "k") {
    return run_sync(process.limiter.take(key, ten, now_, units)).value();
  }
  int use_up(Process& process) {
    int n = 0;
    while (take(process).allowed) ++n;
    return n;
  }
  void connected() {
    ASSERT_TRUE(eventually([&] { return a_.link.is_connected() && b_.link.is_connected(); }));
  }
  void lose_redis() {
    server_.kill();
    ASSERT_TRUE(eventually([&] { return !a_.link.is_connected() && !b_.link.is_connected(); }));
  }
  redis::RedisServer server_;
  Process a_{server_.port(), Milliseconds(250)}, b_{server_.port(), Milliseconds(250)};
  TimePoint now_ = from_unix_seconds(1'800'000'000);
};

TEST_F(Fleet, two_processes_share_one_bucket_exactly) {
  connected();
  EXPECT_TRUE(take(a_, 7).allowed);
  EXPECT_EQ(take(b_, 0).remaining, 3);
  EXPECT_EQ(use_up(b_), 3);
  EXPECT_EQ(use_up(a_), 0);
  now_ += Seconds(6);
  EXPECT_EQ(use_up(a_) + use_up(b_), 1);
  EXPECT_EQ(a_.by("process") + b_.by("process"), 0u);
}

TEST_F(Fleet, threads_of_both_together_get_no_more_than_the_burst) {
  connected();
  std::atomic<int> allowed{0};
  std::vector<std::thread> threads;
  for (auto* process : {&a_, &b_, &a_, &b_})
    threads.emplace_back([&, process] {
      for (int i = 0; i < 20; ++i) allowed += take(*process).allowed;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(allowed, 10);
}

TEST_F(Fleet, what_one_gives_back_or_forgets_the_other_has) {
  connected();
  use_up(a_);
  EXPECT_EQ(take(b_, -2).remaining, 2);
  EXPECT_EQ(use_up(a_), 2);
  EXPECT_TRUE(run_sync(b_.limiter.forget("k")));
  EXPECT_EQ(take(a_, 0).remaining, 10);
}

TEST_F(Fleet, while_redis_is_away_each_counts_alone_from_what_it_knows) {
  connected();
  EXPECT_TRUE(take(a_, 8).allowed);
  lose_redis();
  EXPECT_EQ(use_up(a_), 2) << "it knows of the eight";
  EXPECT_EQ(use_up(b_), 10) << "it heard of none";
  EXPECT_GT(a_.by("process"), 0u);
}

TEST_F(Fleet, a_redis_that_comes_back_empty_is_told_what_was_known_and_decided) {
  connected();
  EXPECT_TRUE(take(a_, 8).allowed);
  lose_redis();
  EXPECT_TRUE(take(b_, 4).allowed);
  server_.start();
  connected();
  EXPECT_EQ(take(a_, 0).remaining, 2);
  EXPECT_FALSE(take(b_, 1).allowed) << "eight and four are more than ten";
  EXPECT_FALSE(take(a_, 1).allowed);
  now_ += Seconds(18);
  EXPECT_TRUE(take(a_, 1).allowed) << "ten less eight less four, and three more";
  EXPECT_FALSE(take(b_, 1).allowed);
}

TEST_F(Fleet, however_long_processes_were_alone_nobody_waits_for_more_than_two_bursts) {
  lose_redis();
  for (int i = 0; i < 1000; ++i, now_ += Seconds(6)) {
    EXPECT_TRUE(take(a_, i == 0 ? 10 : 1).allowed);
    EXPECT_TRUE(take(b_, i == 0 ? 10 : 1).allowed);
  }
  server_.start();
  connected();
  take(a_, 0);
  EXPECT_LE(take(b_, 1).retry_in, Milliseconds(11 * 6000));
}

TEST_F(Fleet, a_redis_that_hangs_costs_the_deadline_and_no_more) {
  connected();
  take(a_);
  server_.pause();
  EXPECT_EQ(take(a_).remaining, 8) << "by what it knows";
  server_.resume();
  EXPECT_EQ(a_.late(), 1u) << "its own deadline, not the link's, ended the wait";
}

TEST_F(Fleet, forgetting_works_alone_too) {
  lose_redis();
  use_up(a_);
  EXPECT_TRUE(run_sync(a_.limiter.forget("k")));
  EXPECT_EQ(take(a_, 0).remaining, 10);
}

TEST_F(Fleet, who_decides_at_once_hears_of_the_others_afterwards) {
  connected();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(a_.limiter.take_now("k", ten, now_).allowed);
  EXPECT_TRUE(eventually([&] { return take(b_, 0, "k").remaining == 0; }));
  EXPECT_TRUE(a_.limiter.take_now("other", ten, now_, 6).allowed);
  EXPECT_TRUE(b_.limiter.take_now("other", ten, now_, 6).allowed);
  EXPECT_TRUE(eventually([&] {
    return !b_.limiter.take_now("other", ten, now_).allowed &&
           run_sync(a_.shared.take("other", ten, now_, 0)).value().retry_in == Milliseconds(0);
  })) << "together they overdrew, and both hear of it";
}

TEST(FallbackLimiter, without_a_fleet_it_counts_in_this_process_at_once) {
  metrics::Registry metrics;
  FallbackLimiter limiter(nullptr, metrics);
  const TimePoint now = from_unix_seconds(1'800'000'000);
  EXPECT_EQ(run_sync(limiter.take("k", ten, now, 10)).value().remaining, 0);
  EXPECT_FALSE(limiter.take_now("k", ten, now).allowed);
  EXPECT_TRUE(run_sync(limiter.forget("k")));
  EXPECT_TRUE(limiter.take_now("k", ten, now).allowed);
}

TEST(MemoryLimiterRoom, a_flood_of_keys_is_bounded_and_the_oldest_idle_ones_go) {
  MemoryLimiter limiter(8'000);
  const TimePoint now = from_unix_seconds(1'800'000'000);
  limiter.take_now("victim", ten, now, 10);
  for (int i = 0; i < 100'000; ++i) {
    limiter.take_now("2001:db8:" + std::to_string(i), ten, now);
    if (i % 100 == 0) EXPECT_FALSE(limiter.take_now("victim", ten, now).allowed) << "it is in use";
  }
  EXPECT_LE(limiter.size(), 8'000u);
  EXPECT_GE(limiter.evicted(), 90'000u);
  EXPECT_EQ(limiter.take_now("2001:db8:0", ten, now, 0).remaining, 10) << "it went";
}

TEST(MemoryLimiterRoom, a_look_at_a_full_bucket_costs_no_memory) {
  MemoryLimiter limiter;
  EXPECT_EQ(limiter.take_now("k", ten, from_unix_seconds(1'800'000'000), 0).remaining, 10);
  EXPECT_EQ(limiter.size(), 0u);
}

}  // namespace
}  // namespace durward::adapters
