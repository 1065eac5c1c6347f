#include <gtest/gtest.h>

#include "adapters/memory/memory_cache.h"
#include "adapters/memory/memory_limiter.h"
#include "base/executor.h"

namespace durward::adapters {
namespace {

TEST(MemoryLimiter, forgets_what_is_paid_off) {
  MemoryLimiter limiter;
  const TimePoint now = from_unix_seconds(1'800'000'000);
  const auto use = [&](int keys, const std::string& name, TimePoint at) {
    for (int i = 0; i < keys; ++i) limiter.take_now(name + std::to_string(i), ports::Rate::per_second(1), at);
  };
  use(20'000, "early", now);
  EXPECT_EQ(limiter.size(), 20'000u);
  use(20'000, "late", now + Seconds(1));
  EXPECT_LE(limiter.size(), 20'000u + 8 * 512) << "the early ones went when there was need for room";
  EXPECT_EQ(limiter.evicted(), 0u);
}

TEST(MemoryCache, the_value_that_ends_first_makes_room) {
  FixedClock clock(from_unix_seconds(1'800'000'000));
  MemoryCache cache(clock, 2);
  run_sync(cache.put("a", "1", Seconds(3))).value();
  run_sync(cache.put("b", "2", Seconds(1))).value();
  run_sync(cache.put("c", "3", Seconds(2))).value();
  EXPECT_TRUE(run_sync(cache.get("a")).value());
  EXPECT_FALSE(run_sync(cache.get("b")).value());
  EXPECT_TRUE(run_sync(cache.get("c")).value());
}

}  // namespace
}  // namespace durward::adapters
