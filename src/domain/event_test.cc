#include "domain/event.h"

#include <gtest/gtest.h>

namespace durward::domain {
namespace {

TEST(Event, survives_its_way_through_json) {
  const Event event{.offset = 9,
                    .id = INT64_MAX,
                    .tenant = {3},
                    .type = "user.created",
                    .time = *parse_iso8601("2026-01-31T09:30:00.123Z"),
                    .data = {{"object", json::Object{{"user_id", "auth0|1"}}}}};
  const auto back = Event::from_json(event.to_json());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->to_json(), event.to_json());
  EXPECT_EQ(json::string_or(event.to_json(), "id"), "9223372036854775807");
}

TEST(Event, anything_else_is_refused) {
  const Event event{.offset = 1, .id = 1, .tenant = {1}, .type = "a.b", .time = {}, .data = {}};
  for (const char* member : {"offset", "id", "tenant", "type", "time", "data"}) {
    auto broken = event.to_json();
    broken[member] = json::Array{};
    EXPECT_EQ(Event::from_json(broken).error().code, "invalid_event") << member;
    broken.erase(member);
    EXPECT_FALSE(Event::from_json(broken)) << member;
  }
  auto broken = event.to_json();
  broken["id"] = "12x";
  EXPECT_FALSE(Event::from_json(broken));
}

TEST(Event, patterns_choose_types_by_words) {
  const struct {
    std::string_view pattern, type;
    bool heard;
  } rows[] = {
      {">", "user.created", true},
      {"user.created", "user.created", true},
      {"user.created", "user.creat", false},
      {"user.*", "user.created", true},
      {"user.*", "user", false},
      {"user.*", "user.a.b", false},
      {"user.>", "user.a.b", true},
      {"user.>", "user", false},
      {"*.created", "user.created", true},
      {"*", "user.created", false},
      {"users.*", "user.created", false},
      {"user", "user.created", false},
  };
  for (const auto& row : rows)
    EXPECT_EQ(matches(row.pattern, row.type), row.heard) << row.pattern << row.type;
}

TEST(Event, what_is_no_pattern_is_refused) {
  for (std::string_view good : {">", "*", "user.*", "user.>", "*.created", "refresh_token.revoked", "a.b.c"})
    EXPECT_TRUE(is_event_pattern(good)) << good;
  for (std::string_view bad :
       {"", ".", "user.", ".user", "user..x", ">.user", "us*", "User.created", "a b", "a>"})
    EXPECT_FALSE(is_event_pattern(bad)) << bad;
  EXPECT_FALSE(is_event_pattern(std::string(129, 'a')));
}

}  // namespace
}  // namespace durward::domain
