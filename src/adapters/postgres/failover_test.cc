// Two live servers, a primary and its streaming standby: the adapter's way from one to the other.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "adapters/postgres/store.h"
#include "adapters/postgres/test_cluster.h"
#include "base/executor.h"

namespace durward::adapters {
namespace {

using postgres::TestCluster;
using Steady = std::chrono::steady_clock;

constexpr double busy_machine = 1.5;  // seconds that other tests may keep a thread from running

double seconds_from(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

class FailOver : public testing::Test {
 protected:
  FailOver() : standby(primary) {
    primary.acknowledge_with(standby);
    database = primary.create();
    store = PostgresStore::open(options(), clock, random, &registry).value();
    tenant = run_sync(store->tenants().create("acme", "k", clock.now())).value().id;
  }
  PostgresOptions options() const {
    return {.url = "postgres://durward@127.0.0.1:" + std::to_string(primary.port()) + ",127.0.0.1:" +
                   std::to_string(standby.port()) + "/" + database + "?target_session_attrs=read-write",
            .statement_timeout = Milliseconds(1000),
            .wait_max = Milliseconds(1000)};
  }
  Result<> append(int64_t id) {
    const ports::AppendLog record{{.id = id, .date = clock.now()}};
    return run_sync(store->committer().commit(tenant, {record}));
  }
  bool is_there(int64_t id) { return run_sync(store->logs().find(tenant, id)).value().has_value(); }

  TestCluster primary, standby;
  FixedClock clock{from_unix_seconds(1'700'000'000)};
  SystemRandom random;
  metrics::Registry registry;
  std::string database;
  domain::TenantId tenant;
  std::unique_ptr<PostgresStore> store;
};

// What several threads append and read until told to stop, and what became of it.
struct Load {
  void one(int thread, int64_t i, const std::function<Result<>(int64_t)>& append) {
    const int64_t id = thread * 1'000'000 + i;
    const auto start = Steady::now();
    const auto stored = append(id);
    std::lock_guard lock(mutex);
    ++sent;
    slowest = std::max(slowest, seconds_from(start));
    if (stored) {
      acknowledged.push_back(id);
      if (gone_at != Steady::time_point() && start > gone_at && normal_after < 0)
        normal_after = seconds_from(gone_at);
    } else {
      ++failed;
      if (stored.error().kind != ErrorKind::unavailable) ++wrong;
    }
  }
  std::mutex mutex;
  std::vector<int64_t> acknowledged;
  int64_t sent = 0, failed = 0, wrong = 0;
  double slowest = 0, normal_after = -1;
  Steady::time_point gone_at;
};

TEST_F(FailOver, a_killed_primary_whose_standby_is_promoted_loses_nothing_acknowledged_and_needs_no_restart) {
  Load load;
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 12; ++thread)
    threads.emplace_back([&, thread] {
      for (int64_t i = 1; !stop; ++i) load.one(thread, i, [this](int64_t id) { return append(id); });
    });
  const auto acknowledged = [&] {
    std::lock_guard lock(load.mutex);
    return load.acknowledged.size();
  };
  while (acknowledged() < 500) std::this_thread::yield();
  primary.kill_at_once();
  {
    std::lock_guard lock(load.mutex);
    load.gone_at = Steady::now();
  }
  const auto promoting = Steady::now();
  standby.promote();
  const double promoted = seconds_from(promoting);
  const auto normal = [&] {
    std::lock_guard lock(load.mutex);
    return load.normal_after >= 0;
  };
  while (!normal() && seconds_from(promoting) < 30) std::this_thread::yield();
  const size_t before = acknowledged();
  while (acknowledged() < before + 500 && seconds_from(promoting) < 30) std::this_thread::yield();
  stop = true;
  for (auto& thread : threads) thread.join();

  ASSERT_GE(load.normal_after, 0) << "the store never came back";
  EXPECT_EQ(load.wrong, 0) << "what failed is unavailable and nothing else";
  // Waiting for a connection, then for an answer with its grace: never longer, however long the server is
  // away.
  EXPECT_LT(load.slowest, 1.0 + 1.0 + 1.0 + busy_machine);
  size_t lost = 0;
  for (const int64_t id : load.acknowledged) lost += !is_there(id);
  EXPECT_EQ(lost, 0u);
  std::printf(
      "fail-over: %zd sent, %zd acknowledged, %zd failed, %zu lost; promotion %.0f ms, normal %.0f ms after "
      "the kill, slowest request %.0f ms\n",
      ssize_t(load.sent), ssize_t(load.acknowledged.size()), ssize_t(load.failed), lost, promoted * 1e3,
      load.normal_after * 1e3, load.slowest * 1e3);
}

TEST_F(FailOver, while_nobody_takes_writes_requests_end_as_unavailable_within_their_deadline) {
  ASSERT_TRUE(append(1));
  primary.kill_at_once();
  for (int64_t id = 2; id < 4; ++id) {
    const auto start = Steady::now();
    const auto stored = append(id);
    ASSERT_FALSE(stored.has_value()) << "the standby takes no writes";
    EXPECT_EQ(stored.error().kind, ErrorKind::unavailable);
    EXPECT_LT(seconds_from(start), 1.0 + 1.0 + busy_machine);
  }
  standby.promote();
  const auto start = Steady::now();
  Result<> stored = append(10);
  while (!stored && seconds_from(start) < 30) stored = append(10);
  EXPECT_TRUE(stored);
  EXPECT_TRUE(is_there(1));
}

TEST_F(FailOver, a_primary_that_falls_silent_is_left_for_the_promoted_standby) {
  ASSERT_TRUE(append(1));
  primary.pause();
  const auto stored_before = append(2);
  EXPECT_FALSE(stored_before.has_value()) << "no answer is no acknowledgement";
  standby.promote();
  const auto start = Steady::now();
  Result<> stored = append(10);
  while (!stored && seconds_from(start) < 30) stored = append(10);
  EXPECT_TRUE(stored);
  EXPECT_TRUE(is_there(1));
  std::printf("fail-over from a silent primary: normal %.0f ms after the promotion\n",
              seconds_from(start) * 1e3);
  primary.kill_at_once();
}

}  // namespace
}  // namespace durward::adapters
