#include "adapters/postgres/store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <set>

#include "adapters/postgres/migrations/migrations.h"
#include "adapters/postgres/test_cluster.h"
#include "base/executor.h"

namespace durward::adapters {
namespace {

using postgres::TestCluster;

class PostgresStoreTest : public testing::Test {
 protected:
  PostgresStoreTest()
      : database(cluster.create("schema", [this](const std::string& url) {
          PostgresStore::migrate({.url = url}, clock.now()).value();
        })) {}
  ~PostgresStoreTest() override { cluster.drop(database); }

  PostgresOptions options() { return {.url = cluster.url(database)}; }
  std::unique_ptr<PostgresStore> open() { return open(options()); }
  std::unique_ptr<PostgresStore> open(PostgresOptions with) {
    return PostgresStore::open(std::move(with), clock, random, &registry).value();
  }
  domain::TenantId make_tenant(PostgresStore& store, const std::string& name = "acme") {
    return run_sync(store.tenants().create(name, "k", clock.now())).value().id;
  }
  ports::AppendLog record(int64_t id) { return {{.id = id, .date = clock.now()}}; }
  Result<> append(PostgresStore& store, domain::TenantId tenant, int64_t id) {
    return run_sync(store.committer().commit(tenant, {record(id)}));
  }
  Result<> commit(PostgresStore& store, domain::TenantId tenant, ports::Writes writes) {
    return run_sync(store.committer().commit(tenant, std::move(writes)));
  }
  ports::InsertUser user(const std::string& id) {
    domain::User u;
    u.user_id = "auth0|" + id;
    u.identities.push_back({.connection = "db", .provider = "auth0", .user_id = id});
    return {u, {}, ""};
  }
  std::string sql(const std::string& text) { return cluster.sql(database, text); }
  uint64_t count(const char* name, const char* labels = "") {
    return registry.counter(name, "", labels).value();
  }
  // Ends every connection of the store, in the server.
  void cut() {
    sql("SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE "
        "datname=current_database() AND "
        "pid<>pg_backend_pid()");
  }
  static Detached submit(Async<> task, std::atomic<int>& done) {
    if (co_await std::move(task)) ++done;
  }
  template <class F>
  static void at_once(int n, F f) {
    std::vector<std::thread> threads;
    for (int i = 0; i < n; ++i) threads.emplace_back([&f, i] { f(i); });
    for (auto& thread : threads) thread.join();
  }

  TestCluster& cluster = TestCluster::shared();
  FixedClock clock{from_unix_seconds(1'700'000'000)};
  SystemRandom random;
  metrics::Registry registry;
  std::string database;
};

// --- opening and migrating

class EmptyDatabase : public PostgresStoreTest {
 protected:
  EmptyDatabase() : empty(cluster.create()) {}
  ~EmptyDatabase() override { cluster.drop(empty); }
  PostgresOptions empty_options() { return {.url = cluster.url(empty)}; }
  std::string empty;
};

TEST_F(EmptyDatabase, migrations_are_planned_applied_once_and_repeated_harmlessly) {
  auto plan = PostgresStore::plan(empty_options()).value();
  ASSERT_FALSE(plan.empty());
  EXPECT_FALSE(plan[0].applied);
  EXPECT_EQ(cluster.sql(empty, "SELECT count(*) FROM pg_tables WHERE schemaname='public'"), "0")
      << "planning changes nothing";
  EXPECT_EQ(PostgresStore::migrate(empty_options(), clock.now()).value().size(), plan.size());
  EXPECT_TRUE(PostgresStore::migrate(empty_options(), clock.now()).value().empty());
  EXPECT_TRUE(PostgresStore::plan(empty_options()).value().back().applied);
}

TEST_F(EmptyDatabase, of_eight_processes_that_start_at_once_each_step_is_applied_by_one) {
  std::atomic<size_t> applied{0};
  at_once(8, [&](int) { applied += PostgresStore::migrate(empty_options(), clock.now()).value().size(); });
  EXPECT_EQ(applied, postgres::migrations().size());
}

TEST_F(EmptyDatabase, an_older_schema_is_refused_when_migrating_is_not_allowed) {
  auto with = empty_options();
  with.migrate_at_open = false;
  EXPECT_EQ(PostgresStore::open(with, clock, random).error().code, "migration_needed");
}

TEST_F(PostgresStoreTest, a_schema_of_a_newer_program_is_refused) {
  sql("INSERT INTO schema_migrations(number,name,applied_at) VALUES(9999,'future',0)");
  EXPECT_EQ(PostgresStore::open(options(), clock, random).error().code, "newer_schema");
  EXPECT_EQ(PostgresStore::plan(options()).error().code, "newer_schema");
  EXPECT_EQ(PostgresStore::migrate(options(), clock.now()).error().code, "newer_schema");
}

// docs/adr/0016-rolling-upgrade.md: the release before may come back after a step that only expands.
TEST_F(EmptyDatabase, a_schema_that_a_newer_program_only_expanded_is_served) {
  ASSERT_TRUE(PostgresStore::migrate(empty_options(), clock.now()));
  cluster.sql(empty,
              "CREATE TABLE IF NOT EXISTS schema_expansions(number bigint PRIMARY KEY,name text,"
              "applied_at bigint)");
  cluster.sql(empty, "INSERT INTO schema_expansions(number,name,applied_at) VALUES(9999,'future',0)");
  EXPECT_TRUE(PostgresStore::open(empty_options(), clock, random));
  EXPECT_TRUE(PostgresStore::plan(empty_options()).value().back().applied);
  EXPECT_TRUE(PostgresStore::migrate(empty_options(), clock.now()).value().empty());
}

TEST_F(PostgresStoreTest, a_server_that_is_not_there_is_an_error_without_the_password) {
  const auto refused = PostgresStore::open(
      {.url = "postgres://durward@127.0.0.1:1/durward", .password = "hunter2"}, clock, random);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "store_unavailable");
  EXPECT_EQ((refused.error().message + refused.error().debug).find("hunter2"), std::string::npos);
}

TEST_F(PostgresStoreTest, a_url_that_is_none_or_holds_a_password_is_refused) {
  for (const char* url : {"host=x", "postgres://a:hunter2@h/d", "postgres://h/d?password=hunter2",
                          "postgres://a:%zz@h/d", "mysql://h/d"}) {
    const auto checked = PostgresStore::check_url(url);
    ASSERT_FALSE(checked.has_value()) << url;
    EXPECT_EQ(checked.error().code, "bad_store_url");
    EXPECT_EQ(checked.error().message.find("hunter2"), std::string::npos);
  }
  EXPECT_EQ(PostgresStore::shown("postgres://me@h1:1,h2:2/d?sslmode=require"), "postgres://me@h1,h2:1,2/d");
}

TEST_F(PostgresStoreTest, of_several_hosts_the_first_that_takes_writes_is_used) {
  const auto store = open(
      {.url = "postgres://durward@127.0.0.1:1,127.0.0.1:" + std::to_string(cluster.port()) + "/" + database});
  EXPECT_TRUE(append(*store, make_tenant(*store), 1));
}

TEST_F(PostgresStoreTest, a_host_that_takes_no_writes_is_passed_over) {
  sql("ALTER DATABASE " + database + " SET default_transaction_read_only=on");
  EXPECT_EQ(PostgresStore::open(options(), clock, random).error().code, "store_unavailable");
}

// --- one round trip, one transaction

TEST_F(PostgresStoreTest, a_list_of_writes_is_one_round_trip_and_one_transaction) {
  const auto store = open();
  const auto tenant = make_tenant(*store);
  const auto before = count("durward_store_round_trips_total", "kind=\"write\"");
  ASSERT_TRUE(
      commit(*store, tenant,
             {user("1"), ports::RecordLogin{"auth0|1", "1.1.1.1", clock.now()}, record(1), record(2)}));
  EXPECT_EQ(count("durward_store_round_trips_total", "kind=\"write\"") - before, 1u);
  EXPECT_EQ(count("durward_store_commits_total"), 1u);
  EXPECT_EQ(
      sql("SELECT count(DISTINCT xmin::text) FROM (SELECT xmin FROM logs UNION ALL SELECT xmin FROM users "
          "UNION ALL SELECT xmin FROM user_logins) x"),
      "1");
  ASSERT_TRUE(run_sync(store->users().find(tenant, "auth0|1")));
  EXPECT_EQ(count("durward_store_reads_total", "op=\"users.find\""), 1u);
  EXPECT_EQ(count("durward_store_round_trips_total", "kind=\"read\""), 1u);
}

TEST_F(PostgresStoreTest, many_reads_share_one_connection_and_one_that_fails_disturbs_no_other) {
  auto with = options();
  with.read_connections = 1;
  const auto store = open(with);
  const auto tenant = make_tenant(*store);
  ASSERT_TRUE(commit(*store, tenant, {user("1")}));
  std::atomic<int> found{0}, nothing{0};
  at_once(32, [&](int i) {
    for (int n = 0; n < 50; ++n) {
      const std::string id = i % 4 == 0 ? std::string("auth0|\0", 7) : "auth0|1";
      const auto read = run_sync(store->users().find(tenant, id));
      if (read) ++(*read ? found : nothing);
    }
  });
  EXPECT_EQ(found, 24 * 50);
  EXPECT_EQ(nothing, 8 * 50) << "a key that no text can hold finds nothing";
}

TEST_F(PostgresStoreTest, a_text_that_cannot_be_stored_is_refused) {
  const auto store = open();
  const auto tenant = make_tenant(*store);
  for (const std::string& text : {std::string("a\0b", 3), std::string("\xff\xfe")}) {
    auto writes = record(1);
    writes.record.ip = text;
    const auto refused = commit(*store, tenant, {writes});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  }
}

TEST_F(PostgresStoreTest, lists_that_lock_each_other_are_tried_again) {
  const auto store = open();
  const auto tenant = make_tenant(*store);
  ASSERT_TRUE(commit(*store, tenant, {user("1"), user("2")}));
  std::atomic<int> failed{0};
  at_once(3, [&](int i) {
    for (int n = 0; n < 5; ++n) {
      ports::Writes both = {ports::RecordLogin{"auth0|1", "", clock.now()},
                            ports::RecordLogin{"auth0|2", "", clock.now()}};
      if (i % 2) std::swap(both[0], both[1]);
      if (!commit(*store, tenant, both)) ++failed;
    }
  });
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(sql("SELECT sum(logins_count) FROM user_logins"), "30");
}

TEST_F(PostgresStoreTest, a_user_who_is_removed_meanwhile_leaves_no_tokens) {
  const auto store = open();
  const auto tenant = make_tenant(*store);
  std::atomic<int64_t> next{0};
  for (int round = 0; round < 10; ++round) {
    ASSERT_TRUE(commit(*store, tenant, {user("1")}));
    at_once(8, [&](int i) {
      if (i == 0) {
        EXPECT_TRUE(commit(*store, tenant, {ports::RemoveUser{"auth0|1"}}));
        return;
      }
      domain::RefreshToken token;
      token.id = token.family = ++next;
      token.authorization.user_id = "auth0|1";
      const auto made = commit(*store, tenant, {ports::InsertRefreshToken{token}});
      if (!made) EXPECT_EQ(made.error().code, "not_found");
    });
    EXPECT_EQ(sql("SELECT count(*) FROM refresh_tokens"), "0");
  }
}

TEST_F(PostgresStoreTest, a_tenant_that_is_removed_meanwhile_leaves_no_rows) {
  const auto store = open();
  std::atomic<int64_t> next{0};
  for (int round = 0; round < 5; ++round) {
    const auto tenant = make_tenant(*store);
    at_once(8, [&](int i) {
      if (i == 0) {
        EXPECT_TRUE(run_sync(store->tenants().remove(tenant)));
        return;
      }
      const auto made = append(*store, tenant, ++next);
      if (!made) EXPECT_EQ(made.error().code, "not_found");
    });
    EXPECT_EQ(sql("SELECT count(*) FROM logs"), "0");
  }
}

// --- limits

TEST_F(PostgresStoreTest, a_full_queue_is_unavailable) {
  auto with = options();
  with.queue_max = 0;
  const auto store = open(with);
  EXPECT_EQ(append(*store, {1}, 1).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(run_sync(store->logs().find({1}, 1)).error().kind, ErrorKind::unavailable);
}

TEST_F(PostgresStoreTest, a_statement_that_waits_too_long_is_ended_by_its_deadline) {
  auto with = options();
  with.statement_timeout = Milliseconds(200);
  const auto store = open(with);
  const auto tenant = make_tenant(*store);
  ASSERT_TRUE(commit(*store, tenant, {user("1")}));
  const std::unique_ptr<PGconn, void (*)(PGconn*)> other(PQconnectdb(cluster.url(database).c_str()),
                                                         PQfinish);
  PQclear(PQexec(other.get(), "BEGIN; LOCK TABLE user_logins"));
  const ports::RecordLogin login{"auth0|1", "", clock.now()};
  const auto late = commit(*store, tenant, {record(1), login});
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().kind, ErrorKind::unavailable);
  EXPECT_NE(late.error().debug.find("57014"), std::string::npos) << late.error().debug;
  PQclear(PQexec(other.get(), "ROLLBACK"));
  EXPECT_FALSE(run_sync(store->logs().find(tenant, 1)).value()) << "nothing of the list is stored";
  EXPECT_TRUE(commit(*store, tenant, {record(1), login}));
}

// --- faults

TEST_F(PostgresStoreTest, connections_that_were_cut_while_idle_cost_nobody_an_error) {
  const auto store = open();
  const auto tenant = make_tenant(*store);
  for (int64_t i = 1; i <= 5; ++i) {
    cut();
    EXPECT_TRUE(run_sync(store->logs().find(tenant, i)).has_value());
    EXPECT_TRUE(append(*store, tenant, i));
  }
  EXPECT_EQ(sql("SELECT count(*) FROM logs"), "5");
}

TEST_F(PostgresStoreTest, connections_that_are_cut_under_load_lose_no_read_and_no_acknowledged_commit) {
  const auto store = open();
  const auto tenant = make_tenant(*store);
  std::atomic<bool> stop{false};
  std::atomic<int> reads_failed{0};
  std::mutex mutex;
  std::set<int64_t> acknowledged;
  std::thread cutter([&] {
    for (int i = 0; i < 10; ++i) cut();
    stop = true;
  });
  at_once(12, [&](int thread) {
    for (int64_t i = 1; !stop; ++i) {
      const int64_t id = thread * 1'000'000 + i;
      if (const auto stored = append(*store, tenant, id)) {
        std::lock_guard lock(mutex);
        acknowledged.insert(id);
      } else {
        EXPECT_EQ(stored.error().kind, ErrorKind::unavailable) << stored.error().code;
      }
      // A read may meet two cuts in a row, not more than its tries.
      if (const auto read = run_sync(store->logs().find(tenant, id));
          !read && read.error().kind != ErrorKind::unavailable)
        ++reads_failed;
    }
  });
  cutter.join();
  EXPECT_EQ(reads_failed, 0);
  EXPECT_GT(acknowledged.size(), 0u);
  for (const int64_t id : acknowledged) EXPECT_TRUE(run_sync(store->logs().find(tenant, id)).value()) << id;
  EXPECT_TRUE(append(*store, tenant, 99'000'000)) << "no restart was needed";
}

TEST_F(PostgresStoreTest, a_server_killed_in_the_middle_of_work_and_restarted_lost_nothing_acknowledged) {
  const auto store = open();
  const auto tenant = make_tenant(*store);
  std::atomic<int> before{0}, after{0};
  std::atomic<bool> restarted{false};
  std::mutex mutex;
  std::set<int64_t> acknowledged;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 12; ++thread)
    threads.emplace_back([&, thread] {
      for (int64_t i = 1; after < 100; ++i) {
        const int64_t id = thread * 1'000'000 + i;
        if (!append(*store, tenant, id)) continue;
        ++(restarted ? after : before);
        std::lock_guard lock(mutex);
        acknowledged.insert(id);
      }
    });
  while (before < 300) std::this_thread::yield();
  cluster.kill();
  cluster.start();
  restarted = true;
  for (auto& thread : threads) thread.join();
  for (const int64_t id : acknowledged) EXPECT_TRUE(run_sync(store->logs().find(tenant, id)).value()) << id;
  EXPECT_GE(after, 100) << "the same store goes on";
}

TEST_F(PostgresStoreTest, a_server_that_is_away_is_unavailable_and_found_again) {
  auto with = options();
  with.wait_max = Milliseconds(1000);
  const auto store = open(with);
  const auto tenant = make_tenant(*store);
  cluster.kill();
  EXPECT_EQ(append(*store, tenant, 1).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(run_sync(store->logs().find(tenant, 1)).error().kind, ErrorKind::unavailable);
  cluster.start();
  const auto end = std::chrono::steady_clock::now() + Seconds(30);
  Result<> stored = append(*store, tenant, 2);
  while (!stored && std::chrono::steady_clock::now() < end) stored = append(*store, tenant, 2);
  EXPECT_TRUE(stored);
}

TEST_F(PostgresStoreTest, a_server_that_falls_silent_is_found_out_unasked_and_not_waited_for) {
  using Clock = std::chrono::steady_clock;
  const auto by = [](auto condition) {
    const auto end = Clock::now() + Seconds(30);
    bool holds = condition();
    while (!holds && Clock::now() < end) {
      std::this_thread::yield();
      holds = condition();
    }
    return holds;
  };
  auto with = options();
  with.wait_max = Milliseconds(4'000);
  const auto store = open(with);
  const auto tenant = make_tenant(*store);
  ASSERT_TRUE(append(*store, tenant, 1));
  EXPECT_TRUE(store->is_reachable());
  cluster.pause();
  const bool found_out = by([&] { return !store->is_reachable(); });
  const auto begin = Clock::now();
  const auto read = run_sync(store->logs().find(tenant, 1));
  const auto written = append(*store, tenant, 2);
  const auto took = Clock::now() - begin;
  cluster.resume();
  EXPECT_TRUE(found_out);
  EXPECT_EQ(read.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(written.error().kind, ErrorKind::unavailable);
  EXPECT_LT(took, Milliseconds(2'000)) << "nobody waits for what is known to be away";
  EXPECT_TRUE(by([&] { return store->is_reachable(); }));
  EXPECT_TRUE(by([&] { return append(*store, tenant, 3).has_value(); }));
}

TEST_F(PostgresStoreTest, a_connection_that_falls_silent_is_given_up_and_its_read_asked_again) {
  auto with = options();
  with.read_connections = 2;
  with.statement_timeout = Milliseconds(100);
  const auto store = open(with);
  const auto tenant = make_tenant(*store);
  ASSERT_TRUE(append(*store, tenant, 1));
  ASSERT_TRUE(run_sync(store->logs().find(tenant, 1)).value());
  const auto silent = std::stoi(sql(
      "SELECT pid FROM pg_stat_activity WHERE datname=current_database() AND query LIKE '%FROM logs%' AND "
      "pid<>pg_backend_pid() ORDER BY query_start DESC LIMIT 1"));
  ::kill(silent, SIGSTOP);
  int found = 0;
  for (int i = 0; i < 4; ++i) {
    const auto read = run_sync(store->logs().find(tenant, 1));
    found += read && *read;
  }
  ::kill(silent, SIGCONT);
  EXPECT_EQ(found, 4);
}

TEST_F(PostgresStoreTest, what_is_queued_when_the_store_goes_is_stored_and_no_listener_is_called) {
  std::atomic<int> done{0}, heard{0};
  {
    const auto store = open();
    const auto tenant = make_tenant(*store);
    store->on_configuration_change([&heard](domain::TenantId) { ++heard; });
    store->on_configuration_change({});
    for (int64_t i = 1; i <= 50; ++i)
      submit(store->committer().commit(
                 tenant,
                 {record(i), ports::InsertDocument{ports::Collection::roles, {.id = std::to_string(i)}, {}}}),
             done);
  }
  EXPECT_EQ(done, 50);
  EXPECT_EQ(heard, 0);
  EXPECT_EQ(sql("SELECT count(*) FROM logs"), "50");
}

TEST_F(PostgresStoreTest, a_damaged_row_costs_one_read_and_no_connection) {
  const auto store = open();
  const auto tenant = make_tenant(*store);
  ASSERT_TRUE(commit(*store, tenant, {user("1"), user("2")}));
  sql("UPDATE users SET identities='[1]' WHERE user_id='auth0|1'");
  for (int i = 0; i < 10; ++i) EXPECT_ANY_THROW((void)run_sync(store->users().find(tenant, "auth0|1")));
  EXPECT_TRUE(run_sync(store->users().find(tenant, "auth0|2")).value());
}

// --- several processes

// What a process hears; waits for it.
struct Heard {
  void add(int64_t tenant) {
    std::lock_guard lock(mutex);
    all.push_back(tenant);
    changed.notify_all();
  }
  bool wait_for(int64_t tenant) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(10),
                            [&] { return std::ranges::find(all, tenant) != all.end(); });
  }
  size_t times(int64_t tenant) {
    std::lock_guard lock(mutex);
    return size_t(std::ranges::count(all, tenant));
  }
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<int64_t> all;
};

TEST_F(PostgresStoreTest, a_change_is_heard_in_other_processes_and_once_in_its_own) {
  Heard mine, theirs;
  const auto here = open(), there = open();
  there->on_configuration_change([&](domain::TenantId tenant) { theirs.add(tenant.value); });
  here->on_configuration_change([&](domain::TenantId tenant) { mine.add(tenant.value); });
  const auto tenant = make_tenant(*here);
  const ports::InsertDocument insert{ports::Collection::roles, {.id = "r1"}, {}};
  ASSERT_TRUE(commit(*here, tenant, {insert}));
  EXPECT_EQ(mine.times(tenant.value), 1u) << "before its author goes on";
  ASSERT_TRUE(theirs.wait_for(tenant.value));
  ASSERT_FALSE(commit(*here, tenant, {insert})) << "a change that failed is not told";
  ASSERT_TRUE(append(*here, tenant, 1));
  const ports::InsertDocument more{ports::Collection::roles, {.id = "r2"}, {}};
  ASSERT_TRUE(commit(*there, tenant, {more}));
  EXPECT_EQ(theirs.times(tenant.value), 2u);
}

TEST_F(PostgresStoreTest, an_event_wakes_the_worker_of_another_process) {
  Heard woken;
  const auto here = open(), there = open();
  const auto tenant = make_tenant(*here);
  there->outbox().on_event([&] { woken.add(2); });
  ASSERT_TRUE(
      commit(*here, tenant, {ports::AppendEvent{{.id = 1, .type = "user.created", .time = clock.now()}}}));
  EXPECT_TRUE(woken.wait_for(2));
}

TEST_F(PostgresStoreTest, who_could_not_listen_for_a_while_hears_that_something_may_be_missing) {
  Heard heard;
  const auto store = open();
  store->on_configuration_change([&](domain::TenantId tenant) { heard.add(tenant.value); });
  cut();
  EXPECT_TRUE(heard.wait_for(0));
}

}  // namespace
}  // namespace durward::adapters
