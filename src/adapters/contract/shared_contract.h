#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "base/executor.h"
#include "ports/limiter.h"
#include "ports/locks.h"
#include "ports/short_cache.h"

// What every implementation of the shared counters, short values and locks must do: instantiate
// SharedContract with makers. Times of values are real where the engine's clock is (`pass`).
namespace durward::adapters::contract {

class Shared {
 public:
  virtual ~Shared() = default;
  virtual ports::Limiter& limiter() = 0;
  virtual ports::ShortCache& cache() = 0;
  virtual ports::Locks& locks() = 0;
  virtual void pass(Milliseconds time) = 0;  // returns when so much time has gone by for the engine
};
struct SharedMaker {
  std::string name;
  std::function<std::unique_ptr<Shared>()> make;
};

class SharedContract : public testing::TestWithParam<SharedMaker> {
 protected:
  ports::Allowance take(const std::string& key, ports::Rate rate, TimePoint now, int64_t units = 1) {
    return run_sync(shared_->limiter().take(key, rate, now, units)).value();
  }
  bool allows(const std::string& key, ports::Rate rate, TimePoint now, int64_t units = 1) {
    return take(key, rate, now, units).allowed;
  }
  auto get(const std::string& key) { return run_sync(shared_->cache().get(key)).value(); }
  bool put(const std::string& key, const std::string& value, Milliseconds life = Milliseconds(60'000)) {
    return run_sync(shared_->cache().put(key, value, life)).has_value();
  }
  bool put_if_absent(const std::string& key, const std::string& value) {
    return run_sync(shared_->cache().put_if_absent(key, value, Milliseconds(60'000))).value();
  }
  auto acquire(const std::string& name, const std::string& owner, Milliseconds life = Milliseconds(60'000)) {
    return run_sync(shared_->locks().acquire(name, owner, life)).value();
  }
  std::unique_ptr<Shared> shared_ = GetParam().make();
  const TimePoint now_ = from_unix_seconds(1'800'000'000);
};

TEST_P(SharedContract, a_burst_is_allowed_and_then_one_unit_per_period) {
  const auto rate = ports::Rate::per_second(5);
  for (int i = 4; i >= 0; --i) {
    const auto taken = take("a", rate, now_);
    EXPECT_TRUE(taken.allowed);
    EXPECT_EQ(taken.remaining, i);
  }
  const auto refused = take("a", rate, now_);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.remaining, 0);
  EXPECT_EQ(refused.retry_in, Milliseconds(200));
  EXPECT_EQ(refused.full_at_us, to_unix_ms(now_) * 1000 + 1'000'000);
  EXPECT_FALSE(allows("a", rate, now_ + Milliseconds(199)));
  EXPECT_TRUE(allows("a", rate, now_ + Milliseconds(200)));
  EXPECT_FALSE(allows("a", rate, now_ + Milliseconds(200)));
}

TEST_P(SharedContract, a_refusal_takes_nothing) {
  const auto rate = ports::Rate::per_second(1);
  EXPECT_TRUE(allows("a", rate, now_));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(allows("a", rate, now_ + Milliseconds(999)));
  EXPECT_TRUE(allows("a", rate, now_ + Milliseconds(1000)));
}

TEST_P(SharedContract, keys_do_not_share_a_budget) {
  const auto rate = ports::Rate::per_second(1);
  EXPECT_TRUE(allows("a", rate, now_));
  EXPECT_TRUE(allows("b", rate, now_));
  EXPECT_FALSE(allows("a", rate, now_));
}

TEST_P(SharedContract, several_units_and_longer_bursts_count) {
  const ports::Rate rate{.interval = Milliseconds(100), .burst = 600};
  EXPECT_TRUE(allows("a", rate, now_, 599));
  EXPECT_FALSE(allows("a", rate, now_, 2));
  EXPECT_TRUE(allows("a", rate, now_, 1));
  EXPECT_TRUE(allows("a", rate, now_ + Seconds(1), 10));
  EXPECT_FALSE(allows("a", rate, now_ + Seconds(1)));
}

TEST_P(SharedContract, what_is_given_back_is_there_again_up_to_a_full_bucket) {
  const ports::Rate rate{.interval = Seconds(6), .burst = 10};
  EXPECT_TRUE(allows("a", rate, now_, 10));
  EXPECT_EQ(take("a", rate, now_, -3).remaining, 3);
  EXPECT_EQ(take("a", rate, now_, -30).remaining, 10);
  EXPECT_FALSE(allows("a", rate, now_, 11));
}

TEST_P(SharedContract, a_look_takes_nothing_and_a_forgotten_key_is_full) {
  const ports::Rate rate{.interval = Seconds(6), .burst = 10};
  EXPECT_EQ(take("a", rate, now_, 0).remaining, 10);
  EXPECT_TRUE(allows("a", rate, now_, 10));
  EXPECT_EQ(take("a", rate, now_, 0).remaining, 0);
  EXPECT_TRUE(run_sync(shared_->limiter().forget("a")));
  EXPECT_EQ(take("a", rate, now_, 0).remaining, 10);
  EXPECT_TRUE(run_sync(shared_->limiter().forget("never seen")));
}

TEST_P(SharedContract, threads_together_get_no_more_than_the_burst) {
  const auto rate = ports::Rate::per_second(50);
  std::atomic<int> allowed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 40; ++n) allowed += allows("a", rate, now_);
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(allowed, 50);
}

TEST_P(SharedContract, a_value_comes_back_until_it_is_replaced_or_removed) {
  EXPECT_EQ(get("k"), std::nullopt);
  const std::string bytes("a\0\r\n\xff", 5);
  EXPECT_TRUE(put("k", bytes));
  EXPECT_EQ(get("k"), bytes);
  EXPECT_TRUE(put("k", "b"));
  EXPECT_EQ(get("k"), "b");
  EXPECT_TRUE(run_sync(shared_->cache().remove("k")));
  EXPECT_EQ(get("k"), std::nullopt);
  EXPECT_TRUE(run_sync(shared_->cache().remove("k")));
}

TEST_P(SharedContract, a_value_ends_with_its_life) {
  EXPECT_TRUE(put("k", "v", Milliseconds(30)));
  shared_->pass(Milliseconds(30));
  EXPECT_EQ(get("k"), std::nullopt);
  EXPECT_TRUE(put_if_absent("k", "w"));
}

TEST_P(SharedContract, of_two_who_put_if_absent_the_first_wins) {
  EXPECT_TRUE(put_if_absent("k", "first"));
  EXPECT_FALSE(put_if_absent("k", "second"));
  EXPECT_EQ(get("k"), "first");
}

TEST_P(SharedContract, a_value_that_is_too_large_is_refused) {
  EXPECT_TRUE(put("k", std::string(ports::short_value_max, 'x')));
  EXPECT_FALSE(put("k", std::string(ports::short_value_max + 1, 'x')));
  EXPECT_FALSE(run_sync(
      shared_->cache().put_if_absent("q", std::string(ports::short_value_max + 1, 'x'), Seconds(1))));
}

TEST_P(SharedContract, a_lock_has_one_owner_until_it_is_released) {
  const auto lock = acquire("sweep", "a");
  ASSERT_TRUE(lock);
  EXPECT_FALSE(acquire("sweep", "b"));
  EXPECT_TRUE(acquire("other", "b"));
  EXPECT_TRUE(run_sync(shared_->locks().release({"sweep", "b", 1})));
  EXPECT_FALSE(acquire("sweep", "b")) << "who does not own it cannot release it";
  EXPECT_TRUE(run_sync(shared_->locks().release(*lock)));
  EXPECT_TRUE(acquire("sweep", "b"));
}

TEST_P(SharedContract, a_lock_ends_with_its_life_and_a_later_owner_has_a_higher_fence) {
  const auto first = acquire("sweep", "a", Milliseconds(30));
  EXPECT_EQ(run_sync(shared_->locks().extend(*first, Milliseconds(60))), true);
  shared_->pass(Milliseconds(60));
  const auto second = acquire("sweep", "b");
  ASSERT_TRUE(second);
  EXPECT_GT(second->fence, first->fence);
  EXPECT_EQ(run_sync(shared_->locks().extend(*first, Seconds(60))), false);
  EXPECT_TRUE(run_sync(shared_->locks().release(*first)));
  EXPECT_FALSE(acquire("sweep", "c"));
}

inline std::string shared_maker_name(const testing::TestParamInfo<SharedMaker>& info) {
  return info.param.name;
}

}  // namespace durward::adapters::contract
