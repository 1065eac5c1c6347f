#include "management/logs/logs.h"

#include <gtest/gtest.h>

namespace durward::management::logs {
namespace {

ports::LogQuery parsed(std::string_view q) {
  ports::LogQuery query;
  const auto result = parse_log_query(q, query);
  EXPECT_TRUE(result) << q << ": " << (result ? "" : result.error().message);
  return query;
}
TimePoint at(std::string_view text) { return parse_iso8601(text).value(); }

TEST(log_query, exact_values_are_joined_by_and) {
  const auto query = parsed(R"(type:"sapi" AND client_id:abc AND user_id:auth0\|1)");
  EXPECT_EQ(query.type, "sapi");
  EXPECT_EQ(query.client_id, "abc");
  EXPECT_EQ(query.user_id, "auth0|1");
}

TEST(log_query, a_date_names_a_whole_unit) {
  auto query = parsed("date:[2018-12 TO 2019-01-01}");
  EXPECT_EQ(query.since, at("2018-12-01T00:00:00.000Z"));
  EXPECT_EQ(query.until, at("2019-01-01T00:00:00.000Z"));
  query = parsed("date:{2018-12-10 TO 2018-12-31]");
  EXPECT_EQ(query.since, at("2018-12-11T00:00:00.000Z"));
  EXPECT_EQ(query.until, at("2019-01-01T00:00:00.000Z"));
  query = parsed("date:[* TO 2018]");
  EXPECT_FALSE(query.since);
  EXPECT_EQ(query.until, at("2019-01-01T00:00:00.000Z"));
}

TEST(log_query, what_the_store_cannot_answer_is_refused) {
  for (auto q : {"type:f*", "type:(a OR b)", "NOT type:s", "type:s OR type:f", "jane", "details:x", "type:",
                 "type:\"s", "date:2018", "date:[2018-13 TO *]", "type:a type:b", "type:a AND type:b"}) {
    ports::LogQuery query;
    const auto result = parse_log_query(q, query);
    ASSERT_FALSE(result) << q;
    EXPECT_EQ(result.error().code, "invalid_query_string");
  }
}

TEST(log_query, logs_sort_by_date_only) {
  ports::LogQuery query;
  EXPECT_TRUE(parse_log_sort("date:1", query));
  EXPECT_FALSE(query.newest_first);
  EXPECT_FALSE(parse_log_sort("type:1", query));
}

TEST(log_record, usual_members_are_null_when_there_is_nothing_to_say) {
  const auto shown = render({.id = 7, .type = "s"});
  EXPECT_TRUE(shown.at("connection").is_null());
  EXPECT_TRUE(shown.at("location_info").is_null());
  EXPECT_EQ(shown.at("type").get_string(), "s");
}

}  // namespace
}  // namespace durward::management::logs
