#include "endpoint/paging.h"

#include <gtest/gtest.h>

namespace durward::endpoint {
namespace {

http::Parameters query(std::string_view text) { return *http::parse_form(text); }

TEST(paging, without_parameters_a_list_is_plain_with_fifty_a_page) {
  const auto paging = parse_paging(query(""));
  ASSERT_TRUE(paging);
  EXPECT_EQ(paging->shape, ListShape::plain);
  EXPECT_EQ(paging->offset(), 0);
  EXPECT_EQ(paging->limit(), 50);
  EXPECT_EQ(json::serialize(render_list(*paging, "things", {1, 2}, {}, {})), "[1,2]");
}

TEST(paging, totals_wrap_the_list) {
  const auto paging = parse_paging(query("page=2&per_page=10&include_totals=true"));
  ASSERT_TRUE(paging);
  EXPECT_EQ(json::serialize(render_list(*paging, "things", {1}, 21, {})),
            R"({"start":20,"limit":10,"total":21,"things":[1]})");
}

TEST(paging, take_asks_for_checkpoints_and_overrules_totals) {
  const auto paging = parse_paging(query("take=5&from=abc&include_totals=true"));
  ASSERT_TRUE(paging);
  EXPECT_EQ(paging->shape, ListShape::checkpoint);
  EXPECT_EQ(paging->limit(), 5);
  EXPECT_EQ(paging->from, "abc");
  EXPECT_EQ(json::serialize(render_list(*paging, "things", {1}, {}, "n")), R"({"things":[1],"next":"n"})");
  EXPECT_EQ(json::serialize(render_list(*paging, "things", {}, {}, {})), R"({"things":[]})");
}

TEST(paging, lists_that_are_always_objects_need_no_include_totals) {
  EXPECT_EQ(parse_paging(query(""), {.always_object = true})->shape, ListShape::totals);
}

TEST(paging, lists_without_checkpoints_ignore_take) {
  EXPECT_EQ(parse_paging(query("take=5"), {.checkpoint = false})->shape, ListShape::plain);
}

TEST(paging, what_does_not_fit_is_refused) {
  for (const char* text : {"page=-1", "page=x", "per_page=101", "per_page=1.5", "take=0", "take=101",
                           "include_totals=maybe", "page=99999999999999999999"}) {
    const auto paging = parse_paging(query(text));
    ASSERT_FALSE(paging) << text;
    EXPECT_EQ(paging.error().code, "invalid_query_string") << text;
  }
}

TEST(paging, pages_beyond_the_bound_are_refused) {
  EXPECT_TRUE(parse_paging(query("page=9&per_page=100"), {.records_max = 1000}));
  const auto beyond = parse_paging(query("page=10&per_page=100"), {.records_max = 1000});
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, "invalid_paging");
}

}  // namespace
}  // namespace durward::endpoint
