#include "http/origin_health.h"

#include <gtest/gtest.h>

namespace durward::http {
namespace {

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

TEST_F(OriginHealthTest, the_server_that_is_free_earlier_is_preferred_however_little_the_other_is_asked) {
  health_.has_backlog(0, Milliseconds(300), start_);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(choose(start_), 1);
  // After that time it is as free as the other, and was asked less.
  EXPECT_EQ(choose(start_ + Milliseconds(300)), 0);
}

TEST_F(OriginHealthTest, backlogs_that_hardly_differ_do_not_matter) {
  health_.has_backlog(0, Milliseconds(15), start_);
  int first = 0;
  for (int i = 0; i < 10; ++i) first += choose(start_) == 0;
  EXPECT_EQ(first, 5);
}

TEST_F(OriginHealthTest, a_server_that_answers_nothing_is_asked_no_more_while_another_answers) {
  int silent = 0;
  for (int i = 0; i < 50; ++i)
    if (choose(start_) == 0)
      ++silent;
    else
      health_.succeeded(1);
  EXPECT_LE(silent, 2);
}

TEST(AnswerTimesTest, the_95th_of_a_hundred_is_known_after_some_answers_and_follows_them) {
  AnswerTimes times;
  for (int i = 0; i < 31; ++i) times.add(Milliseconds(10));
  EXPECT_EQ(times.p95(), std::nullopt);
  times.add(Milliseconds(10));
  EXPECT_EQ(times.p95(), Milliseconds(10));
  for (int i = 0; i < 128; ++i) times.add(Milliseconds(i % 10 == 0 ? 500 : 20));
  EXPECT_EQ(times.p95(), Milliseconds(500));
  for (int i = 0; i < 128; ++i) times.add(Milliseconds(i % 50 == 0 ? 500 : 20));
  EXPECT_EQ(times.p95(), Milliseconds(20)) << "what is rarer than one of twenty is not looked at";
}

}  // namespace
}  // namespace durward::http
