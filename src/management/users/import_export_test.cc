#include "management/users/import_export.h"

#include <gtest/gtest.h>

namespace durward::management::users {
namespace {

constexpr auto bcrypt = "$2b$10$C6UzMDM.H6dfI/f/IKcEeO7ZbqHfRkW1R5c1hZ2yC3kZ8s1mZ3nqG";

json::Object object(std::string_view text) { return json::parse_object(text).value(); }
std::string refusal(std::string_view text, bool seed = false) {
  auto parsed = parse_import_user(object(text), seed);
  return parsed ? "" : parsed.error().code;
}

TEST(user_import, a_user_with_a_bcrypt_hash_is_taken) {
  json::Object source = object(R"({"email":"a@example.com","email_verified":true,"user_id":"auth0|42",
    "given_name":"A","blocked":true,"app_metadata":{"plan":"pro"}})");
  source["password_hash"] = bcrypt;
  const auto import = parse_import_user(source, false).value();
  EXPECT_EQ(import.user.user_id, "42");
  EXPECT_EQ(import.user.password_hash, bcrypt);
  EXPECT_TRUE(import.user.email_verified);
  EXPECT_EQ(json::string_or(import.user.attributes, "given_name"), "A");
}

TEST(user_import, what_an_import_must_not_hold_is_refused) {
  EXPECT_EQ(refusal(R"({"email":"a@example.com","unknown":1})"), "FORMAT");
  EXPECT_EQ(refusal(R"({"email":"no mail"})"), "FORMAT");
  EXPECT_EQ(refusal(R"({"given_name":"A"})"), "ANY_OF_MISSING");
  EXPECT_EQ(refusal(R"({"email":"a@example.com","password":"x"})"), "NOT_PASSED");
  EXPECT_EQ(refusal(R"({"email":"a@example.com","password":"x"})", true), "");
  EXPECT_EQ(refusal(R"({"email":"a@example.com","password_hash":"md5"})"), "PATTERN");
  EXPECT_EQ(refusal(R"({"email":"a@example.com","mfa_factors":[{"totp":{"secret":"A"}}]})"),
            "MFA_FACTORS_FAILED");
  EXPECT_EQ(refusal(R"({"email":"a@example.com","app_metadata":{"user_id":1}})"), "FORMAT");
  EXPECT_EQ(refusal(R"({"email":"a@example.com","user_metadata":{"a.b":1}})"), "FORMAT");
  json::Object costly{{"email", "a@example.com"},
                      {"password_hash", "$2b$31$" + std::string(bcrypt).substr(7)}};
  EXPECT_EQ(parse_import_user(costly, false).error().code, "MAXIMUM");
  json::Object both{{"email", "a@example.com"}, {"password_hash", bcrypt}, {"password", "x"}};
  EXPECT_EQ(parse_import_user(both, true).error().code, "NOT_PASSED");
}

TEST(user_import, a_file_is_an_array_or_one_object_a_line) {
  EXPECT_EQ(parse_import_file(R"([{"email":"a"},{"email":"b"}])").value().size(), 2u);
  EXPECT_EQ(parse_import_file("{\"email\":\"a\"}\n\n{\"email\":\"b\"}\r\n").value().size(), 2u);
  EXPECT_NE(parse_import_file("{}\n{").error().message.find("Line 2"), std::string::npos);
  EXPECT_EQ(parse_import_file("[1]").error().code, "OBJECT_REQUIRED");
  EXPECT_TRUE(parse_import_file("").value().empty());
}

TEST(user_import, an_export_can_be_read_again_by_its_operator) {
  domain::User user{.user_id = "auth0|1",
                    .profile = {{"email", "a@example.com"}},
                    .identities = {{.connection = "db", .provider = "auth0", .user_id = "1"}},
                    .logins_count = 3};
  const auto line = export_user(user, {}, bcrypt);
  EXPECT_EQ(parse_import_user(line, true).value().user.user_id, "1");
  EXPECT_EQ(parse_import_user(line, false).error().code, "NOT_PASSED");
  const std::string other = "$md5$$kAFQmDzST7DWlj99KOF/cg";
  EXPECT_EQ(parse_import_user(export_user(user, {}, other), true).value().user.password_hash, other);
  EXPECT_EQ(parse_import_user(export_user(user, {}, "$md5$$AAAA"), true).error().code, "PATTERN");
  EXPECT_EQ(parse_import_user({{"email", "a@example.com"}, {"password_hash", other}}, false).error().code,
            "PATTERN");
}

TEST(user_export, fields_follow_paths_and_names) {
  domain::User user{.user_id = "auth0|1",
                    .profile = {{"email", "a@example.com"}, {"user_metadata", json::Object{{"plan", "pro"}}}},
                    .identities = {{.connection = "db", .provider = "auth0", .user_id = "1"}}};
  const ExportField fields[] = {{"email", ""},
                                {"user_metadata.plan", "plan"},
                                {"identities[0].connection", ""},
                                {"identities[7].x", ""}};
  EXPECT_EQ(json::serialize(export_user(user, fields)),
            R"({"email":"a@example.com","plan":"pro","identities[0].connection":"db"})");
  EXPECT_FALSE(export_user(user).contains("password_hash"));
  EXPECT_EQ(json::string_or(export_user(user, {}, bcrypt), "password_hash"), bcrypt);
}

}  // namespace
}  // namespace durward::management::users
