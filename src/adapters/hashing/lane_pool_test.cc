#include "adapters/hashing/lane_pool.h"

#include <gtest/gtest.h>

#include <atomic>

#include "crypto/password_hash.h"

namespace durward::adapters {
namespace {

using crypto::bcrypt::hash_one;

class LanePoolTest : public testing::Test {
 protected:
  crypto::bcrypt::Setting setting(int cost = 4) {
    return crypto::new_bcrypt_setting("", cost, random).value();
  }
  static Detached submit(LanePool& pool, std::string password, crypto::bcrypt::Setting wanted,
                         std::atomic<int>& right, std::atomic<int>& wrong) {
    const auto digest = co_await pool.run(password, wanted);
    ++(digest && *digest == hash_one(password, wanted) ? right : wrong);
  }
  int64_t busy() { return metrics.gauge("durward_hash_lanes_busy", "").value(); }
  SeededRandom random{1};
  metrics::Registry metrics;
};

TEST_F(LanePoolTest, many_hashes_of_different_costs_all_come_out_right) {
  std::atomic<int> right = 0, wrong = 0;
  {
    LanePool pool(2, 200, metrics);
    for (int i = 0; i < 100; ++i)
      submit(pool, "password " + std::to_string(i), setting(4 + i % 3), right, wrong);
  }  // computes what waits
  EXPECT_EQ(right, 100);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(busy(), 0);
}

TEST_F(LanePoolTest, what_waits_beyond_the_queue_is_unavailable) {
  std::atomic<int> right = 0, wrong = 0;
  LanePool nobody(0, 2, metrics);
  const auto refused = [&] { return run_sync(nobody.run("p", setting())).error(); };
  LanePool none(1, 0, metrics);
  EXPECT_EQ(run_sync(none.run("p", setting())).error().kind, ErrorKind::unavailable);
  submit(nobody, "a", setting(), right, wrong);
  submit(nobody, "b", setting(), right, wrong);
  EXPECT_EQ(refused().kind, ErrorKind::unavailable);
}

TEST_F(LanePoolTest, the_caller_goes_on_where_it_was) {
  LanePool pool(1, 10, metrics);
  const auto home = std::this_thread::get_id();
  const auto task = [](LanePool& lanes, crypto::bcrypt::Setting wanted) -> Async<std::thread::id> {
    CO_ENSURE(co_await lanes.run("p", wanted));
    co_return std::this_thread::get_id();
  };
  EXPECT_EQ(run_sync(task(pool, setting())).value(), home);
}

}  // namespace
}  // namespace durward::adapters
