// A primary with a streaming replica that may be behind or away.
#include <gtest/gtest.h>

#include "adapters/postgres/store.h"
#include "adapters/postgres/test_cluster.h"
#include "base/executor.h"

namespace durward::adapters {
namespace {

using postgres::TestCluster;
using Steady = std::chrono::steady_clock;

class ReplicaTest : public testing::Test {
 protected:
  ReplicaTest() : standby(primary), database(primary.create()) {
    standby.wait_until("SELECT count(*) FROM pg_database WHERE datname='" + database + "'", "1");
    store = PostgresStore::open(options(), clock, random, &registry).value();
    tenant = run_sync(store->tenants().create("acme", "k", clock.now())).value().id;
    add_user("1");
  }
  ~ReplicaTest() override {
    store.reset();
    standby.kill();
    primary.drop(database);
  }
  PostgresOptions options() const {
    return {.url = primary.url(database),
            .statement_timeout = Milliseconds(1000),
            .replica_url = standby.url(database),
            .replica_lag_max = Milliseconds(1000)};
  }
  void add_user(const std::string& id) {
    domain::User u;
    u.user_id = "auth0|" + id;
    u.identities.push_back({.connection = "db", .provider = "auth0", .user_id = id});
    ASSERT_TRUE(run_sync(store->committer().commit(tenant, {ports::InsertUser{u, {}, ""}})));
  }
  size_t users(bool may_be_stale = true) {
    return run_sync(store->users().list(tenant, {.may_be_stale = may_be_stale})).value().users.size();
  }
  size_t logs(bool may_be_stale = true) {
    return run_sync(store->logs().list(tenant, {.may_be_stale = may_be_stale})).value().size();
  }
  uint64_t from(const std::string& server) {
    return registry.counter("durward_store_stale_reads_total", "", "from=\"" + server + "\"").value();
  }
  // Reads until the replica answers one.
  void until_the_replica_answers() {
    const auto before = from("replica");
    const auto end = Steady::now() + std::chrono::seconds(30);
    while (from("replica") == before && Steady::now() < end) (void)users();
    ASSERT_GT(from("replica"), before) << "the replica never answers";
  }
  void until_the_primary_answers() {
    const auto before = from("primary");
    const auto end = Steady::now() + std::chrono::seconds(30);
    while (from("primary") == before && Steady::now() < end) (void)users();
    ASSERT_GT(from("primary"), before) << "the primary is never asked";
  }

  TestCluster& primary = TestCluster::shared();
  TestCluster standby;
  std::string database;
  FixedClock clock{from_unix_seconds(1'700'000'000)};
  SystemRandom random;
  metrics::Registry registry;
  domain::TenantId tenant;
  std::unique_ptr<PostgresStore> store;
};

TEST_F(ReplicaTest, lists_that_may_be_stale_go_to_the_replica_and_nothing_else_does) {
  until_the_replica_answers();
  const auto before = from("replica");
  EXPECT_EQ(users(), 1u);
  EXPECT_EQ(run_sync(store->assignments().users_of_role(tenant, "rol_1", {.may_be_stale = true}))
                .value()
                .users.size(),
            0u);
  EXPECT_EQ(logs(), 0u);
  EXPECT_EQ(from("replica"), before + 3);
  EXPECT_EQ(users(false), 1u);
  EXPECT_EQ(logs(false), 0u);
  EXPECT_TRUE(run_sync(store->users().find(tenant, "auth0|1")).value());
  EXPECT_TRUE(run_sync(store->users().find_with_password(tenant, "auth0|1")).value());
  EXPECT_EQ(from("replica"), before + 3) << "what does not say so";
}

TEST_F(ReplicaTest, who_writes_and_looks_sees_the_change_however_far_the_replica_is_behind) {
  until_the_replica_answers();
  standby.sql("postgres", "SELECT pg_wal_replay_pause()");
  for (int i = 2; i < 12; ++i) {
    add_user(std::to_string(i));
    EXPECT_EQ(users(), size_t(i));
  }
  standby.sql("postgres", "SELECT pg_wal_replay_resume()");
  until_the_replica_answers();
  EXPECT_EQ(users(), 11u);
}

TEST_F(ReplicaTest, a_write_of_another_kind_or_tenant_does_not_keep_reads_from_the_replica) {
  const auto other = run_sync(store->tenants().create("other", "k", clock.now())).value().id;
  until_the_replica_answers();
  const auto before = from("primary");
  ASSERT_TRUE(run_sync(store->committer().commit(tenant, {ports::RecordLogin{"auth0|1", "", clock.now()}})));
  ASSERT_TRUE(run_sync(store->committer().commit(other, {ports::RemoveUser{"auth0|9"}})));
  EXPECT_EQ(users(), 1u);
  EXPECT_EQ(from("primary"), before);
}

TEST_F(ReplicaTest, a_replica_that_is_too_far_behind_is_not_asked_until_it_caught_up) {
  until_the_replica_answers();
  standby.sql("postgres", "SELECT pg_wal_replay_pause()");
  // Another process writes: nothing here knows of it but the length of the log.
  primary.sql(database, "UPDATE users SET name='other'");
  until_the_primary_answers();
  EXPECT_GE(registry.gauge("durward_store_replica_lag_milliseconds", "").value(), 500);
  standby.sql("postgres", "SELECT pg_wal_replay_resume()");
  until_the_replica_answers();
}

TEST_F(ReplicaTest, a_replica_that_is_away_or_silent_costs_no_error_and_is_used_again_when_it_is_back) {
  until_the_replica_answers();
  standby.kill();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(users(), 1u);
  until_the_primary_answers();
  standby.start();
  until_the_replica_answers();
  standby.pause();
  const auto start = Steady::now();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(users(), 1u);
  EXPECT_LT(std::chrono::duration<double>(Steady::now() - start).count(), 4.0)
      << "one deadline, then it is known to be behind";
  until_the_primary_answers();
  standby.resume();
  until_the_replica_answers();
}

TEST_F(ReplicaTest, a_store_opens_and_answers_without_its_replica) {
  standby.kill();
  store = PostgresStore::open(options(), clock, random, &registry).value();
  EXPECT_EQ(users(), 1u);
  EXPECT_EQ(from("replica"), 0u);
}

TEST_F(ReplicaTest, a_replica_that_was_promoted_is_none_any_more) {
  until_the_replica_answers();
  standby.promote();
  until_the_primary_answers();
  add_user("2");
  for (int i = 0; i < 50; ++i) EXPECT_EQ(users(), 2u);
}

}  // namespace
}  // namespace durward::adapters
