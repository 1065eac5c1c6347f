#include "cli/command.h"

#include <gtest/gtest.h>

#include <set>

namespace durward::cli {
namespace {

struct Captured {
  Exit exit;
  std::string out, err;
};

Captured run_captured(const std::vector<std::string>& words) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const Exit exit = run(words);
  Captured captured{exit, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
  return captured;
}

TEST(Command, without_words_the_commands_are_listed_and_it_is_a_usage_error) {
  const auto result = run_captured({});
  EXPECT_EQ(result.exit, Exit::usage);
  EXPECT_NE(result.err.find("tenant create"), std::string::npos);
  EXPECT_EQ(result.out, "");
}

TEST(Command, an_unknown_command_and_an_unknown_option_are_usage_errors) {
  EXPECT_EQ(run_captured({"tenants"}).exit, Exit::usage);
  EXPECT_EQ(run_captured({"tenant", "explode"}).exit, Exit::usage);
  const auto result = run_captured({"version", "--colour"});
  EXPECT_EQ(result.exit, Exit::usage);
  EXPECT_NE(result.err.find("--colour is not an option of durward version"), std::string::npos);
}

TEST(Command, the_first_word_of_several_commands_lists_them) {
  const auto bare = run_captured({"keys"});
  EXPECT_EQ(bare.exit, Exit::usage);
  EXPECT_NE(bare.err.find("keys rotate"), std::string::npos);
  EXPECT_EQ(bare.err.find("tenant create"), std::string::npos);
  for (const auto& words : {std::vector<std::string>{"keys", "--help"}, {"help", "keys"}}) {
    const auto asked = run_captured(words);
    EXPECT_EQ(asked.exit, Exit::ok);
    EXPECT_NE(asked.out.find("keys rotate"), std::string::npos);
  }
}

TEST(Command, mistakes_are_json_where_json_was_asked_for) {
  const auto result = run_captured({"config", "check", "--json", "--bcrypt-cost", "99", "--listen", "x"});
  EXPECT_EQ(result.exit, Exit::usage);
  const auto told = json::parse_object(result.err);
  ASSERT_TRUE(told) << result.err;
  EXPECT_EQ(json::string_or(*told, "error"), "usage");
  EXPECT_EQ(
      json::string_or(*told, "message"),
      "--bcrypt-cost must be a whole number from 4 to 16, not \"99\"\n--listen must be HOST:PORT, not \"x\"");
}

TEST(Command, missing_and_superfluous_arguments_are_named) {
  EXPECT_NE(run_captured({"tenant", "create"}).err.find("NAME is missing"), std::string::npos);
  EXPECT_NE(run_captured({"version", "now"}).err.find("\"now\" is one word too many"), std::string::npos);
  EXPECT_NE(run_captured({"tenant", "list", "--store"}).err.find("--store needs a value"), std::string::npos);
  EXPECT_NE(run_captured({"migrate", "--plan=yes"}).err.find("--plan takes no value"), std::string::npos);
}

TEST(Command, data_goes_to_stdout_and_json_on_demand) {
  EXPECT_EQ(run_captured({"version", "--json"}).out.substr(0, 12), "{\"version\":\"");
  EXPECT_EQ(run_captured({"--version"}).out.substr(0, 8), "durward ");
}

TEST(Command, mistaken_settings_are_a_usage_error_with_every_mistake) {
  const auto result = run_captured({"config", "check", "--bcrypt-cost", "99", "--role", "cook"});
  EXPECT_EQ(result.exit, Exit::usage);
  EXPECT_NE(result.err.find("--bcrypt-cost must be"), std::string::npos);
  EXPECT_NE(result.err.find("--role must be one of"), std::string::npos);
}

TEST(Command, config_show_hides_secrets) {
  const auto result = run_captured({"config", "show", "--json", "--smtp-password", "hunter2"});
  EXPECT_EQ(result.exit, Exit::ok);
  EXPECT_EQ(result.out.find("hunter2"), std::string::npos);
  EXPECT_NE(result.out.find("\"smtp_password\":{\"value\":\"(set)\",\"source\":\"flag\"}"),
            std::string::npos);
}

TEST(Command, an_option_of_the_server_is_no_option_of_a_store_command) {
  EXPECT_EQ(run_captured({"tenant", "list", "--listen", "127.0.0.1:0"}).exit, Exit::usage);
}

TEST(Command, kinds_of_errors_have_their_exit_codes) {
  EXPECT_EQ(exit_of({ErrorKind::not_found}), Exit::not_found);
  EXPECT_EQ(exit_of({ErrorKind::conflict}), Exit::conflict);
  EXPECT_EQ(exit_of({ErrorKind::forbidden}), Exit::permission);
  EXPECT_EQ(exit_of({ErrorKind::invalid}), Exit::validation);
  EXPECT_EQ(exit_of({ErrorKind::unavailable}), Exit::unreachable);
  EXPECT_EQ(exit_of({ErrorKind::internal}), Exit::failure);
}

TEST(Command, every_command_helps_itself) {
  std::set<std::string_view> names;
  for (const auto& command : commands()) {
    EXPECT_TRUE(names.insert(command.words).second) << command.words;
    EXPECT_NE(command.run, nullptr) << command.words;
    const std::string help = help_of(command);
    EXPECT_NE(help.find(command.summary), std::string::npos) << command.words;
    EXPECT_NE(help.find("--json"), std::string::npos) << command.words;
  }
}

TEST(Command, help_is_shown_for_a_command_without_running_it) {
  const auto result = run_captured({"tenant", "remove", "--help"});
  EXPECT_EQ(result.exit, Exit::ok);
  EXPECT_NE(result.out.find("durward tenant remove TENANT"), std::string::npos);
  EXPECT_NE(run_captured({"help", "keys", "rotate"}).out.find("durward keys rotate"), std::string::npos);
}

}  // namespace
}  // namespace durward::cli
