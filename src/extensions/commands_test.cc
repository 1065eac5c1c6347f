#include "extensions/commands.h"

#include <gtest/gtest.h>

#include <map>

namespace durward::extensions {
namespace {

json::Value command(std::string_view name, json::Array args) {
  return json::Object{{"name", name}, {"args", std::move(args)}};
}

// What a row takes in one place, and what it does not.
struct Sample {
  json::Value right, wrong;
};
Sample sample(char kind) {
  const std::map<char, Sample> samples = {{'t', {"text", 7}},
                                          {'u', {"https://shop.example/?a=b", "javascript:alert(1)"}},
                                          {'n', {1'700'000'000'000, "soon"}},
                                          {'o', {json::Object{{"type", "otp"}}, json::Array()}},
                                          {'a', {json::Array{json::Object()}, json::Object()}},
                                          {'l', {json::Array{"read:a", "read:b"}, json::Array{"read:a", 1}}},
                                          {'v', {json::Array{1, "x", nullptr}, nullptr}}};
  return samples.at(char(std::tolower(kind)));
}
json::Array right_arguments(const CommandRow& row) {
  json::Array out;
  for (const char kind : row.args) out.push_back(sample(kind).right);
  return out;
}
std::string trigger_of(const CommandRow& row) {
  return std::string(row.triggers.substr(0, row.triggers.find(' ')));
}
std::string refusal(std::string_view trigger, const json::Value& said) {
  const auto judged = judge(trigger, said);
  return judged ? "" : judged.error().code;
}

TEST(Commands, every_row_takes_its_arguments_and_refuses_one_that_is_wrong) {
  for (const auto& row : command_rows()) {
    const std::string trigger = trigger_of(row);
    const auto right = right_arguments(row);
    EXPECT_EQ(refusal(trigger, command(row.name, right)), "") << row.name;
    for (size_t i = 0; i < row.args.size(); ++i) {
      if (std::tolower(row.args[i]) == 'v') continue;
      auto wrong = right;
      wrong[i] = sample(row.args[i]).wrong;
      EXPECT_EQ(refusal(trigger, command(row.name, wrong)), "invalid_command") << row.name << " " << i;
    }
  }
}

TEST(Commands, what_may_be_absent_is_null_and_the_rest_is_owed) {
  for (const auto& row : command_rows()) {
    if (row.args.empty()) continue;
    auto args = right_arguments(row);
    args.pop_back();
    const char last = row.args.back();
    const bool optional = last >= 'A' && last <= 'Z';
    const auto judged = judge(trigger_of(row), command(row.name, args));
    ASSERT_EQ(judged.has_value(), optional) << row.name;
    if (judged) {
      EXPECT_TRUE(judged->args.back().is_null()) << row.name;
    }
  }
}

TEST(Commands, more_arguments_than_a_row_has_are_refused) {
  for (const auto& row : command_rows()) {
    auto args = right_arguments(row);
    args.push_back("more");
    EXPECT_EQ(refusal(trigger_of(row), command(row.name, args)), "invalid_command") << row.name;
  }
}

TEST(Commands, a_command_belongs_to_its_triggers) {
  EXPECT_EQ(refusal("credentials-exchange", command("idToken.setCustomClaim", {"a", 1})), "invalid_command");
  EXPECT_EQ(refusal("post-logi", command("access.deny", {"no"})), "invalid_command");
  EXPECT_EQ(refusal("no-such-trigger", command("access.deny", {"no"})), "invalid_command");
  EXPECT_EQ(refusal("post-login", command("access.denyAll", {"no"})), "invalid_command");
  EXPECT_EQ(find_command("post-login", "access.deny")->args, "t");
  EXPECT_EQ(find_command("credentials-exchange", "access.deny")->args, "tt");
}

TEST(Commands, what_is_not_name_and_arguments_is_none) {
  for (const json::Value& said :
       {json::Value("access.deny"), json::Value(json::Object{{"name", "access.deny"}}),
        json::Value(json::Object{{"name", 1}, {"args", json::Array()}}),
        json::Value(json::Object{{"name", "access.deny"}, {"args", "no"}}), json::Value(nullptr)})
    EXPECT_EQ(refusal("post-login", said), "invalid_command");
}

TEST(Commands, times_are_whole_milliseconds_that_a_date_can_say) {
  const auto expires = [](json::Value at) {
    return refusal("post-login", command("session.setExpiresAt", {std::move(at)}));
  };
  EXPECT_EQ(expires(0), "");
  EXPECT_EQ(expires(253'402'300'799'999), "");
  for (const json::Value& at : {json::Value(-1), json::Value(253'402'300'800'000), json::Value(INT64_MAX),
                                json::Value(UINT64_MAX), json::Value(1.5)})
    EXPECT_EQ(expires(at), "invalid_command") << json::serialize(at);
}

TEST(Commands, a_person_is_sent_to_web_addresses_only) {
  const auto send = [](std::string url) {
    return refusal("post-login", command("redirect.sendUserTo", {json::Value(url)}));
  };
  EXPECT_EQ(send("https://terms.example/accept?x=1#top"), "");
  EXPECT_EQ(send("http://localhost:3000/"), "");
  for (const std::string url :
       {"/relative", "terms.example", "com.example.app://x", "https://a.example/\r\nSet-Cookie: a=b",
        "https://user:secret@a.example/", "https://", "https://a.example/ b"})
    EXPECT_EQ(send(url), "invalid_command") << url;
  EXPECT_EQ(send("https://a.example/" + std::string(5000, 'a')), "invalid_command");
}

TEST(Commands, a_script_issues_two_hundred_commands_and_not_one_more) {
  json::Array said;
  for (size_t i = 0; i < commands_max; ++i) said.push_back(command("user.setAppMetadata", {"n", i}));
  EXPECT_EQ(judge_all("post-login", said)->size(), commands_max);
  said.push_back(command("user.setAppMetadata", {"n", 0}));
  EXPECT_EQ(judge_all("post-login", said).error().code, "invalid_command");
}

TEST(Commands, a_command_that_is_too_large_is_refused) {
  const auto said = [](size_t size) {
    return json::Array{command("user.setAppMetadata", {"n", std::string(size, 'x')})};
  };
  EXPECT_TRUE(judge_all("post-login", said(command_size_max - 100)));
  EXPECT_FALSE(judge_all("post-login", said(command_size_max)));
}

TEST(Commands, one_wrong_command_refuses_all) {
  const json::Array said{command("idToken.setCustomClaim", {"a", 1}), command("process.exit", {})};
  EXPECT_EQ(judge_all("post-login", said).error().code, "invalid_command");
}

TEST(Commands, claims_of_the_server_are_restricted_and_namespaces_of_auth0_are_dropped) {
  for (const auto name : {"sub", "iss", "aud", "scope", "permissions", "x5t#S256", "sid"})
    EXPECT_EQ(judge_claim(name), ClaimName::restricted) << name;
  for (const auto name : {"https://auth0.com/a", "http://x.auth0.com", "https://webtask.io:443/b",
                          "urn:auth0:x", "https://a.webtask.run?x"})
    EXPECT_EQ(judge_claim(name), ClaimName::dropped) << name;
  for (const auto name : {"https://acme.example/sub", "subject", "sub aud", "https://notauth0.com/a",
                          "https://auth0.com.acme.example/", "plan", ""})
    EXPECT_EQ(judge_claim(name), ClaimName::free) << name;
}

}  // namespace
}  // namespace durward::extensions
