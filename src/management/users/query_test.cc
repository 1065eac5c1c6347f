#include "management/users/query.h"

#include <gtest/gtest.h>

namespace durward::management::users {
namespace {

std::string shown(std::string_view q) {
  auto parsed = parse_user_query(q);
  if (!parsed) return "refused: " + parsed.error().message;
  std::string out;
  for (const auto& c : *parsed)
    out += (out.empty() ? "" : " & ") + std::string(c.negated ? "not " : "") + c.field + "=" + c.value +
           (c.prefix ? "*" : "");
  return out;
}

TEST(user_query, exact_quoted_and_prefix_values_are_understood) {
  EXPECT_EQ(shown("email:\"jane@exampleco.com\""), "email=jane@exampleco.com");
  EXPECT_EQ(shown("name:john*"), "name=john*");
  EXPECT_EQ(shown(R"(name:John\ Doe)"), "name=John Doe");
  EXPECT_EQ(shown(R"(user_id:"auth0|5e")"), "user_id=auth0|5e");
  EXPECT_EQ(shown(R"(name:"a \"b\" *")"), "name=a \"b\" *");
  EXPECT_EQ(shown("user_metadata.display.fontSize:13"), "user_metadata.display.fontSize=13");
}

TEST(user_query, and_not_and_plain_parentheses_join) {
  EXPECT_EQ(shown("app_metadata.plan:\"pro\" AND NOT blocked:true"),
            "app_metadata.plan=pro & not blocked=true");
  EXPECT_EQ(shown("(email_verified:true && -name:jo*) AND identities.connection:\"x\""),
            "email_verified=true & not name=jo* & identities.connection=x");
}

TEST(user_query, nothing_and_a_star_mean_all) {
  EXPECT_EQ(shown(""), "");
  EXPECT_EQ(shown(" *"), "");
  EXPECT_EQ(shown("*:*"), "");
}

TEST(user_query, what_the_store_cannot_answer_is_refused_by_name) {
  const std::pair<const char*, const char*> cases[] = {
      {"name:a OR name:b", "OR is not supported"},
      {"name:a name:b", "without AND"},
      {"name:(\"a\" OR \"b\")", "a group of values for name"},
      {"logins_count:[1 TO 2]", "a range for logins_count"},
      {"_exists_:email", "_exists_"},
      {"name:*ane*", "letters before"},
      {"name:a*b", "at the end"},
      {"email.domain:\"x.com\"", "field email.domain"},
      {"jane", "without a field"},
      {"user_metadata.a:b*", "wildcards"},
      {"blocked:maybe", "true or false"},
      {"NOT (name:a AND name:b)", "NOT before parentheses"},
      {"name:a~", "unexpected '~'"},
      {"name:\"a", "missing '\"'"},
      {"name:", "missing value"},
      {"(name:a", "missing ')'"},
      {"name:a)", "unexpected ')'"},
      {"name:a AND", "unexpected end"},
  };
  for (const auto& [q, part] : cases)
    EXPECT_NE(shown(q).find(part), std::string::npos) << q << " " << shown(q);
  EXPECT_EQ(parse_user_query("jane").error().code, "invalid_query_string");
}

TEST(user_query, depth_and_size_are_bounded) {
  EXPECT_NE(shown(std::string(50, '(') + "name:a" + std::string(50, ')')).find("too many parentheses"),
            std::string::npos);
  EXPECT_NE(shown(std::string(5000, 'a')).find("longer than"), std::string::npos);
}

TEST(user_query, sort_takes_known_fields_and_a_direction) {
  ports::UserQuery query;
  EXPECT_TRUE(parse_user_sort("last_login:-1", query));
  EXPECT_EQ(query.sort_field, "last_login");
  EXPECT_TRUE(query.descending);
  EXPECT_FALSE(parse_user_sort("last_login", query));
  EXPECT_FALSE(parse_user_sort("user_metadata.x:1", query));
}

}  // namespace
}  // namespace durward::management::users
