#include "adapters/sqlite/store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include "adapters/sqlite/database.h"
#include "adapters/sqlite/temporary_file.h"
#include "base/executor.h"

namespace durward::adapters {
namespace {

class StoreTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteStore> open(SqliteOptions options = {}) {
    options.path = file.path();
    return SqliteStore::open(options, clock, &registry).value();
  }
  domain::TenantId make_tenant(SqliteStore& store) {
    return run_sync(store.tenants().create("acme", "k", clock.now())).value().id;
  }
  ports::AppendLog record(int64_t id) {
    return {{.id = id, .date = clock.now(), .description = std::string(200, 'x')}};
  }
  Result<> append(SqliteStore& store, domain::TenantId tenant, int64_t id) {
    return run_sync(store.committer().commit(tenant, {record(id)}));
  }
  std::vector<int64_t> ids(SqliteStore& store, domain::TenantId tenant) {
    std::vector<int64_t> out;
    std::optional<int64_t> after = 0;
    for (size_t n = 1; n > 0;) {
      const auto page = run_sync(store.logs().list(tenant, {.limit = 1000, .after = after})).value();
      for (const auto& r : page) out.push_back(r.id);
      n = page.size();
      if (n > 0) after = out.back();
    }
    return out;
  }
  // Starts a commit nobody waits for; it goes on where the store resumes it.
  static Detached submit(Async<> commit, std::atomic<int>& done) {
    const auto result = co_await std::move(commit);
    if (result) ++done;
  }
  uint64_t count(const char* name) { return registry.counter(name, "").value(); }

  // Runs f in a child process that ends without any cleaning up; returns what it wrote to `out`.
  template <class F>
  std::string in_child(F f) {
    int pipe_ends[2];
    if (::pipe(pipe_ends) != 0) throw std::runtime_error("pipe");
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe_ends[0]);
      f(pipe_ends[1]);
      ::_exit(0);
    }
    ::close(pipe_ends[1]);
    std::string out;
    char buffer[4096];
    for (ssize_t n; (n = ::read(pipe_ends[0], buffer, sizeof buffer)) > 0;) out.append(buffer, size_t(n));
    ::close(pipe_ends[0]);
    ::waitpid(child, nullptr, 0);
    return out;
  }

  sqlite::TemporaryFile file;
  FixedClock clock{from_unix_seconds(1'700'000'000)};
  metrics::Registry registry;
};

TEST_F(StoreTest, a_reopened_file_has_everything) {
  domain::TenantId tenant;
  {
    const auto store = open();
    tenant = make_tenant(*store);
    for (int64_t i = 1; i <= 100; ++i) ASSERT_TRUE(append(*store, tenant, i));
  }
  const auto store = open();
  EXPECT_EQ(ids(*store, tenant).size(), 100u);
  EXPECT_EQ(run_sync(store->tenants().find_by_name("acme")).value()->id, tenant);
}

TEST_F(StoreTest, a_process_that_dies_loses_no_acknowledged_commit) {
  // Sixteen threads commit and report each acknowledgement; the process dies in the middle of it.
  const auto acknowledged = in_child([this](int out) {
    const auto store = open();
    const auto tenant = make_tenant(*store);
    std::atomic<int> done{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 16; ++t)
      threads.emplace_back([&, t] {
        for (int64_t i = 0;; ++i) {
          const int64_t id = t * 1'000'000 + i + 1;
          if (!append(*store, tenant, id)) return;
          (void)!::write(out, &id, sizeof id);
          if (++done == 500) ::_exit(1);
        }
      });
    for (auto& thread : threads) thread.join();
  });
  ASSERT_GE(acknowledged.size(), 500 * sizeof(int64_t));
  const auto store = open();
  const auto tenant = run_sync(store->tenants().find_by_name("acme")).value()->id;
  const auto found = ids(*store, tenant);
  for (size_t i = 0; i + sizeof(int64_t) <= acknowledged.size(); i += sizeof(int64_t)) {
    int64_t id;
    std::memcpy(&id, acknowledged.data() + i, sizeof id);
    EXPECT_TRUE(std::ranges::binary_search(found, id)) << id;
  }
}

TEST_F(StoreTest, a_copy_of_the_open_file_and_its_log_has_every_acknowledged_commit) {
  const auto store = open();
  const auto tenant = make_tenant(*store);
  for (int64_t i = 1; i <= 50; ++i) ASSERT_TRUE(append(*store, tenant, i));
  sqlite::TemporaryFile copy;
  std::filesystem::copy_file(file.path(), copy.path());
  std::filesystem::copy_file(file.path() + "-wal", copy.path() + "-wal");
  const auto copied = SqliteStore::open({.path = copy.path()}, clock).value();
  EXPECT_EQ(ids(*copied, tenant).size(), 50u);
}

TEST_F(StoreTest, a_full_disk_refuses_commits_whole_and_leaves_the_store_readable) {
  const auto report = in_child([this](int out) {
    const auto store = open();
    const auto tenant = make_tenant(*store);
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{600'000, 600'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    int64_t good = 0;
    for (int64_t i = 0; i < 10'000; ++i) {
      // Two rows a list: never one without the other.
      const auto result = run_sync(store->committer().commit(tenant, {record(2 * i + 1), record(2 * i + 2)}));
      if (result) {
        ++good;
        continue;
      }
      const bool as_promised =
          result.error().kind == ErrorKind::unavailable && ids(*store, tenant).size() == size_t(2 * good);
      good = as_promised ? good : -1;
      break;
    }
    (void)!::write(out, &good, sizeof good);
  });
  int64_t good = 0;
  ASSERT_EQ(report.size(), sizeof good);
  std::memcpy(&good, report.data(), sizeof good);
  ASSERT_GT(good, 0);
  ASSERT_LT(good, 10'000) << "the disk was never full";
  const auto store = open();
  const auto tenant = run_sync(store->tenants().find_by_name("acme")).value()->id;
  EXPECT_EQ(ids(*store, tenant).size(), size_t(2 * good));
  EXPECT_TRUE(append(*store, tenant, 999'999)) << "with room again, commits go on";
}

TEST_F(StoreTest, migrations_are_planned_applied_once_and_repeated_harmlessly) {
  auto plan = SqliteStore::plan(file.path()).value();
  ASSERT_FALSE(plan.empty());
  EXPECT_FALSE(plan[0].applied);
  EXPECT_FALSE(std::filesystem::exists(file.path())) << "planning changes nothing";
  EXPECT_EQ(SqliteStore::migrate(file.path(), clock.now()).value().size(), plan.size());
  EXPECT_TRUE(SqliteStore::migrate(file.path(), clock.now()).value().empty());
  plan = SqliteStore::plan(file.path()).value();
  EXPECT_TRUE(plan.back().applied);
}

TEST_F(StoreTest, a_file_of_a_newer_program_is_refused) {
  open();
  {
    sqlite::Database db(file.path(), {});
    db.run("INSERT INTO schema_migrations(number,name,applied_at) VALUES(?,?,?)", 9999, "future", 0);
  }
  const auto refused = SqliteStore::open({.path = file.path()}, clock);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "newer_schema");
  EXPECT_EQ(SqliteStore::plan(file.path()).error().code, "newer_schema");
}

// docs/adr/0016-rolling-upgrade.md: the release before may come back after a step that only expands.
TEST_F(StoreTest, a_file_that_a_newer_program_only_expanded_is_served) {
  open();
  {
    sqlite::Database db(file.path(), {});
    db.execute(
        "CREATE TABLE IF NOT EXISTS schema_expansions(number INTEGER PRIMARY KEY, name TEXT, applied_at "
        "INTEGER)");
    db.run("INSERT INTO schema_expansions(number,name,applied_at) VALUES(?,?,?)", 9999, "future", 0);
  }
  EXPECT_TRUE(SqliteStore::open({.path = file.path()}, clock));
  EXPECT_TRUE(SqliteStore::plan(file.path()).value().back().applied);
}

TEST_F(StoreTest, an_older_file_is_refused_when_migrating_is_not_allowed) {
  const auto refused = SqliteStore::open({.path = file.path(), .migrate_at_open = false}, clock);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "migration_needed");
}

TEST_F(StoreTest, a_file_that_is_no_database_is_an_error_not_a_crash) {
  sqlite::TemporaryFile elsewhere;
  const auto missing_folder = SqliteStore::open({.path = elsewhere.path() + "/no/store.db"}, clock);
  EXPECT_EQ(missing_folder.error().code, "store_unavailable");
  {
    std::unique_ptr<FILE, int (*)(FILE*)> f(std::fopen(file.path().c_str(), "w"), &std::fclose);
    std::fputs(std::string(4096, 'x').c_str(), f.get());
  }
  EXPECT_EQ(SqliteStore::open({.path = file.path()}, clock).error().code, "store_unavailable");
}

TEST_F(StoreTest, full_queues_are_unavailable) {
  {
    make_tenant(*open());
  }
  const auto store = open({.reader_threads = 1, .read_queue_max = 0, .commit_queue_max = 0});
  EXPECT_EQ(append(*store, {1}, 1).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(run_sync(store->logs().find({1}, 1)).error().kind, ErrorKind::unavailable);
}

TEST_F(StoreTest, what_is_queued_when_the_store_goes_is_stored_and_no_listener_is_called) {
  domain::TenantId tenant;
  std::atomic<int> heard{0}, done{0};
  {
    const auto store = open();
    tenant = make_tenant(*store);
    store->on_configuration_change([&heard](domain::TenantId) { ++heard; });
    for (int64_t i = 1; i <= 50; ++i)
      submit(store->committer().commit(
                 tenant,
                 {record(i), ports::InsertDocument{ports::Collection::roles, {.id = std::to_string(i)}, {}}}),
             done);
    store->on_configuration_change({});
    heard = 0;
  }
  EXPECT_EQ(done, 50);
  EXPECT_EQ(heard, 0);
  const auto store = open();
  EXPECT_EQ(ids(*store, tenant).size(), 50u);
}

TEST_F(StoreTest, a_damaged_row_costs_one_read_and_no_connection) {
  const auto store = open({.reader_threads = 1, .inline_reads = true});
  const auto tenant = make_tenant(*store);
  for (const char* id : {"1", "2"}) {
    domain::User user;
    user.user_id = "auth0|" + std::string(id);
    user.identities.push_back({.connection = "db", .provider = "auth0", .user_id = id});
    ASSERT_TRUE(run_sync(store->committer().commit(tenant, {ports::InsertUser{user, {}, ""}})));
  }
  {
    sqlite::Database db(file.path(), {});
    db.run("UPDATE users SET identities='[1]' WHERE user_id='auth0|1'");
  }
  for (int i = 0; i < 10; ++i) {
    EXPECT_ANY_THROW((void)run_sync(store->users().find(tenant, "auth0|1")));
    EXPECT_ANY_THROW((void)run_sync(store->users().list(tenant, {})));
  }
  EXPECT_TRUE(run_sync(store->users().find(tenant, "auth0|2")).value());
  EXPECT_EQ(run_sync(store->users().list(tenant, {.all_of = {{"user_id", "auth0|2"}}})).value().users.size(),
            1u);
}

TEST_F(StoreTest, reads_and_commits_are_counted) {
  const auto store = open();
  const auto tenant = make_tenant(*store);
  ASSERT_TRUE(append(*store, tenant, 1));
  ASSERT_TRUE(run_sync(store->logs().find(tenant, 1)));
  EXPECT_EQ(count("durward_store_commits_total"), 1u);
  EXPECT_EQ(count("durward_store_flushes_total"), 2u) << "the tenant and the record";
  EXPECT_EQ(registry.counter("durward_store_reads_total", "", "op=\"logs.find\"").value(), 1u);
}

TEST_F(StoreTest, listeners_hear_of_changed_documents_before_the_waiter_goes_on) {
  const auto store = open();
  std::vector<int64_t> heard;
  store->on_configuration_change([&heard](domain::TenantId tenant) { heard.push_back(tenant.value); });
  const auto tenant = make_tenant(*store);
  EXPECT_EQ(heard, std::vector<int64_t>{0});
  heard.clear();
  const ports::InsertDocument insert{ports::Collection::roles, {.id = "r1"}, {}};
  ASSERT_TRUE(run_sync(store->committer().commit(tenant, {insert})));
  EXPECT_EQ(heard, std::vector<int64_t>{tenant.value});
  heard.clear();
  ASSERT_FALSE(run_sync(store->committer().commit(tenant, {insert})));
  ASSERT_TRUE(append(*store, tenant, 1));
  EXPECT_TRUE(heard.empty());
}

TEST_F(StoreTest, a_tenant_number_is_never_used_again) {
  const auto store = open();
  const auto first = make_tenant(*store);
  ASSERT_TRUE(run_sync(store->tenants().remove(first)));
  EXPECT_GT(make_tenant(*store), first);
}

TEST_F(StoreTest, steady_load_with_sweeping_does_not_grow_the_file) {
  const auto store = open();
  const auto tenant = make_tenant(*store);
  domain::User user;
  user.user_id = "auth0|1";
  ASSERT_TRUE(run_sync(store->committer().commit(tenant, {ports::InsertUser{user, {}, ""}})));
  const auto pages = [this] {
    sqlite::Database db(file.path(), {.read_only = true});
    auto q = db.query("PRAGMA page_count");
    q.step();
    return q.integer(0);
  };
  int64_t id = 0, settled = 0;
  for (int day = 0; day < 8; ++day) {
    ports::Writes writes;
    for (int i = 0; i < 300; ++i) {
      domain::AuthorizationCode code;
      code.id = ++id;
      code.secret_sha256 = std::string(32, 's');
      code.authorization.user_id = "auth0|1";
      code.expires_at = clock.now() + Seconds(60);
      writes.push_back(ports::InsertCode{code});
    }
    ASSERT_TRUE(run_sync(store->committer().commit(tenant, writes)));
    clock.advance(Seconds(60));
    ASSERT_EQ(run_sync(store->jobs().sweep(clock.now(), 1000)), 300);
    if (day == 2) settled = pages();
  }
  EXPECT_EQ(pages(), settled);
}

TEST_F(StoreTest, processes_that_take_node_numbers_at_once_get_different_ones) {
  constexpr int processes = 8, each = 4;
  open().reset();  // makes the file
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < processes; ++i) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    const auto store = open();
    for (int n = 0; n < each; ++n) {
      const auto taken =
          run_sync(store->nodes().take("p" + std::to_string(i), clock.now(), clock.now() + Seconds(60)));
      const int64_t number = taken ? taken->number : -1;
      if (::write(ends[1], &number, sizeof number) != sizeof number) ::_exit(1);
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  std::set<int64_t> numbers;
  for (int64_t number; ::read(ends[0], &number, sizeof number) == sizeof number;) numbers.insert(number);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
  EXPECT_EQ(numbers.size(), size_t(processes * each));
  EXPECT_FALSE(numbers.contains(-1));
}

}  // namespace
}  // namespace durward::adapters
