#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "adapters/sqlite/store.h"
#include "base/executor.h"
#include "base/random.h"
#include "cli/command.h"

namespace durward::cli {
namespace {

class ActionCommands : public testing::Test {
 protected:
  ActionCommands() {
    EXPECT_EQ(actions({}, {"tenant", "create", "acme"}), Exit::ok) << err;
    store = adapters::SqliteStore::open({.path = directory + "/durward.db"}, clock).value();
    tenant = run_sync(store->tenants().find_by_name("acme")).value()->id;
  }
  ~ActionCommands() override { std::filesystem::remove_all(directory); }

  Exit actions(std::vector<std::string> words, std::vector<std::string> prefix = {"actions"}) {
    words.insert(words.begin(), prefix.begin(), prefix.end());
    words.insert(words.end(), {"--data", directory});
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const Exit exit = run(words);
    out = testing::internal::GetCapturedStdout();
    err = testing::internal::GetCapturedStderr();
    return exit;
  }
  void append(int64_t key, const char* text) {
    const json::Object said{{"at", "2026-01-31T09:30:00.000Z"}, {"level", "log"}, {"text", text}};
    const json::Object result{{"action_name", "greet"}, {"console", json::Array{said}}};
    domain::Execution execution{.key = key,
                                .id = domain::Execution::id_of(key, "12345678"),
                                .trigger_id = "post-login",
                                .status = "final",
                                .results = {result},
                                .created_at = clock.now()};
    ASSERT_TRUE(run_sync(store->committer().commit(tenant, {ports::AppendExecution{execution}})));
  }
  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(directory + "/" + name) << text;
    return directory + "/" + name;
  }

  const std::string directory =
      (std::filesystem::temp_directory_path() / ("durward-test-" + SystemRandom().hex(12))).string();
  const bool made = std::filesystem::create_directory(directory);
  SystemClock clock;
  std::unique_ptr<adapters::SqliteStore> store;
  domain::TenantId tenant;
  std::string out, err;
};

TEST_F(ActionCommands, the_tail_prints_what_the_newest_runs_said) {
  append(1, "first");
  append(2, "second");
  EXPECT_EQ(actions({"logs", "tail"}), Exit::ok) << err;
  EXPECT_EQ(out,
            "2026-01-31T09:30:00.000Z  log  greet  first\n2026-01-31T09:30:00.000Z  log  greet  second\n");
  EXPECT_EQ(actions({"logs", "tail", "--limit", "1", "--json"}), Exit::ok);
  EXPECT_EQ(json::string_or(json::parse_object(out).value(), "text"), "second");
  EXPECT_EQ(actions({"logs", "tail", "--limit", "0"}), Exit::usage);
  EXPECT_EQ(actions({"logs", "tail", "--tenant", "gone"}), Exit::not_found);
}

TEST_F(ActionCommands, a_tenant_without_actions_lists_none_and_deploys_none) {
  EXPECT_EQ(actions({"list", "--json"}), Exit::ok) << err;
  EXPECT_EQ(out, "[]\n");
  EXPECT_EQ(actions({"deploy", "gone"}), Exit::not_found);
}

TEST_F(ActionCommands, a_test_says_what_is_wrong_with_its_command_line) {
  const auto code = file("greet.js", "exports.onExecutePostLogin = async () => {};");
  EXPECT_EQ(actions({"test", directory + "/gone.js"}), Exit::not_found);
  EXPECT_EQ(actions({"test", code, "--trigger", "nothing"}), Exit::usage);
  EXPECT_EQ(actions({"test", code, "--event", file("event.json", "[]")}), Exit::usage);
  EXPECT_EQ(actions({"test", code, "--event", directory + "/gone.json"}), Exit::not_found);
}

}  // namespace
}  // namespace durward::cli
