#include "extensions/script_cache.h"

#include <gtest/gtest.h>

#include "extensions/testing/script_world.h"

namespace durward::extensions {
namespace {

constexpr TimePoint now = testing::start;

Command set(std::string key, std::string value, int64_t life_ms = 60'000) {
  return {"cache.set", {json::Value(key), json::Value(value), to_unix_ms(now) + life_ms}};
}
Command remove(std::string key) { return {"cache.delete", {json::Value(key)}}; }
json::Object after(std::vector<Command> commands, json::Object entries = {}) {
  change_cache(entries, commands, now);
  return entries;
}

TEST(ScriptCache, entries_are_set_replaced_and_deleted_in_order) {
  const auto entries = after({set("a", "1"), set("b", "2"), set("a", "3"), remove("b"), remove("unknown")});
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(json::string_or(entries.at("a").as_object(), "value"), "3");
}

TEST(ScriptCache, nothing_lives_longer_than_a_day_or_in_the_past) {
  const auto entries = after({set("a", "1", int64_t(48) * 3600 * 1000), set("b", "1", 0), set("c", "1", -1)});
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(json::integer_or(entries.at("a").as_object(), "expires_at", 0),
            to_unix_ms(now) + int64_t(24) * 3600 * 1000);
}

TEST(ScriptCache, an_entry_that_does_not_fit_is_left_out) {
  EXPECT_TRUE(after({set(std::string(65, 'k'), "1")}).empty());
  EXPECT_TRUE(after({set("k", std::string(4097, 'v'))}).empty());
  EXPECT_EQ(after({set("a", std::string(4096, 'v')), set("b", std::string(4096, 'v'))}).size(), 1u)
      << "8192 bytes with the keys";
}

TEST(ScriptCache, there_are_twenty_entries_and_known_ones_may_still_change) {
  json::Object entries;
  for (int i = 0; i < 20; ++i) entries = after({set(std::to_string(i), "1")}, std::move(entries));
  entries = after({set("20", "1"), set("3", "changed")}, std::move(entries));
  EXPECT_EQ(entries.size(), 20u);
  EXPECT_EQ(json::string_or(entries.at("3").as_object(), "value"), "changed");
}

TEST(ScriptCache, is_of_one_tenant_and_trigger_and_forgets_what_has_expired) {
  testing::World world;
  const auto entries = after({set("short", "1", 10), set("long", "2", 60'000)});
  testing::finish(write_cache(world.services, {1}, "post-login", entries));
  EXPECT_EQ(run_sync(read_cache(world.services, {1}, "post-login", now)).size(), 2u);
  EXPECT_EQ(run_sync(read_cache(world.services, {1}, "post-login", now + Milliseconds(10))).size(), 1u);
  EXPECT_TRUE(run_sync(read_cache(world.services, {2}, "post-login", now)).empty());
  EXPECT_TRUE(run_sync(read_cache(world.services, {1}, "credentials-exchange", now)).empty());
  testing::finish(write_cache(world.services, {1}, "post-login", {}));
  EXPECT_TRUE(world.cache.values.empty());
}

TEST(ScriptCache, what_is_no_cache_is_read_as_an_empty_one) {
  testing::World world;
  for (const std::string text : {"", "[]", "{", R"({"a":1})", R"({"a":{"value":1,"expires_at":9e18}})"}) {
    world.cache.values["actions-cache:1:post-login"] = text;
    EXPECT_TRUE(run_sync(read_cache(world.services, {1}, "post-login", now)).empty()) << text;
  }
}

}  // namespace
}  // namespace durward::extensions
