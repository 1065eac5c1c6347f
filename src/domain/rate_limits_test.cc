#include "domain/rate_limits.h"

#include <gtest/gtest.h>

#include <set>

namespace durward::domain {
namespace {

TEST(RateLimits, a_class_has_one_row_a_scope_and_buckets_that_can_be_kept) {
  std::set<std::pair<RateClass, LimitScope>> seen;
  for (const auto& row : limits) {
    EXPECT_TRUE(seen.insert({row.rate_class, row.scope}).second) << to_string(row.rate_class);
    EXPECT_EQ(find_limit(row.rate_class, row.scope), &row);
    for (const auto& bucket : {row.free, row.paid}) {
      EXPECT_GE(bucket.seconds, 1);
      if (bucket.units > 0) EXPECT_GE(bucket.burst, 1);
    }
  }
}

TEST(RateLimits, paid_is_never_less_than_free) {
  for (const auto& row : limits) {
    if (row.paid.units == 0) continue;
    ASSERT_GT(row.free.units, 0) << to_string(row.rate_class);
    EXPECT_GE(row.paid.units * row.free.seconds, row.free.units * row.paid.seconds)
        << to_string(row.rate_class);
    EXPECT_GE(row.paid.burst, row.free.burst);
  }
}

TEST(RateLimits, what_sends_mails_or_counts_attempts_is_exact) {
  for (const auto rate : {RateClass::login_attempt, RateClass::signup, RateClass::change_password,
                          RateClass::passwordless, RateClass::otp_challenge, RateClass::mfa_otp})
    for (const auto& row : limits)
      if (row.rate_class == rate) EXPECT_TRUE(row.exact) << to_string(rate);
}

TEST(RateLimits, names_round_trip) {
  for (size_t i = 0; i < rate_class_count; ++i) {
    const auto rate = RateClass(i);
    EXPECT_EQ(rate_class_named(to_string(rate)), rate);
  }
  EXPECT_EQ(limit_scope_named("client"), LimitScope::client);
  EXPECT_EQ(rate_profile_named("unlimited"), RateProfile::unlimited);
  EXPECT_FALSE(rate_class_named("Token"));
  EXPECT_FALSE(limit_scope_named(""));
  EXPECT_FALSE(rate_profile_named("gold"));
}

TEST(RateLimits, the_two_planes_are_parts_of_different_classes) {
  EXPECT_EQ(part_of(RateClass::token), RateClass::authentication);
  EXPECT_EQ(part_of(RateClass::userinfo), RateClass::authentication);
  EXPECT_EQ(part_of(RateClass::management_write), RateClass::management);
  EXPECT_EQ(part_of(RateClass::management), RateClass::none);
  EXPECT_EQ(part_of(RateClass::none), RateClass::none);
}

}  // namespace
}  // namespace durward::domain
