#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/encoding.h"
#include "base/random.h"
#include "cli/command.h"
#include "crypto/hash.h"

namespace durward::cli {
namespace {

namespace fs = std::filesystem;

class BreachedCommands : public testing::Test {
 protected:
  BreachedCommands() { fs::create_directories(folder_); }
  ~BreachedCommands() override { fs::remove_all(folder_); }

  std::string put(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name) << content;
    return (folder_ / name).string();
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Exit breached(std::vector<std::string> words, const std::string& typed = "") {
    words.insert(words.begin(), "breached");
    words.push_back("--json");
    std::istringstream input(typed);
    auto* before = std::cin.rdbuf(input.rdbuf());
    std::cin.clear();
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const Exit exit = run(words);
    out = testing::internal::GetCapturedStdout();
    err = testing::internal::GetCapturedStderr();
    std::cin.rdbuf(before);
    return exit;
  }
  json::Object told() const { return json::parse_object(out).value_or(json::Object{}); }
  std::string complaint() const {
    return json::string_or(json::parse_object(err).value_or(json::Object{}), "message");
  }

  fs::path folder_ = fs::temp_directory_path() / ("durward-breached-cli-" + SystemRandom().hex(12));
  std::string out, err;
};

TEST_F(BreachedCommands, a_filter_is_built_described_and_asked) {
  const std::string list = put("list", to_hex(crypto::sha1("hunter2")) + ":17043\n");
  ASSERT_EQ(breached({"build", "--from", list, "--out", path("filter")}), Exit::ok) << err;
  EXPECT_EQ(json::integer_or(told(), "count", 0), 1);

  ASSERT_EQ(breached({"info", "--breached-passwords", path("filter")}), Exit::ok) << err;
  EXPECT_EQ(json::integer_or(told(), "count", 0), 1);
  EXPECT_NE(out.find("\"false_positive_rate\":1.52587890625E-5"), std::string::npos) << out;

  EXPECT_EQ(breached({"check", "--breached-passwords", path("filter")}, "hunter2\n"), Exit::check_failed);
  EXPECT_EQ(out, "{\"breached\":true}\n");
  EXPECT_EQ(breached({"check", "--breached-passwords", path("filter")}, "hunter3\n"), Exit::ok);
  EXPECT_EQ(out, "{\"breached\":false}\n");
}

TEST_F(BreachedCommands, without_a_file_the_built_in_list_is_asked) {
  EXPECT_EQ(breached({"check"}, "Password1"), Exit::check_failed);
  EXPECT_EQ(breached({"info"}), Exit::ok);
  EXPECT_EQ(json::string_or(told(), "kind"), "built-in");
}

TEST_F(BreachedCommands, a_password_is_never_an_argument) {
  EXPECT_EQ(breached({"check", "hunter2"}), Exit::usage);
  EXPECT_EQ(breached({"check"}, ""), Exit::usage);
}

TEST_F(BreachedCommands, mistakes_of_a_build_are_usage_errors) {
  const std::string list = put("list", "word\n");
  const std::vector<std::pair<std::vector<std::string>, std::string>> rows = {
      {{"build", "--out", path("f")}, "--from is missing"},
      {{"build", "--from", list}, "--out is missing"},
      {{"build", "--from", list, "--out", path("f"), "--min-count", "0"}, "--min-count must be"},
      {{"build", "--from", list, "--out", path("f"), "--min-count", "3x"}, "--min-count must be"},
      {{"build", "--from", list, "--out", path("f"), "--plain", "--min-count", "2"}, "plain list has not"}};
  for (const auto& [words, text] : rows) {
    EXPECT_EQ(breached(words), Exit::usage);
    EXPECT_NE(complaint().find(text), std::string::npos) << err;
  }
  EXPECT_FALSE(fs::exists(path("f")));
}

TEST_F(BreachedCommands, a_bad_line_is_told_with_its_number_and_a_missing_file_by_its_exit_code) {
  EXPECT_EQ(breached({"build", "--from", put("list", "word\n"), "--out", path("f")}), Exit::validation);
  EXPECT_NE(complaint().find("list line 1: must be 40 hex digits"), std::string::npos) << err;
  EXPECT_EQ(breached({"build", "--from", path("nowhere"), "--out", path("f")}), Exit::not_found);
  EXPECT_EQ(breached({"info", "--breached-passwords", path("nowhere")}), Exit::not_found);
  EXPECT_EQ(breached({"check", "--breached-passwords", put("nonsense", "x")}, "a"), Exit::validation);
}

}  // namespace
}  // namespace durward::cli
