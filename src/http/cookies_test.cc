#include "http/cookies.h"

#include <gtest/gtest.h>

namespace durward::http {
namespace {

Cookies parse(std::string_view field) {
  Headers headers;
  headers.add("Cookie", std::string(field));
  return Cookies::parse(headers);
}

TEST(Cookies, are_read_by_name) {
  const Cookies cookies = parse("auth0=abc-_.~; b=\"q\"; empty=; d=x=y");
  EXPECT_EQ(cookies.get("auth0"), "abc-_.~");
  EXPECT_EQ(cookies.get("b"), "\"q\"");
  EXPECT_EQ(cookies.get("empty"), "");
  EXPECT_EQ(cookies.get("d"), "x=y");
  EXPECT_FALSE(cookies.get("AUTH0"));
}

TEST(Cookies, leave_out_pairs_outside_the_grammar) {
  EXPECT_EQ(parse("a; =b; c d=e; f=g h; i=\"; j=\\; k=l,m; \xc3\xa4=1; n=\x01; ok=1").size(), 1u);
}

TEST(Cookies, count_repetitions_and_stop_at_the_limit) {
  EXPECT_EQ(parse("a=1; a=2").count("a"), 2u);
  std::string many;
  for (int i = 0; i < 200; ++i) many += "a=1;";
  EXPECT_EQ(parse(many).size(), 100u);
}

TEST(SetCookie, is_safe_by_default) {
  EXPECT_EQ(format({.name = "__Host-s", .value = "v", .max_age = Seconds(60)}),
            "__Host-s=v; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax");
  EXPECT_EQ(format({.name = "c",
                    .value = "",
                    .path = "/u",
                    .domain = "a.test",
                    .http_only = false,
                    .secure = false,
                    .same_site = SameSite::strict}),
            "c=; Path=/u; Domain=a.test; SameSite=Strict");
}

TEST(SetCookie, ends_a_cookie_with_the_same_attributes) {
  Response response;
  expire_cookie(response, {.name = "c", .value = "v", .same_site = SameSite::none});
  EXPECT_EQ(response.headers.get("Set-Cookie"), "c=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None");
}

TEST(SetCookie, refuses_what_a_browser_would_drop_or_misread) {
  const SetCookie wrong[] = {
      {.name = "", .value = "v"},
      {.name = "a b", .value = "v"},
      {.name = "a", .value = "v;w"},
      {.name = "a", .value = "v\r\nX: y"},
      {.name = "a", .value = "v", .path = "x"},
      {.name = "a", .value = "v", .path = "/;x"},
      {.name = "a", .value = "v", .domain = "a\n"},
      {.name = "__Host-a", .value = "v", .path = "/x"},
      {.name = "__Host-a", .value = "v", .domain = "a.test"},
      {.name = "__Host-a", .value = "v", .secure = false},
      {.name = "__Secure-a", .value = "v", .secure = false},
      {.name = "a", .value = "v", .secure = false, .same_site = SameSite::none},
  };
  for (const auto& cookie : wrong) EXPECT_THROW(format(cookie), std::logic_error) << cookie.name;
}

}  // namespace
}  // namespace durward::http
