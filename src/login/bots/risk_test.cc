#include "login/bots/risk.h"

#include <gtest/gtest.h>

namespace durward::login {
namespace {

using domain::BotDetectionLevel;
using domain::ChallengePolicy;

TEST(Risk, of_a_quiet_browser_is_none) {
  const auto quiet = assess({});
  EXPECT_EQ(quiet.score, 0);
  EXPECT_TRUE(quiet.reasons.empty());
  EXPECT_EQ(confidence_of(quiet), "high");
}

TEST(Risk, grows_with_failures_and_names_each_signal_once) {
  int last = 0;
  for (const int64_t failures : {3, 10, 50}) {
    const auto assessed = assess({.address_failures = failures});
    EXPECT_GT(assessed.score, last);
    EXPECT_EQ(assessed.reasons.size(), 1u);
    last = assessed.score;
  }
  EXPECT_EQ(assess({.address_failures = 2}).score, 0);
}

TEST(Risk, adds_signals_up) {
  const auto spread = assess({.address_failures = 10, .tenant_failures = 1000, .tool_user_agent = 1});
  EXPECT_EQ(spread.score, 7);
  EXPECT_EQ(spread.reasons.size(), 3u);
  EXPECT_EQ(confidence_of(spread), "low");
  EXPECT_GT(difficulty_for(spread), difficulty_for(assess({})));
}

TEST(Risk, a_higher_level_asks_earlier) {
  const auto asks_at = [](BotDetectionLevel level) {
    for (int score = 0; score < 10; ++score)
      if (wants_challenge(ChallengePolicy::when_risky, level, {score, {}})) return score;
    return 10;
  };
  EXPECT_LT(asks_at(BotDetectionLevel::high), asks_at(BotDetectionLevel::medium));
  EXPECT_LT(asks_at(BotDetectionLevel::medium), asks_at(BotDetectionLevel::low));
}

TEST(Risk, always_and_never_need_no_score) {
  EXPECT_TRUE(wants_challenge(ChallengePolicy::always, BotDetectionLevel::low, {}));
  EXPECT_FALSE(wants_challenge(ChallengePolicy::never, BotDetectionLevel::high, {9, {}}));
}

TEST(Risk, programs_that_say_what_they_are_are_tools_and_browsers_are_not) {
  for (const char* tool : {"curl/8.4.0", "python-requests/2.31", "Python-urllib/3.11", "Go-http-client/2.0"})
    EXPECT_TRUE(is_tool(tool)) << tool;
  for (const char* other : {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "node", ""})
    EXPECT_FALSE(is_tool(other)) << other;
}

}  // namespace
}  // namespace durward::login
