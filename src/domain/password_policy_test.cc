#include "domain/password_policy.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace durward::domain {
namespace {

PasswordPolicy policy_of(std::string_view options) {
  return PasswordPolicy::from_options(json::parse_object(options).value());
}
std::string refusal(std::string_view options, std::string_view password, json::Object profile = {}) {
  auto checked = check_password(policy_of(options), password, profile);
  return checked ? "" : checked.error().code;
}

TEST(password_policy, levels_ask_for_what_they_say) {
  struct Case {
    const char *level, *password;
    bool accepted;
  };
  const Case cases[] = {{"none", "x", true},
                        {"none", "", false},
                        {"low", "abcde", false},
                        {"low", "abcdef", true},
                        {"fair", "abcdefgh", false},
                        {"fair", "Abcdefg1", true},
                        {"fair", "Abcdef!!", false},
                        {"good", "abcdefg1", false},
                        {"good", "Abcdef!!", true},
                        {"good", "Abc1!", false},
                        {"excellent", "Abcdef1!", false},
                        {"excellent", "Abcdefgh1!", true},
                        {"excellent", "Abbbcdefg1!", false}};
  for (const auto& c : cases)
    EXPECT_EQ(refusal(json::serialize(json::Object{{"passwordPolicy", c.level}}), c.password).empty(),
              c.accepted)
        << c.level << " " << c.password;
}

TEST(password_policy, a_connection_without_a_policy_is_good) {
  EXPECT_EQ(refusal("{}", "abcdefgh"), "PasswordStrengthError");
  EXPECT_EQ(refusal(R"({"passwordPolicy":null})", "Abcdefg1"), "");
}

TEST(password_policy, the_length_option_wins_over_the_level) {
  constexpr auto options = R"({"passwordPolicy":"low","password_complexity_options":{"min_length":9}})";
  EXPECT_EQ(refusal(options, "abcdefgh"), "PasswordStrengthError");
  EXPECT_EQ(refusal(options, "abcdefghi"), "");
}

TEST(password_policy, length_counts_characters_and_the_limit_counts_bytes) {
  EXPECT_EQ(refusal(R"({"passwordPolicy":"low"})", "äöüäö"), "PasswordStrengthError");
  EXPECT_EQ(refusal(R"({"passwordPolicy":"low"})", "äöüäöü"), "");
  EXPECT_EQ(refusal(R"({"passwordPolicy":"low"})", std::string(72, 'x')), "");
  EXPECT_EQ(refusal(R"({"passwordPolicy":"low"})", std::string(73, 'x')), "PasswordStrengthError");
  EXPECT_EQ(refusal(R"({"password_options":{"complexity":{"min_length":1,"character_types":[],
                       "max_length_exceeded":"truncate"}}})",
                    std::string(73, 'x')),
            "");
}

TEST(password_policy, a_nul_byte_is_refused) {
  EXPECT_EQ(refusal(R"({"passwordPolicy":"none"})", std::string("a\0b", 3)), "PasswordStrengthError");
}

TEST(password_policy, common_words_are_refused_when_asked_also_with_an_ending) {
  constexpr auto options = R"({"passwordPolicy":"none",
    "password_dictionary":{"enable":true,"dictionary":["Acme Corp"]}})";
  for (auto word : {"password", "PassWord123", "qwerty", "123456789", "letmein!", "acme corp", "Dragon2024"})
    EXPECT_EQ(refusal(options, word), "PasswordDictionaryError") << word;
  EXPECT_EQ(refusal(options, "correct horse battery"), "");
  EXPECT_EQ(refusal(R"({"passwordPolicy":"none"})", "password"), "");
  EXPECT_GE(common_password_count(), 10000u);
}

TEST(password_policy, personal_data_are_refused_when_asked) {
  constexpr auto options = R"({"passwordPolicy":"none","password_no_personal_info":{"enable":true}})";
  const json::Object profile{{"email", "Jane@example.com"},
                             {"nickname", "jj"},
                             {"user_metadata", json::Object{{"last", "Doegood"}}}};
  EXPECT_EQ(refusal(options, "my-jane-word", profile), "PasswordNoUserInfoError");
  EXPECT_EQ(refusal(options, "DOEGOOD77", profile), "PasswordNoUserInfoError");
  EXPECT_EQ(refusal(options, "ajja example.com", profile), "");
}

TEST(password_policy, flexible_options_win) {
  constexpr auto options = R"({"passwordPolicy":"excellent","password_options":{"complexity":{"min_length":4,
    "character_types":["number","lowercase"],"identical_characters":"block","sequential_characters":"block"},
    "history":{"active":true,"size":7},"dictionary":{"active":true,"custom":["zzz9x"]}}})";
  EXPECT_EQ(refusal(options, "a1x9"), "");
  EXPECT_EQ(refusal(options, "axyq"), "PasswordStrengthError");
  EXPECT_EQ(refusal(options, "a111"), "PasswordStrengthError");
  EXPECT_EQ(refusal(options, "x123y"), "PasswordStrengthError");
  EXPECT_EQ(refusal(options, "x321y"), "PasswordStrengthError");
  EXPECT_EQ(policy_of(options).history, 7);
}

TEST(password_policy, the_strength_body_names_each_rule_and_formats_match) {
  const auto body = password_strength_body(policy_of(R"({"passwordPolicy":"excellent"})"), "abcdefghijk");
  EXPECT_EQ(json::string_or(body, "code"), "invalid_password");
  const auto& description = body.at("description").get_object();
  EXPECT_FALSE(json::boolean_or(description, "verified", true));
  const auto& rules = *json::array(description, "rules");
  ASSERT_EQ(rules.size(), 3u);
  EXPECT_EQ(json::string_or(rules[0].get_object(), "code"), "lengthAtLeast");
  EXPECT_TRUE(json::boolean_or(rules[0].get_object(), "verified", false));
  EXPECT_EQ(json::string_or(rules[1].get_object(), "code"), "containsAtLeast");
  EXPECT_EQ(json::array(rules[1].get_object(), "items")->size(), 4u);
  EXPECT_EQ(json::string_or(rules[2].get_object(), "code"), "identicalChars");
  for (const auto& item : rules) {
    const auto message = json::string_or(item.get_object(), "message");
    EXPECT_EQ(size_t(std::ranges::count(message, '%')), json::array(item.get_object(), "format")->size());
  }
  EXPECT_NE(json::string_or(body, "policy").find("* Use 10 or more characters"), std::string::npos);
}

TEST(password_policy, fair_lists_what_each_password_must_hold) {
  const auto rules = password_rules(policy_of(R"({"passwordPolicy":"fair"})"), "abcDEF12");
  EXPECT_TRUE(json::boolean_or(rules, "verified", false));
  EXPECT_EQ(json::string_or((*json::array(rules, "rules"))[1].get_object(), "code"), "shouldContain");
}

}  // namespace
}  // namespace durward::domain
