#include "management/support/replies.h"

#include <gtest/gtest.h>

namespace durward::management {
namespace {

http::Parameters query(std::string_view text) { return *http::parse_form(text); }

TEST(slice, walks_a_list_by_checkpoint_to_its_end) {
  const json::Array all = {1, 2, 3};
  const auto first = slice(all, *endpoint::parse_paging(query("take=2")));
  ASSERT_TRUE(first);
  EXPECT_EQ(json::serialize(first->items), "[1,2]");
  const auto second = slice(all, *endpoint::parse_paging(query("take=2&from=" + *first->next)));
  ASSERT_TRUE(second);
  EXPECT_EQ(json::serialize(second->items), "[3]");
  EXPECT_FALSE(second->next);
}

TEST(slice, a_page_beyond_the_end_is_empty) {
  const auto beyond = slice({1}, *endpoint::parse_paging(query("page=5&per_page=10")));
  ASSERT_TRUE(beyond);
  EXPECT_TRUE(beyond->items.empty());
  EXPECT_EQ(beyond->total, 1);
}

TEST(slice, a_checkpoint_that_was_not_given_out_is_refused) {
  for (const char* from : {"x", "-1", "1x", "99999999999999999999"}) {
    const auto refused = slice({1}, *endpoint::parse_paging(query("take=2&from=" + std::string(from))));
    ASSERT_FALSE(refused) << from;
    EXPECT_EQ(refused.error().code, "invalid_query_string");
  }
}

TEST(words, are_repeated_or_comma_separated) {
  EXPECT_EQ(words(query("a=1,2&b=9&a=3,,"), "a"), (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_TRUE(words(query("a="), "a").empty());
}

TEST(select_fields, always_keeps_what_must_be_shown) {
  const json::Object object = {{"a", 1}, {"b", 2}, {"id", "x"}};
  constexpr std::string_view always[] = {"id"};
  EXPECT_EQ(json::serialize(select_fields(query("fields=a"), object, always)), R"({"a":1,"id":"x"})");
  EXPECT_EQ(json::serialize(select_fields(query("fields=a,id&include_fields=false"), object)), R"({"b":2})");
  EXPECT_EQ(select_fields(query(""), object), object);
}

TEST(remove_items, leaves_the_others_in_order) {
  json::Array items = {1, 2, 3, 2};
  remove_items(items, [](const json::Value& item) { return item.to_number<int>() == 2; });
  EXPECT_EQ(json::serialize(items), "[1,3]");
}

}  // namespace
}  // namespace durward::management
