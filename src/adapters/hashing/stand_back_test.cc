#include "adapters/hashing/stand_back.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <functional>
#include <thread>

namespace durward::adapters {
namespace {

constexpr Nanoseconds a_while = Patience::looks / 5;

TEST(Patience, a_thread_that_has_the_processor_stands_back) {
  Patience patience;
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(patience.passed(a_while, a_while));
  EXPECT_TRUE(patience.stands_back());
}

TEST(Patience, a_thread_that_gets_less_than_half_takes_its_share_for_a_time) {
  Patience patience;
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(patience.passed(a_while, a_while / 3));
  EXPECT_TRUE(patience.passed(a_while, a_while / 3));
  EXPECT_FALSE(patience.stands_back());
  EXPECT_FALSE(patience.passed(Patience::takes - a_while, a_while));
  EXPECT_TRUE(patience.passed(a_while, Nanoseconds(0)));
  EXPECT_TRUE(patience.stands_back());
}

TEST(Patience, time_without_work_is_not_time_without_a_processor) {
  Patience patience;
  for (int i = 0; i < 4; ++i) patience.passed(a_while, Nanoseconds(0));
  patience.forget();
  EXPECT_FALSE(patience.passed(a_while, Nanoseconds(0)));
  EXPECT_TRUE(patience.stands_back());
}

int policy_after(const std::function<void()>& change) {
  int policy = -1;
  std::thread([&] {
    change();
    policy = ::sched_getscheduler(0);
  }).join();
  return policy;
}
int policy_of(int nice) {
  return policy_after([&] { StandingBack behind(nice); });
}
int policy_when_asked_for_idle() {
  return policy_after([] {
    const sched_param none{};
    ::sched_setscheduler(0, SCHED_IDLE, &none);
  });
}

TEST(StandingBack, the_idle_class_is_for_threads_that_have_somebody_to_stand_back_for) {
  if (::sched_getscheduler(0) != SCHED_OTHER) GTEST_SKIP() << "this process has a policy of its own";
  if (policy_when_asked_for_idle() != SCHED_IDLE) GTEST_SKIP() << "this kernel does not give it";
  EXPECT_EQ(policy_of(3), SCHED_IDLE);
  EXPECT_EQ(policy_of(0), SCHED_OTHER);
}

}  // namespace
}  // namespace durward::adapters
