#include "domain/flags.h"

#include <gtest/gtest.h>

#include <set>

namespace durward::domain {
namespace {

constexpr std::string_view key = "password-scheme";
constexpr TenantId acme{1}, other{2};

json::Object rule(json::Value value, int64_t share = 10'000) {
  return {{"value", std::move(value)}, {"per_ten_thousand", share}};
}
FlagRules with(std::string_view id, json::Object document) {
  FlagRules rules;
  rules.add(id, document);
  return rules;
}
FlagResolution resolve(const FlagRules& tenant, const FlagRules& installation, std::string user = "",
                       std::string_view environment = "staging") {
  return resolve_flag(*find_flag(key), tenant, installation, environment, {acme, std::move(user)});
}

TEST(Flags, every_row_is_complete_and_has_a_fallback_it_could_be_set_to) {
  std::set<std::string_view> keys;
  for (const auto& flag : flags()) {
    EXPECT_TRUE(keys.insert(flag.key).second) << flag.key;
    EXPECT_FALSE(flag.owner.empty() || flag.description.empty()) << flag.key;
    const auto fallback = json::parse(flag.fallback);
    ASSERT_TRUE(fallback) << flag.key;
    EXPECT_TRUE(check_flag_value(flag, *fallback)) << flag.key;
    EXPECT_EQ(flag.expires.empty(), flag.kind == FlagKind::operational || flag.kind == FlagKind::permission)
        << flag.key << ": what is tried out ends, what operates stays";
  }
  EXPECT_EQ(find_flag("no-such-flag"), nullptr);
}

TEST(Flags, a_tenant_comes_before_the_environment_and_that_before_the_installation) {
  FlagRules installation = with(key, rule("bcrypt"));
  EXPECT_EQ(resolve({}, {}).reason, FlagReason::fallback);
  EXPECT_EQ(resolve({}, {}).variant, "entitled");
  EXPECT_EQ(resolve({}, installation).variant, "bcrypt");
  EXPECT_EQ(resolve({}, installation).reason, FlagReason::static_value);
  installation.add("password-scheme@staging", rule("argon2id"));
  EXPECT_EQ(resolve({}, installation).variant, "argon2id");
  EXPECT_EQ(resolve({}, installation, "", "production").variant, "bcrypt");
  const auto decided = resolve(with(key, rule("entitled")), installation);
  EXPECT_EQ(decided.variant, "entitled");
  EXPECT_EQ(decided.reason, FlagReason::targeting_match);
}

TEST(Flags, a_share_is_stable_near_its_size_and_only_grows) {
  const FlagRules tenth = with(key, rule("argon2id", 1'000)), third = with(key, rule("argon2id", 3'000));
  int in_tenth = 0, in_third = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string user = "auth0|" + std::to_string(i);
    const bool one = resolve(tenth, {}, user).variant == "argon2id";
    const bool two = resolve(third, {}, user).variant == "argon2id";
    EXPECT_TRUE(!one || two) << user;
    EXPECT_EQ(one, resolve(tenth, {}, user).variant == "argon2id");
    in_tenth += one;
    in_third += two;
  }
  EXPECT_NEAR(in_tenth, 2'000, 150);  // 3.5 standard deviations
  EXPECT_NEAR(in_third, 6'000, 230);
  EXPECT_EQ(resolve(tenth, {}, "auth0|1").reason == FlagReason::split,
            resolve(tenth, {}, "auth0|1").variant == "argon2id");
}

TEST(Flags, without_a_targeting_key_a_share_does_not_apply_and_all_or_nobody_does) {
  EXPECT_EQ(resolve(with(key, rule("argon2id", 9'999)), {}).variant, "entitled");
  EXPECT_EQ(resolve(with(key, rule("argon2id", 10'000)), {}).variant, "argon2id");
  EXPECT_EQ(resolve(with(key, rule("argon2id", 0)), {}, "auth0|1").variant, "entitled");
}

TEST(Flags, tenants_have_different_users_in_a_share) {
  int differ = 0;
  for (int i = 0; i < 1'000; ++i) {
    const std::string user = "auth0|" + std::to_string(i);
    differ += (flag_position(key, acme, user) < 5'000) != (flag_position(key, other, user) < 5'000);
  }
  EXPECT_NEAR(differ, 500, 80);
}

TEST(Flags, a_value_of_another_type_or_outside_the_list_is_refused_and_never_takes_effect) {
  const auto& scheme = *find_flag(key);
  EXPECT_FALSE(check_flag_value(scheme, true));
  EXPECT_FALSE(check_flag_value(scheme, "md5"));
  EXPECT_FALSE(check_flag_value(scheme, "bcrypt argon2id"));
  EXPECT_FALSE(check_flag_value(scheme, ""));
  EXPECT_FALSE(check_flag_value(*find_flag("signup"), "true"));
  EXPECT_EQ(resolve(with(key, rule("md5")), {}).variant, "entitled");
  EXPECT_EQ(resolve(with(key, {}), {}).variant, "entitled");
}

}  // namespace
}  // namespace durward::domain
