#include "adapters/hashing/fair_queue.h"

#include <gtest/gtest.h>

namespace durward::adapters {
namespace {

using Waiter = FairQueue::Waiter;
using Time = FairQueue::Time;

class FairQueueTest : public testing::Test {
 protected:
  Waiter& push(FairQueue& queue, int64_t tenant, uint64_t work = 10, Time end = Time::max()) {
    Waiter& waiter = waiters_.emplace_back(Waiter{{tenant}, work, end});
    queue.push(waiter);
    return waiter;
  }
  static int64_t next(FairQueue& queue) {
    const Waiter* waiter = queue.pop();
    return waiter ? waiter->tenant.value : 0;
  }
  std::deque<Waiter> waiters_;
};

TEST_F(FairQueueTest, of_one_tenant_who_came_first_is_first) {
  FairQueue queue(10);
  const Waiter &a = push(queue, 1), &b = push(queue, 1);
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_EQ(queue.work(), 20u);
  EXPECT_EQ(queue.pop(), &a);
  EXPECT_EQ(queue.pop(), &b);
  EXPECT_EQ(queue.pop(), nullptr);
  EXPECT_EQ(queue.work(), 0u);
}

TEST_F(FairQueueTest, a_tenant_that_comes_into_the_flood_of_another_is_next) {
  FairQueue queue(1000);
  for (int i = 0; i < 300; ++i) push(queue, 1);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(next(queue), 1);
  EXPECT_EQ(queue.work_before({2}), 0u);
  push(queue, 2);
  int before = 0;
  while (next(queue) != 2) ++before;
  EXPECT_LE(before, 1);
}

TEST_F(FairQueueTest, tenants_take_turns_however_much_each_has_waiting) {
  FairQueue queue(1000);
  for (int i = 0; i < 100; ++i) push(queue, 1);
  for (int i = 0; i < 20; ++i) push(queue, 2);
  int served[3] = {};
  for (int i = 0; i < 20; ++i) ++served[next(queue)];
  EXPECT_EQ(served[1], 10);
  EXPECT_EQ(served[2], 10);
}

TEST_F(FairQueueTest, a_dear_hash_counts_for_as_many_cheap_ones_as_it_costs) {
  FairQueue queue(1000);
  for (int i = 0; i < 100; ++i) push(queue, 1, 40), push(queue, 2, 10);
  int served[3] = {};
  for (int i = 0; i < 50; ++i) ++served[next(queue)];
  EXPECT_NEAR(served[1], 10, 1);
  EXPECT_NEAR(served[2], 40, 1);
}

TEST_F(FairQueueTest, nobody_starves_while_new_tenants_keep_coming) {
  FairQueue queue(1000);
  push(queue, 1), push(queue, 1), push(queue, 1);
  int64_t tenant = 2;
  int rounds = 0;
  for (int left = 3; left > 0 && rounds < 100; ++rounds) {
    push(queue, tenant++), push(queue, tenant++);
    left -= next(queue) == 1;
  }
  EXPECT_LT(rounds, 100);
}

TEST_F(FairQueueTest, what_is_before_a_waiter_is_what_is_given_out_before_it) {
  FairQueue queue(1000);
  for (int i = 0; i < 50; ++i) push(queue, 1);
  for (int i = 0; i < 3; ++i) push(queue, 2);
  const uint64_t told = queue.work_before({2});
  const Waiter& last = push(queue, 2);
  uint64_t before = 0;
  for (const Waiter* waiter = queue.pop(); waiter != &last; waiter = queue.pop()) before += waiter->work;
  EXPECT_NEAR(double(told), double(before), 10);
  EXPECT_EQ(queue.work_before({1}), queue.work());
}

TEST_F(FairQueueTest, one_tenant_never_takes_the_last_places) {
  FairQueue queue(10);
  while (!queue.is_full() && queue.may_wait({1})) push(queue, 1);
  EXPECT_EQ(queue.size(), 6u);
  EXPECT_TRUE(queue.may_wait({2}));
  while (!queue.is_full() && queue.may_wait({2})) push(queue, 2);
  EXPECT_FALSE(queue.is_full());
  EXPECT_TRUE(queue.may_wait({3}));
}

TEST_F(FairQueueTest, who_is_too_late_is_taken_out_and_costs_its_tenant_nothing) {
  FairQueue queue(10);
  const Time now{Seconds(100)};
  const Waiter& late = push(queue, 1, 1000, now - Milliseconds(1));
  push(queue, 1, 10, now), push(queue, 2, 10, now);
  EXPECT_EQ(queue.pop_expired(now), &late);
  EXPECT_EQ(queue.pop_expired(now), nullptr);
  EXPECT_EQ(next(queue), 1);
  EXPECT_EQ(next(queue), 2);
}

TEST_F(FairQueueTest, who_cannot_be_done_in_time_is_too_late_already) {
  FairQueue queue(10);
  const Time now{Seconds(100)};
  const Waiter& dear = push(queue, 1, 20, now + Milliseconds(150));
  push(queue, 2, 10, now + Milliseconds(150));
  EXPECT_EQ(queue.pop_expired(now, 0.005), nullptr);
  EXPECT_EQ(queue.pop_expired(now, 0.01), &dear);
  EXPECT_EQ(queue.pop_expired(now, 0.01), nullptr);
}

TEST_F(FairQueueTest, a_tenant_without_waiters_is_forgotten_when_the_queue_is_empty) {
  FairQueue queue(10);
  push(queue, 1, 1000);
  EXPECT_EQ(next(queue), 1);
  push(queue, 2), push(queue, 1);
  EXPECT_EQ(next(queue), 1) << "nobody waited beside it when it was given much";
}

}  // namespace
}  // namespace durward::adapters
