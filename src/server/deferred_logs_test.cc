#include "server/deferred_logs.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/executor.h"

namespace durward::server {
namespace {

// A store that is away until it is told to be there.
class Engine : public ports::Committer {
 public:
  Async<> commit(domain::TenantId, ports::Writes writes) override {
    std::lock_guard lock(mutex);
    if (is_away) co_return fail(ErrorKind::unavailable, "store_unavailable");
    for (const auto& write : writes)
      if (const auto* log = std::get_if<ports::AppendLog>(&write)) stored.push_back(log->record.id);
    const int64_t last = stored.empty() ? 0 : stored.back();
    if (last == refused) co_return fail(ErrorKind::conflict, "id_taken");
    co_return Result<>();
  }
  void come_back() {
    std::lock_guard lock(mutex);
    is_away = false;
  }
  std::vector<int64_t> ids() {
    std::lock_guard lock(mutex);
    return stored;
  }
  std::mutex mutex;
  bool is_away = true;
  int64_t refused = -1;
  std::vector<int64_t> stored;
};

class DeferredLogsTest : public testing::Test {
 protected:
  Result<> append(int64_t id) { return run_sync(logs->commit({1}, {ports::AppendLog{{.id = id}}})); }
  void wait_for_all() {
    while (logs->waiting() > 0) std::this_thread::yield();
  }
  std::unique_ptr<DeferredLogs> make(size_t waiting_max) {
    return std::make_unique<DeferredLogs>(engine, registry, waiting_max, Milliseconds(1));
  }

  Engine engine;
  metrics::Registry registry;
  std::unique_ptr<DeferredLogs> logs = make(3);
};

TEST_F(DeferredLogsTest, log_records_wait_for_the_store_and_are_written_in_their_order) {
  for (int64_t id = 1; id <= 3; ++id) EXPECT_TRUE(append(id));
  EXPECT_EQ(logs->waiting(), 3u);
  engine.come_back();
  wait_for_all();
  EXPECT_EQ(engine.ids(), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_TRUE(append(4));
  EXPECT_EQ(engine.ids().back(), 4);
}

TEST_F(DeferredLogsTest, what_is_more_than_a_log_record_fails_as_before) {
  const auto result =
      run_sync(logs->commit({1}, {ports::AppendLog{{.id = 1}}, ports::RemoveUser{.user_id = "u"}}));
  EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(logs->waiting(), 0u);
}

TEST_F(DeferredLogsTest, no_more_wait_than_may) {
  for (int64_t id = 1; id <= 3; ++id) EXPECT_TRUE(append(id));
  EXPECT_EQ(append(4).error().kind, ErrorKind::unavailable);
}

TEST_F(DeferredLogsTest, a_record_that_was_stored_although_its_commit_failed_stops_nobody) {
  EXPECT_TRUE(append(1));
  EXPECT_TRUE(append(2));
  engine.refused = 1;
  engine.come_back();
  wait_for_all();
  EXPECT_EQ(engine.ids(), (std::vector<int64_t>{1, 2}));
}

TEST_F(DeferredLogsTest, the_end_of_the_process_writes_what_can_be_written) {
  EXPECT_TRUE(append(1));
  engine.come_back();
  logs.reset();
  EXPECT_EQ(engine.ids(), std::vector<int64_t>{1});
  engine.is_away = true;
  logs = make(3);
  EXPECT_TRUE(append(2));
  logs.reset();  // does not wait for ever
  EXPECT_EQ(engine.ids(), std::vector<int64_t>{1});
}

}  // namespace
}  // namespace durward::server
