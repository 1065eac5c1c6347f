#include "adapters/hashing/lane_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <future>

#include "crypto/password_hash.h"

namespace durward::adapters {
namespace {

using crypto::bcrypt::hash_one;

class LanePoolTest : public testing::Test {
 protected:
  struct Count {
    std::atomic<int> right = 0, wrong = 0, refused = 0;
  };
  crypto::bcrypt::Setting setting(int cost = 4) {
    return crypto::new_bcrypt_setting("", cost, random).value();
  }
  static Detached submit(LanePool& pool, std::string password, crypto::bcrypt::Setting wanted, Count& count,
                         Turn turn = {}) {
    const auto digest = co_await pool.run(password, wanted, turn);
    ++(!digest ? count.refused : *digest == hash_one(password, wanted) ? count.right : count.wrong);
  }
  // A pool without threads keeps what waits waiting.
  LanePool nobody(size_t queue_max) { return LanePool({.threads = 0, .queue_max = queue_max}, metrics); }
  Error refused(LanePool& pool, Turn turn = {}, int cost = 4) {
    const auto digest = run_sync(pool.run("p", setting(cost), turn));
    return digest ? Error{ErrorKind::internal, "it was hashed"} : digest.error();
  }
  int64_t busy() { return metrics.gauge("durward_hash_lanes_busy", "").value(); }
  uint64_t shed(const char* reason) {
    return metrics.counter("durward_hash_shed_total", "", std::string("reason=\"") + reason + "\"").value();
  }
  SeededRandom random{1};
  metrics::Registry metrics;
};

TEST_F(LanePoolTest, many_hashes_of_different_costs_all_come_out_right) {
  Count count;
  {
    LanePool pool({.threads = 2, .queue_max = 400}, metrics);
    for (int i = 0; i < 100; ++i) submit(pool, "password " + std::to_string(i), setting(4 + i % 3), count);
  }  // computes what waits
  EXPECT_EQ(count.right, 100);
  EXPECT_EQ(count.wrong, 0);
  EXPECT_EQ(busy(), 0);
}

TEST_F(LanePoolTest, fewer_lanes_than_the_engine_has_may_be_used) {
  Count count;
  {
    LanePool pool({.threads = 1, .queue_max = 100, .lanes_max = 1}, metrics);
    for (int i = 0; i < 20; ++i) submit(pool, "p", setting(), count);
    EXPECT_LE(busy(), 1);
  }
  EXPECT_EQ(count.right, 20);
}

TEST_F(LanePoolTest, what_waits_beyond_the_queue_is_unavailable) {
  Count count;
  LanePool none({.threads = 1, .queue_max = 0}, metrics);
  EXPECT_EQ(refused(none).kind, ErrorKind::unavailable);
  LanePool pool = nobody(2);
  submit(pool, "a", setting(), count), submit(pool, "b", setting(), count);
  const Error error = refused(pool);
  EXPECT_EQ(error.code, "temporarily_unavailable");
  EXPECT_EQ(error.retry_after, 1);
  EXPECT_EQ(shed("queue_full"), 2u);
}

TEST_F(LanePoolTest, a_tenant_that_floods_is_refused_and_another_is_not) {
  Count count;
  LanePool pool = nobody(10);
  for (int i = 0; i < 20; ++i) submit(pool, "p", setting(), count, {.tenant = {1}});
  EXPECT_EQ(count.refused, 14);
  EXPECT_EQ(shed("tenant_share"), 14u);
  submit(pool, "p", setting(), count, {.tenant = {2}});
  EXPECT_EQ(count.refused, 14);
}

TEST_F(LanePoolTest, who_would_wait_beyond_the_deadline_is_refused_at_once_and_told_when_to_return) {
  Count count;
  {
    LanePool pool({.threads = 1, .queue_max = 200}, metrics);
    ASSERT_TRUE(run_sync(pool.run("it has measured itself", setting())));
    for (int i = 0; i < 30; ++i)
      submit(pool, "p", setting(8), count, {.tenant = {1}, .within = Seconds(600)});
    const Error error = refused(pool, {.tenant = {1}, .within = Milliseconds(50)});
    EXPECT_EQ(error.code, "temporarily_unavailable");
    EXPECT_GE(error.retry_after, 1);
    EXPECT_EQ(shed("late"), 1u);
    EXPECT_GT(pool.expected_wait(), Milliseconds(50));
    // Of another tenant the same hash has its turn soon.
    EXPECT_TRUE(run_sync(pool.run("p", setting(), {.tenant = {2}, .within = Seconds(600)})));
    EXPECT_LT(count.right, 30);
  }
  EXPECT_EQ(count.right, 30);
}

TEST_F(LanePoolTest, whose_end_came_while_it_waited_is_not_hashed) {
  LanePool pool({.threads = 1, .queue_max = 10}, metrics);
  EXPECT_EQ(refused(pool, {.tenant = {1}, .within = Milliseconds(-1)}).kind, ErrorKind::unavailable);
  EXPECT_EQ(shed("expired"), 1u);
  EXPECT_TRUE(run_sync(pool.run("p", setting()))) << "and the pool goes on";
}

TEST_F(LanePoolTest, a_pool_that_stops_answers_everybody_who_waits) {
  Count count;
  {
    LanePool pool = nobody(100);
    for (int i = 0; i < 10; ++i) submit(pool, "p", setting(), count, {.tenant = {i}});
    EXPECT_EQ(count.refused, 0);
  }
  EXPECT_EQ(count.refused, 10);
}

// Without an executor a coroutine goes on in the thread that hashed.
Detached tell_nice(LanePool& pool, crypto::bcrypt::Setting wanted, std::promise<int>& nice) {
  if (co_await pool.run("p", wanted)) nice.set_value(::getpriority(PRIO_PROCESS, 0));
}
TEST_F(LanePoolTest, the_threads_stand_back_behind_the_rest_of_the_process) {
  LanePool pool({.threads = 1, .queue_max = 10, .nice = 3}, metrics);
  std::promise<int> nice;
  tell_nice(pool, setting(), nice);
  EXPECT_EQ(nice.get_future().get(), std::min(19, ::getpriority(PRIO_PROCESS, 0) + 3));
}

TEST_F(LanePoolTest, the_caller_goes_on_where_it_was) {
  LanePool pool({.threads = 1, .queue_max = 10}, metrics);
  const auto home = std::this_thread::get_id();
  const auto task = [](LanePool& lanes, crypto::bcrypt::Setting wanted) -> Async<std::thread::id> {
    CO_ENSURE(co_await lanes.run("p", wanted));
    co_return std::this_thread::get_id();
  };
  EXPECT_EQ(run_sync(task(pool, setting())).value(), home);
}

}  // namespace
}  // namespace durward::adapters
