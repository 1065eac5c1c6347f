#include "server/shared_state.h"

#include <gtest/gtest.h>

#include "adapters/memory/memory_cache.h"
#include "adapters/redis/server_for_tests.h"
#include "base/executor.h"

namespace durward::server {
namespace {

class CountingJobs : public ports::Jobs {
 public:
  Async<std::optional<ports::Job>> claim(int64_t, TimePoint, Seconds) override { co_return std::nullopt; }
  Async<> complete(int64_t) override { co_return Result<>(); }
  Async<> retry(int64_t, TimePoint) override { co_return Result<>(); }
  Async<> release(int64_t, TimePoint) override { co_return Result<>(); }
  Async<int64_t> sweep(TimePoint, int64_t) override { co_return ++sweeps; }
  int64_t sweeps = 0;
};

class SharedStateTest : public testing::Test {
 protected:
  std::unique_ptr<SharedState> open(std::string redis) {
    SettingSources sources;
    sources.flags = {{"redis", std::move(redis)}};
    return SharedState::open(read_settings(sources).value(), random_, metrics_).value();
  }
  int64_t sweep(ExclusiveSweep& jobs) { return run_sync(jobs.sweep(clock_.now(), 10)).value(); }
  FixedClock clock_{from_unix_seconds(1'800'000'000)};
  SystemRandom random_;
  metrics::Registry metrics_;
  CountingJobs jobs_;
};

TEST_F(SharedStateTest, without_redis_every_process_is_alone) {
  const auto state = open("");
  EXPECT_EQ(state->shared_limiter(), nullptr);
  const auto once = ports::Rate::per_second(1);
  EXPECT_TRUE(run_sync(state->limiter().take("k", once, clock_.now())).value().allowed);
  EXPECT_FALSE(run_sync(state->limiter().take("k", once, clock_.now())).value().allowed);
  EXPECT_EQ(state->cache(), nullptr);
  EXPECT_EQ(state->locks(), nullptr);
}

TEST_F(SharedStateTest, one_process_sweeps_a_minute) {
  adapters::MemoryLocks locks(clock_);
  ExclusiveSweep first(jobs_, &locks, "a"), second(jobs_, &locks, "b");
  sweep(first);
  sweep(second);
  EXPECT_EQ(jobs_.sweeps, 1);
  clock_.advance(Seconds(60));
  sweep(second);
  EXPECT_EQ(jobs_.sweeps, 2);
}

TEST_F(SharedStateTest, while_redis_is_away_sweeping_goes_on_and_is_shared_again_when_it_is_back) {
  adapters::redis::RedisServer server;
  const auto state = open("redis://127.0.0.1:" + std::to_string(server.port()));
  while (!state->is_connected()) std::this_thread::yield();
  ExclusiveSweep jobs(jobs_, state->locks(), "a");
  sweep(jobs);
  sweep(jobs);
  EXPECT_EQ(jobs_.sweeps, 1);
  server.kill();
  sweep(jobs);
  sweep(jobs);
  EXPECT_EQ(jobs_.sweeps, 3);
  while (state->is_connected()) std::this_thread::yield();
  server.start();
  while (!state->is_connected()) std::this_thread::yield();
  sweep(jobs);
  sweep(jobs);
  EXPECT_EQ(jobs_.sweeps, 4) << "the server lost its memory, and keeps the lock again";
}

}  // namespace
}  // namespace durward::server
