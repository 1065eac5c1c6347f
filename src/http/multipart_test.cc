#include "http/multipart.h"

#include <gtest/gtest.h>

namespace durward::http {
namespace {

constexpr std::string_view type = "multipart/form-data; boundary=xyz";

std::string part(std::string_view head, std::string_view body) {
  return "--xyz\r\n" + std::string(head) + "\r\n\r\n" + std::string(body) + "\r\n";
}
std::string named(std::string_view name, std::string_view body) {
  return part("Content-Disposition: form-data; name=\"" + std::string(name) + "\"", body);
}

TEST(Multipart, reads_fields_and_files) {
  const std::string body = named("connection_id", "con_1") +
                           part(
                               "content-disposition: form-data; name=users; filename=\"a "
                               "\\\"b\\\".json\"\r\nContent-Type: application/json",
                               "[{\r\n--x\r\n}]\r\n") +
                           named("empty", "") + "--xyz--\r\nignored";
  const auto parts = parse_multipart("Multipart/Form-Data; charset=utf-8; boundary=\"xyz\"", body);
  ASSERT_TRUE(parts) << parts.error().message;
  ASSERT_EQ(parts->size(), 3u);
  EXPECT_EQ((*parts)[0].name, "connection_id");
  EXPECT_EQ((*parts)[0].body, "con_1");
  EXPECT_FALSE((*parts)[0].filename);
  EXPECT_EQ((*parts)[1].filename, "a \"b\".json");
  EXPECT_EQ((*parts)[1].content_type, "application/json");
  EXPECT_EQ((*parts)[1].body, "[{\r\n--x\r\n}]\r\n");
  EXPECT_EQ((*parts)[2].body, "");
}

TEST(Multipart, an_empty_form_has_no_parts) { EXPECT_TRUE(parse_multipart(type, "--xyz--\r\n")->empty()); }

TEST(Multipart, refuses_content_types_without_a_usable_boundary) {
  for (const std::string& wrong :
       {std::string("application/json"), std::string("multipart/form-data"),
        std::string("multipart/form-data; boundary="), std::string("multipart/form-data; boundary=\"\""),
        std::string("multipart/form-data; boundary=\"a"),
        "multipart/form-data; boundary=" + std::string(71, 'a'),
        std::string("multipart/mixed; boundary=xyz")})
    EXPECT_FALSE(parse_multipart(wrong, named("a", "b") + "--xyz--")) << wrong;
}

TEST(Multipart, refuses_bodies_outside_the_grammar) {
  std::string many;
  for (int i = 0; i < 21; ++i) many += named("a", "b");
  const std::string wrong[] = {
      "",
      "preamble\r\n" + named("a", "b") + "--xyz--",
      named("a", "b"),
      "--xyz\r\nno colon\r\n\r\nb\r\n--xyz--",
      "--xyz\r\nContent-Type: text/plain\r\n\r\nb\r\n--xyz--",
      part("Content-Disposition: attachment; name=a", "b") + "--xyz--",
      part("Content-Disposition: form-data", "b") + "--xyz--",
      part("Content-Disposition: form-data; name=\"a", "b") + "--xyz--",
      part("Content-Disposition: form-data; name=\"\xff\"", "b") + "--xyz--",
      part("Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b", "b") +
          "--xyz--",
      part("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64", "b") + "--xyz--",
      part("Content-Disposition: form-data; name=a\r\nX: " + std::string(9000, 'x'), "b") + "--xyz--",
      "--xyzz\r\n\r\n\r\nb\r\n--xyz--",
      many + "--xyz--",
  };
  for (const auto& body : wrong) {
    const auto parts = parse_multipart(type, body);
    ASSERT_FALSE(parts) << body.substr(0, 80);
    EXPECT_EQ(parts.error().code, "invalid_request");
  }
}

}  // namespace
}  // namespace durward::http
