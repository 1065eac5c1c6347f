#include <gtest/gtest.h>

#include <filesystem>

#include "adapters/sqlite/store.h"
#include "base/encoding.h"
#include "base/executor.h"
#include "base/random.h"
#include "cli/command.h"

namespace durward::cli {
namespace {

class EventCommands : public testing::Test {
 protected:
  EventCommands() {
    for (const char* name : {"acme", "rival"})
      tenants.push_back(run_sync(store->tenants().create(name, "k", clock.now())).value().id);
    for (int64_t n = 1; n <= 5; ++n) append(n, n % 2 ? "user.created" : "session.revoked", tenants[n > 4]);
  }
  ~EventCommands() override { std::filesystem::remove_all(directory); }

  void append(int64_t n, const std::string& type, domain::TenantId tenant) {
    EXPECT_TRUE(run_sync(store->committer().commit(
        tenant,
        {ports::AppendEvent{{.id = 100 + n, .type = type, .time = clock.now(), .data = {{"n", n}}}}})));
  }
  Exit events(std::vector<std::string> words) {
    words.insert(words.begin(), "events");
    words.insert(words.end(), {"--data", directory});
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const Exit exit = run(words);
    out = testing::internal::GetCapturedStdout();
    err = testing::internal::GetCapturedStderr();
    return exit;
  }
  // The ids of the printed lines, without the hundred.
  std::vector<int64_t> printed(std::vector<std::string> words) {
    words.push_back("--json");
    EXPECT_EQ(events(std::move(words)), Exit::ok) << err;
    std::vector<int64_t> ids;
    for (size_t start = 0, end; (end = out.find('\n', start)) != out.npos; start = end + 1)
      ids.push_back(std::stoll(json::string_or(
                        json::parse_object(std::string_view(out).substr(start, end - start)).value(), "id")) -
                    100);
    return ids;
  }
  using V = std::vector<int64_t>;

  const std::string directory =
      (std::filesystem::temp_directory_path() / ("durward-test-" + SystemRandom().hex(12))).string();
  const bool made = std::filesystem::create_directory(directory);
  FixedClock clock{*parse_iso8601("2026-01-31T09:30:00.000Z")};
  std::unique_ptr<adapters::SqliteStore> store =
      adapters::SqliteStore::open({.path = directory + "/durward.db"}, clock).value();
  std::vector<domain::TenantId> tenants;
  std::string out, err;
};

TEST_F(EventCommands, replay_prints_from_an_offset_what_is_asked_for) {
  EXPECT_EQ(printed({"replay"}), (V{1, 2, 3, 4, 5}));
  EXPECT_EQ(printed({"replay", "--from", "3"}), (V{3, 4, 5}));
  EXPECT_EQ(printed({"replay", "--from", "2", "--limit", "2"}), (V{2, 3}));
  EXPECT_EQ(printed({"replay", "--type", "session.*"}), (V{2, 4}));
  EXPECT_EQ(printed({"replay", "--tenant", "rival"}), V{5});
  EXPECT_EQ(printed({"replay", "--from", "99"}), V{});
}

TEST_F(EventCommands, tail_prints_the_newest) {
  EXPECT_EQ(printed({"tail"}), (V{1, 2, 3, 4, 5}));
  EXPECT_EQ(printed({"tail", "--limit", "2"}), (V{4, 5}));
  EXPECT_EQ(printed({"tail", "--limit", "1", "--type", "session.*"}), V{4});
  EXPECT_EQ(printed({"tail", "--limit", "0"}), V{});
}

TEST_F(EventCommands, a_line_says_where_when_whose_and_what) {
  ASSERT_EQ(events({"replay", "--limit", "1"}), Exit::ok);
  EXPECT_EQ(out, "1  2026-01-31T09:30:00.000Z  acme  user.created  {\"n\":1}\n");
  ASSERT_EQ(events({"replay", "--limit", "1", "--json"}), Exit::ok);
  EXPECT_EQ(out,
            "{\"offset\":1,\"id\":\"101\",\"tenant\":\"acme\",\"type\":\"user.created\","
            "\"time\":\"2026-01-31T09:30:00.000Z\",\"data\":{\"n\":1}}\n");
}

TEST_F(EventCommands, nonsense_is_a_usage_error_and_an_unknown_tenant_not_found) {
  EXPECT_EQ(events({"replay", "--from", "x"}), Exit::usage);
  EXPECT_EQ(events({"replay", "--from", "-1"}), Exit::usage);
  EXPECT_EQ(events({"tail", "--type", "User Created"}), Exit::usage);
  EXPECT_EQ(events({"tail", "--tenant", "nobody"}), Exit::not_found);
}

TEST_F(EventCommands, refill_moves_the_worker_back_unless_it_is_publishing) {
  ASSERT_EQ(events({"refill", "--from", "3", "--json"}), Exit::ok) << err;
  EXPECT_EQ(out, "{\"after\":2}\n");
  EXPECT_EQ(run_sync(store->outbox().position("dispatcher")).value(), 2);
  ASSERT_TRUE(
      run_sync(store->leases().acquire({"dispatcher", "server"}, SystemClock().now(), Seconds(60))).value());
  EXPECT_EQ(events({"refill"}), Exit::conflict);
  EXPECT_EQ(run_sync(store->outbox().position("dispatcher")).value(), 2);
}

TEST_F(EventCommands, dead_lists_what_a_queue_gave_up) {
  const auto event = run_sync(store->outbox().read({})).value().events.at(0);
  ASSERT_TRUE(run_sync(store->outbox().bury({"mail", event, 12, "refused", clock.now()})));
  ASSERT_EQ(events({"dead"}), Exit::ok);
  EXPECT_NE(out.find("mail   acme    user.created  101  12        refused"), std::string::npos) << out;
  ASSERT_EQ(events({"dead", "--queue", "hooks", "--json"}), Exit::ok);
  EXPECT_EQ(out, "[]\n");
}

}  // namespace
}  // namespace durward::cli
