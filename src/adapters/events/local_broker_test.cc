#include "adapters/events/local_broker.h"

#include <gtest/gtest.h>

#include "adapters/sqlite/store.h"
#include "base/executor.h"

namespace durward::adapters {
namespace {

// What only the broker in process has to think of: several processes with one store, and the lease.
class LocalBrokerTest : public testing::Test {
 protected:
  LocalBrokerTest() {
    tenant = run_sync(store->tenants().create("acme", "k", clock.now())).value().id;
    for (auto* one : {&a, &b})
      EXPECT_TRUE(run_sync(one->declare({.name = "q", .pattern = "user.*", .ack_wait = Seconds(60)})));
  }
  void append(int64_t id, const std::string& type = "user.created") {
    ASSERT_TRUE(run_sync(store->committer().commit(
        tenant, {ports::AppendEvent{{.id = id, .type = type, .time = clock.now()}}})));
  }
  static std::vector<ports::Delivery> fetch(LocalBroker& from) {
    return run_sync(from.fetch("q", 10, Milliseconds(0))).value();
  }
  static void ack(LocalBroker& at, const ports::Delivery& delivery) {
    ASSERT_TRUE(run_sync(at.ack("q", delivery)));
  }
  uint64_t flushes() { return registry.counter("durward_store_flushes_total", "").value(); }

  FixedClock clock{from_unix_ms(1'700'000'000'000)};
  metrics::Registry registry;
  std::unique_ptr<SqliteStore> store = SqliteStore::open({}, clock, &registry).value();
  domain::TenantId tenant;
  LocalBroker a{store->outbox(), store->leases(), clock, "a"},
      b{store->outbox(), store->leases(), clock, "b"};
};

TEST_F(LocalBrokerTest, one_process_serves_a_queue_until_it_is_idle_or_gone) {
  append(1);
  const auto got = fetch(a);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_TRUE(fetch(b).empty());
  ack(a, got[0]);
  append(2);
  EXPECT_TRUE(fetch(b).empty()) << "the lease is still that of a";
  clock.advance(Seconds(10));
  ASSERT_EQ(fetch(b).size(), 1u);
  EXPECT_TRUE(fetch(a).empty());
}

TEST_F(LocalBrokerTest, what_waits_for_its_retry_keeps_its_attempts_while_the_lease_lapses) {
  append(1);
  for (int64_t attempt = 1; attempt <= 4; ++attempt) {
    const auto got = fetch(a);
    ASSERT_EQ(got.size(), 1u) << attempt;
    EXPECT_EQ(got[0].attempt, attempt);
    ASSERT_TRUE(run_sync(a.retry("q", got[0], Seconds(3600))));
    clock.advance(Seconds(1800));
    EXPECT_TRUE(fetch(a).empty());
    clock.advance(Seconds(1800));
  }
}

TEST_F(LocalBrokerTest, who_was_replaced_forgets_what_the_other_settled) {
  append(1);
  const auto got = fetch(a);
  clock.advance(Seconds(60));
  const auto taken = fetch(b);
  ASSERT_EQ(taken.size(), 1u) << "a died, or hangs";
  ack(b, taken[0]);
  ack(a, got[0]);
  clock.advance(Seconds(60));
  EXPECT_TRUE(fetch(a).empty());
  append(2);
  EXPECT_EQ(fetch(a).size(), 1u);
}

TEST_F(LocalBrokerTest, an_idle_queue_commits_nothing) {
  append(1, "session.revoked");
  const auto before = flushes();
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(fetch(a).empty());
    clock.advance(Seconds(60));
  }
  EXPECT_EQ(flushes(), before);
}

TEST_F(LocalBrokerTest, an_unknown_queue_is_a_broken_invariant) {
  EXPECT_THROW((void)run_sync(a.fetch("no", 1, Milliseconds(0))), std::logic_error);
}

}  // namespace
}  // namespace durward::adapters
