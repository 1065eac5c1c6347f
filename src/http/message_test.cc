#include "http/message.h"

#include <gtest/gtest.h>

namespace durward::http {
namespace {

TEST(Headers, compare_names_without_case_and_keep_order_and_repetition) {
  Headers headers;
  headers.add("Set-Cookie", "a=1");
  headers.add("X-Other", "x");
  headers.add("set-cookie", "b=2");
  EXPECT_EQ(headers.get("SET-COOKIE"), "a=1");
  EXPECT_EQ(headers.count("Set-Cookie"), 2u);
  EXPECT_TRUE(headers.has("x-other"));
  EXPECT_FALSE(headers.has("x-othe"));
  EXPECT_EQ(headers.get("absent"), "");
}

TEST(Headers, set_replaces_all_of_that_name_in_place) {
  Headers headers;
  headers.add("A", "1");
  headers.add("B", "2");
  headers.add("a", "3");
  headers.set("A", "4");
  std::string seen;
  for (const auto& [name, value] : headers) seen += name + value + " ";
  EXPECT_EQ(seen, "A4 B2 ");
  headers.remove("b");
  EXPECT_EQ(headers.count("B"), 0u);
}

struct FormCase {
  std::string_view text, again;
};

TEST(Form, reads_pairs_in_order_and_writes_them_back) {
  const FormCase cases[] = {
      {"", ""},          {"a=1&b=2&a=3", "a=1&b=2&a=3"},
      {"a", "a="},       {"a=b=c", "a=b%3Dc"},
      {"&&a=1&", "a=1"}, {"q=x+y%20z&%C3%A4=%26", "q=x%20y%20z&%C3%A4=%26"},
      {"=v", "=v"},
  };
  for (const auto& c : cases) {
    const auto form = parse_form(c.text);
    ASSERT_TRUE(form) << c.text;
    EXPECT_EQ(encode_form(*form), c.again);
  }
}

TEST(Form, refuses_what_it_cannot_read_exactly) {
  std::string many;
  for (int i = 0; i < 1001; ++i) many += "a=1&";
  for (const std::string& text :
       {std::string("a=%"), std::string("a=%4"), std::string("a=%zz"), std::string("a=%00"),
        std::string("a=%ff"), std::string("%c0%af=1"), many}) {
    const auto form = parse_form(text);
    ASSERT_FALSE(form) << text.substr(0, 20);
    EXPECT_EQ(form.error().kind, ErrorKind::invalid);
    EXPECT_EQ(form.error().code, "invalid_request");
  }
}

TEST(Parameters, give_the_first_value_a_fallback_and_a_count) {
  const auto form = parse_form("a=1&a=2&b=");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->get("a"), "1");
  EXPECT_EQ(form->count("a"), 2u);
  EXPECT_EQ(form->get_or("b", "x"), "");
  EXPECT_EQ(form->get_or("c", "x"), "x");
  EXPECT_FALSE(form->get("c"));
  EXPECT_FALSE(form->has("c"));
}

TEST(Responses, carry_their_type_and_reason) {
  EXPECT_EQ(json_response(201, "{}").headers.get("content-type"), "application/json; charset=utf-8");
  EXPECT_EQ(redirect(302, "/x").headers.get("Location"), "/x");
  EXPECT_EQ(reason_phrase(429), "Too Many Requests");
  EXPECT_EQ(reason_phrase(599), "Unknown");
  EXPECT_EQ(to_string(Method::delete_), "DELETE");
}

}  // namespace
}  // namespace durward::http
