#include "adapters/configuration/value_cache.h"

#include <gtest/gtest.h>

namespace durward::adapters {
namespace {

using Kind = ConfigurationKind;

CachedValue value(int n) { return std::make_shared<const int>(n); }

class ValueCacheTest : public testing::Test {
 protected:
  static ValueKey key(std::string_view name, int64_t tenant = 1) { return {tenant, Kind::client, {name}}; }
  void check(int64_t version, int64_t tenant = 1) {
    if (const auto ticket = cache.begin_check(tenant, now)) cache.end_check(tenant, *ticket, version, now);
  }
  void load(std::string_view name, int n, int64_t tenant = 1) {
    check(1, tenant);
    const auto ticket = cache.begin_load(key(name, tenant));
    cache.end_load(key(name, tenant), ticket, value(n), {});
  }
  std::optional<int> find(std::string_view name, int64_t tenant = 1) {
    const auto found = cache.find(key(name, tenant), now);
    if (!found) return {};
    return *std::static_pointer_cast<const int>(*found);
  }
  // Counts in `landed` when the flight has landed.
  static Detached follow(ValueCache::Ticket ticket, int& landed) {
    co_await ValueCache::wait(ticket.flight);
    ++landed;
  }

  TimePoint now = from_unix_ms(1'700'000'000'000);
  ValueCache cache{3 * 16, Milliseconds(1000)};  // three a shard
};

TEST_F(ValueCacheTest, the_least_recently_used_value_goes_first) {
  load("a", 1);
  load("b", 2);
  load("c", 3);
  EXPECT_EQ(find("a"), 1);
  load("d", 4);
  EXPECT_EQ(find("b"), std::nullopt);
  EXPECT_EQ(find("a"), 1);
  EXPECT_EQ(find("c"), 3);
  EXPECT_EQ(find("d"), 4);
  EXPECT_EQ(cache.size(), 3u);
}

TEST_F(ValueCacheTest, tenants_kinds_and_parts_are_told_apart) {
  load("a", 1, 1);
  load("a", 2, 17);  // of the same shard
  EXPECT_EQ(find("a", 1), 1);
  EXPECT_EQ(find("a", 17), 2);
  EXPECT_FALSE(cache.find({1, Kind::connection, {"a"}}, now));
  EXPECT_FALSE(cache.find({1, Kind::client, {"", "a"}}, now));
  cache.invalidate(17);
  EXPECT_EQ(find("a", 1), 1);
  EXPECT_EQ(find("a", 17), std::nullopt);
}

TEST_F(ValueCacheTest, a_load_that_began_before_a_change_keeps_nothing) {
  check(1);
  const auto early = cache.begin_load(key("a"));
  cache.invalidate(1);
  cache.end_load(key("a"), early, value(1), {});
  EXPECT_EQ(find("a"), std::nullopt);
  const auto late = cache.begin_load(key("a"));
  EXPECT_TRUE(late.is_pilot);
  cache.end_load(key("a"), late, value(2), {});
  EXPECT_EQ(find("a"), 2);
}

TEST_F(ValueCacheTest, who_comes_after_a_change_does_not_wait_for_a_load_from_before_it) {
  check(1);
  const auto early = cache.begin_load(key("a"));
  EXPECT_TRUE(early.is_pilot);
  EXPECT_FALSE(cache.begin_load(key("a")).is_pilot);
  cache.invalidate(1);
  const auto late = cache.begin_load(key("a"));
  EXPECT_TRUE(late.is_pilot);
  cache.end_load(key("a"), late, value(2), {});
  cache.end_load(key("a"), early, value(1), {});
  EXPECT_EQ(find("a"), 2) << "the later end of the earlier load changes nothing";
}

TEST_F(ValueCacheTest, everybody_who_waits_goes_on_when_the_one_load_lands) {
  check(1);
  const auto pilot = cache.begin_load(key("a"));
  int landed = 0;
  for (int i = 0; i < 5; ++i) {
    const auto ticket = cache.begin_load(key("a"));
    EXPECT_FALSE(ticket.is_pilot);
    follow(ticket, landed);
  }
  EXPECT_EQ(landed, 0);
  cache.end_load(key("a"), pilot, fail(ErrorKind::unavailable, "away"), {});
  EXPECT_EQ(landed, 5);
  EXPECT_EQ(pilot.flight->result.error().code, "away");
  EXPECT_EQ(find("a"), std::nullopt) << "an error is not kept";
  EXPECT_TRUE(cache.begin_load(key("a")).is_pilot);
}

TEST_F(ValueCacheTest, a_value_evicted_while_it_loads_still_reaches_who_waits) {
  check(1);
  const auto pilot = cache.begin_load(key("a"));
  int landed = 0;
  follow(cache.begin_load(key("a")), landed);
  for (int i = 0; i < 5; ++i) load(std::to_string(i), i);
  cache.end_load(key("a"), pilot, value(1), {});
  EXPECT_EQ(landed, 1);
  EXPECT_TRUE(pilot.flight->result.has_value());
  EXPECT_EQ(find("a"), std::nullopt);
  EXPECT_EQ(cache.size(), 3u);
}

TEST_F(ValueCacheTest, one_request_an_interval_compares_the_version_and_a_new_one_makes_all_old) {
  load("a", 1);
  EXPECT_FALSE(cache.begin_check(1, now));
  now += Milliseconds(1000);
  EXPECT_EQ(find("a"), std::nullopt) << "not before the version was compared";
  const auto pilot = cache.begin_check(1, now), other = cache.begin_check(1, now);
  ASSERT_TRUE(pilot && other);
  EXPECT_TRUE(pilot->is_pilot);
  EXPECT_FALSE(other->is_pilot);
  cache.end_check(1, *pilot, 1, now);
  EXPECT_EQ(find("a"), 1);
  now += Milliseconds(1000);
  check(2);
  EXPECT_EQ(find("a"), std::nullopt);
}

TEST_F(ValueCacheTest, a_comparison_can_be_asked_for_before_it_is_due) {
  load("a", 1);
  EXPECT_FALSE(cache.check_under_way(1));
  EXPECT_FALSE(cache.begin_check(1, now));
  const auto ticket = cache.begin_check(1, now, true);
  ASSERT_TRUE(ticket && ticket->is_pilot);
  EXPECT_EQ(cache.check_under_way(1), ticket->flight);
  EXPECT_EQ(find("a"), 1) << "others do not wait for it";
  cache.end_check(1, *ticket, 2, now);
  EXPECT_EQ(find("a"), std::nullopt);
  EXPECT_FALSE(cache.check_under_way(1));
}

TEST_F(ValueCacheTest, a_version_that_cannot_be_read_leaves_what_is_known) {
  load("a", 1);
  now += Milliseconds(1000);
  const auto ticket = cache.begin_check(1, now);
  cache.end_check(1, *ticket, std::nullopt, now);
  EXPECT_EQ(find("a"), 1);
}

TEST_F(ValueCacheTest, a_version_that_cannot_be_read_is_asked_for_again_after_an_interval) {
  load("a", 1);
  now += Milliseconds(1000);
  const auto ticket = cache.begin_check(1, now);
  now += Milliseconds(2000);  // so long the store did not answer
  cache.end_check(1, *ticket, std::nullopt, now);
  EXPECT_EQ(find("a"), 1);
  EXPECT_FALSE(cache.begin_check(1, now + Milliseconds(999)));
  EXPECT_TRUE(cache.begin_check(1, now + Milliseconds(1000)));
}

TEST_F(ValueCacheTest, what_could_not_be_compared_for_too_long_is_not_used) {
  load("a", 1);
  const auto beginning = now;
  for (const int minutes : {30, 59, 60}) {
    now = beginning + Milliseconds(minutes * 60'000);
    const auto ticket = cache.begin_check(1, now);
    cache.end_check(1, *ticket, std::nullopt, now);
    EXPECT_EQ(find("a"), minutes < 60 ? std::optional(1) : std::nullopt) << minutes;
  }
}

TEST_F(ValueCacheTest, what_cannot_be_read_again_is_known_for_a_while_after_it_was_true) {
  const ValueKey name{0, Kind::only_tenant, {}};
  EXPECT_FALSE(cache.last_known(name, now));
  cache.end_load(name, cache.begin_load(name), value(1), now + Milliseconds(1000), now);
  cache.end_load(name, cache.begin_load(name), fail(ErrorKind::unavailable, "away"), {});
  EXPECT_FALSE(cache.find(name, now));
  const auto known = cache.last_known(name, now + Seconds(3599));
  ASSERT_TRUE(known);
  EXPECT_EQ(*std::static_pointer_cast<const int>(*known), 1);
  EXPECT_FALSE(cache.last_known(name, now + Seconds(3600)));
}

TEST_F(ValueCacheTest, a_value_is_true_when_it_is_used_after_a_comparison_and_not_when_that_failed) {
  check(1);
  cache.end_load(key("a"), cache.begin_load(key("a")), value(1), {}, now);
  now += Seconds(3000);
  check(1);
  EXPECT_EQ(find("a"), 1);
  cache.invalidate(1);
  EXPECT_EQ(find("a"), std::nullopt);
  EXPECT_TRUE(cache.last_known(key("a"), now + Seconds(3599)))
      << "it was true 3000 seconds after it was read";
  now += Seconds(1800);
  const auto failed = cache.begin_check(1, now);
  cache.end_check(1, *failed, std::nullopt, now);
  find("a");
  EXPECT_FALSE(cache.last_known(key("a"), now + Seconds(1800))) << "a failed comparison proves nothing";
}

TEST_F(ValueCacheTest, a_value_with_an_end_is_gone_at_that_millisecond) {
  const ValueKey name{0, Kind::tenant, {"acme"}};
  const auto ticket = cache.begin_load(name);
  cache.end_load(name, ticket, CachedValue(), now + Milliseconds(1000));
  now += Milliseconds(999);
  EXPECT_TRUE(cache.find(name, now)) << "an absence is a value";
  now += Milliseconds(1);
  EXPECT_FALSE(cache.find(name, now));
}

TEST_F(ValueCacheTest, names_of_tenants_are_spread_and_grow_old_together) {
  ValueCache wide{16 * 16, Milliseconds(1000)};
  const auto name_of = [](const std::string& name) { return ValueKey{0, Kind::tenant, {name}}; };
  for (int i = 0; i < 64; ++i) {
    const std::string name = "t" + std::to_string(i);
    wide.end_load(name_of(name), wide.begin_load(name_of(name)), value(i), {});
  }
  EXPECT_EQ(wide.size(), 64u) << "a single shard has room for sixteen";
  EXPECT_TRUE(wide.find(name_of("t7"), now));
  wide.invalidate(0);
  for (int i = 0; i < 64; ++i) EXPECT_FALSE(wide.find(name_of("t" + std::to_string(i)), now)) << i;
}

TEST_F(ValueCacheTest, who_missed_before_somebody_landed_takes_what_landed) {
  load("a", 1);
  const auto late = cache.begin_load(key("a"), now);
  EXPECT_FALSE(late.is_pilot);
  EXPECT_TRUE(late.flight->done);
  cache.invalidate(1);
  EXPECT_TRUE(cache.begin_load(key("a"), now).is_pilot);
}

}  // namespace
}  // namespace durward::adapters
