#include "adapters/sandbox/breaker.h"

#include <gtest/gtest.h>

namespace durward::adapters::sandbox {
namespace {

using std::chrono::seconds;

class BreakerTest : public testing::Test {
 protected:
  void fail(int times) {
    for (int i = 0; i < times; ++i) breaker_.failed(key_, now_);
  }
  Breaker breaker_{2};
  const Breaker::Key key_{{1}, "action d1"};
  Breaker::Time now_{seconds(1000)};
};

TEST_F(BreakerTest, code_that_failed_a_few_times_still_runs) {
  fail(Breaker::faults_max - 1);
  EXPECT_FALSE(breaker_.refusal(key_, now_));
}

TEST_F(BreakerTest, code_that_only_fails_is_refused_until_its_pause_is_over) {
  fail(Breaker::faults_max);
  EXPECT_EQ(breaker_.refusal(key_, now_), 10);
  EXPECT_EQ(breaker_.refusal(key_, now_ + seconds(9)), 1);
  EXPECT_FALSE(breaker_.refusal(key_, now_ + seconds(10)));
}

TEST_F(BreakerTest, one_trial_is_made_after_the_pause_and_decides) {
  fail(Breaker::faults_max);
  now_ += seconds(10);
  EXPECT_FALSE(breaker_.refusal(key_, now_));
  EXPECT_TRUE(breaker_.refusal(key_, now_)) << "a second one beside the trial";
  fail(1);
  EXPECT_EQ(breaker_.refusal(key_, now_), 20) << "the pause grows";
  now_ += seconds(20);
  EXPECT_FALSE(breaker_.refusal(key_, now_));
  breaker_.worked(key_);
  EXPECT_FALSE(breaker_.refusal(key_, now_));
  EXPECT_EQ(breaker_.size(), 0u);
}

TEST_F(BreakerTest, other_tenants_and_newly_deployed_code_are_not_meant) {
  fail(Breaker::faults_max);
  EXPECT_FALSE(breaker_.refusal({{2}, "action d1"}, now_));
  EXPECT_FALSE(breaker_.refusal({{1}, "action d2"}, now_));
}

TEST_F(BreakerTest, memory_is_bounded) {
  for (int64_t tenant = 1; tenant < 10; ++tenant) breaker_.failed({{tenant}, "a"}, now_);
  EXPECT_LE(breaker_.size(), 2u);
}

}  // namespace
}  // namespace durward::adapters::sandbox
