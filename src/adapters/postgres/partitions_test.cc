// Partitions by time: rows go where they belong, are found there, and go away without being deleted one by
// one.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "adapters/postgres/migrations/migrations.h"
#include "adapters/postgres/script.h"
#include "adapters/postgres/store.h"
#include "adapters/postgres/test_cluster.h"
#include "base/executor.h"
#include "base/sequence.h"

namespace durward::adapters {
namespace {

using postgres::TestCluster;

class PartitionsTest : public testing::Test {
 protected:
  PartitionsTest()
      : database(cluster.create("schema", [this](const std::string& url) {
          PostgresStore::migrate({.url = url}, clock.now()).value();
        })) {
    open({});
  }
  ~PartitionsTest() override {
    store.reset();
    cluster.drop(database);
  }
  void open(PostgresOptions options) {
    options.url = cluster.url(database);
    store = PostgresStore::open(options, clock, random, &registry).value();
    const auto found = run_sync(store->tenants().find_by_name("acme")).value();
    tenant = found ? found->id : run_sync(store->tenants().create("acme", "k", clock.now())).value().id;
  }
  Result<> commit(ports::Writes writes) {
    return run_sync(store->committer().commit(tenant, std::move(writes)));
  }
  int64_t sweep() { return run_sync(store->jobs().sweep(clock.now(), 100'000)).value(); }
  std::string sql(const std::string& text) { return cluster.sql(database, text); }
  std::string partitions(const std::string& table) {
    return sql("SELECT count(*) FROM partitions WHERE parent='" + table + "'");
  }
  std::string place_of(const std::string& table, int64_t id) {
    return sql("SELECT tableoid::regclass::text FROM " + table + " WHERE id=" + std::to_string(id));
  }
  ports::InsertCode code(Seconds lifetime = Seconds(60)) {
    domain::AuthorizationCode c;
    c.id = sequence.next();
    c.secret_sha256 = std::string(32, '\1');
    c.created_at = clock.now();
    c.expires_at = clock.now() + lifetime;
    return {c};
  }
  ports::InsertTicket ticket(Seconds lifetime) {
    return {{.id = sequence.next(), .expires_at = clock.now() + lifetime}};
  }
  ports::AppendLog record() { return {{.id = sequence.next(), .date = clock.now(), .type = "s"}}; }

  TestCluster& cluster = TestCluster::shared();
  FixedClock clock{from_unix_seconds(1'893'456'000)};  // 2030-01-01, after what the migration leaves alone
  SystemRandom random;
  metrics::Registry registry;
  Sequence sequence{clock, random};
  std::string database;
  domain::TenantId tenant;
  std::unique_ptr<PostgresStore> store;
};

TEST_F(PartitionsTest, they_are_made_ahead_once_and_rows_go_to_that_of_their_time) {
  sweep();
  EXPECT_EQ(partitions("codes"), "8") << "the present one, six ahead, and what was before";
  EXPECT_EQ(partitions("logs"), "4");
  sweep();
  EXPECT_EQ(partitions("codes"), "8");
  const auto now = code(), log_now = code();
  const auto log = record();
  ASSERT_TRUE(commit({now, log_now, log}));
  clock.advance(Seconds(600));
  const auto later = code();
  ASSERT_TRUE(commit({later}));
  EXPECT_EQ(place_of("codes", now.code.id), "codes_20300101_0000");
  EXPECT_EQ(place_of("codes", later.code.id), "codes_20300101_0010");
  EXPECT_EQ(place_of("logs", log.record.id), "logs_20300101_0000");
  EXPECT_EQ(run_sync(store->codes().find(tenant, later.code.id)).value()->id, later.code.id);
  EXPECT_EQ(commit({later}).error().code, "id_taken");
}

// Who appends an event has written log records before and holds its lock to the end: one lock for both would
// have the two wait for each other.
TEST_F(PartitionsTest, a_change_that_is_being_committed_does_not_keep_them_from_being_made) {
  const std::unique_ptr<PGconn, void (*)(PGconn*)> other(PQconnectdb(cluster.url(database).c_str()),
                                                         PQfinish);
  PQclear(PQexec(other.get(), "BEGIN"));
  PQclear(PQexec(other.get(), postgres::lock_events_sql));
  EXPECT_EQ(
      sql("SELECT durward_add_partition('codes',durward_key(1893456000000),durward_key(1893456600000),80)"),
      "t");
  EXPECT_EQ(partitions("codes"), "2");
}

TEST_F(PartitionsTest, one_is_dropped_when_everything_in_it_is_expired_and_not_before) {
  sweep();
  const auto quick = code(), slow = code(Seconds(3600));
  ASSERT_TRUE(commit({quick, slow}));
  clock.advance(Seconds(1200));
  sweep();
  EXPECT_EQ(sql("SELECT count(*) FROM codes"), "2") << "one code of that time lives";
  EXPECT_FALSE(run_sync(store->codes().find(tenant, quick.code.id)).value());
  EXPECT_TRUE(run_sync(store->codes().find(tenant, slow.code.id)).value());
  ASSERT_TRUE(commit({ports::ConsumeCode{slow.code.id, clock.now()}}));
  EXPECT_EQ(commit({ports::ConsumeCode{slow.code.id, clock.now()}}).error().code, "code_consumed");
  clock.advance(Seconds(2401));
  EXPECT_EQ(sweep(), 0) << "no row was deleted";
  EXPECT_EQ(sql("SELECT count(*) FROM codes"), "0");
  EXPECT_EQ(sql("SELECT count(*) FROM pg_tables WHERE tablename='codes_20300101_0000'"), "0");
}

TEST_F(PartitionsTest, log_records_and_tickets_live_as_long_as_they_were_promised) {
  open({.log_retention = Seconds(2 * 86400)});
  sweep();
  const auto log = record();
  const auto short_one = ticket(Seconds(60)), long_one = ticket(Seconds(3 * 86400));
  ASSERT_TRUE(commit({log, short_one, long_one}));
  for (int hours = 0; hours < 48; ++hours) {
    clock.advance(Seconds(3600));
    sweep();
    ASSERT_TRUE(run_sync(store->logs().find(tenant, log.record.id)).value()) << hours;
  }
  EXPECT_TRUE(run_sync(store->tickets().find(tenant, long_one.ticket.id)).value());
  clock.advance(Seconds(86400 + 7200));
  sweep();
  EXPECT_FALSE(run_sync(store->logs().find(tenant, log.record.id)).value());
  EXPECT_EQ(sql("SELECT count(*) FROM tickets"), "0");
}

TEST_F(PartitionsTest, a_row_without_a_partition_of_its_time_is_stored_found_and_swept) {
  clock.advance(Seconds(30 * 86400));  // no worker ran for a month
  const auto made = code();
  const auto log = record();
  ASSERT_TRUE(commit({made, log}));
  EXPECT_EQ(place_of("codes", made.code.id), "codes_rest");
  sweep();
  EXPECT_TRUE(run_sync(store->codes().find(tenant, made.code.id)).value());
  const auto next = code();
  ASSERT_TRUE(commit({next}));
  EXPECT_EQ(place_of("codes", next.code.id), "codes_rest") << "its period has rows there already";
  clock.advance(Seconds(600));
  const auto after = code();
  ASSERT_TRUE(commit({after}));
  EXPECT_NE(place_of("codes", after.code.id), "codes_rest");
  EXPECT_EQ(sweep(), 2);
  EXPECT_TRUE(run_sync(store->codes().find(tenant, after.code.id)).value());
}

TEST_F(PartitionsTest, a_table_that_is_busy_is_left_to_the_next_sweep) {
  sweep();
  ASSERT_TRUE(commit({code()}));
  clock.advance(Seconds(3600));
  const std::unique_ptr<PGconn, void (*)(PGconn*)> other(PQconnectdb(cluster.url(database).c_str()),
                                                         PQfinish);
  PQclear(PQexec(other.get(), "BEGIN; SELECT count(*) FROM codes"));
  sweep();
  EXPECT_EQ(sql("SELECT count(*) FROM codes"), "1");
  PQclear(PQexec(other.get(), "ROLLBACK"));
  sweep();
  EXPECT_EQ(sql("SELECT count(*) FROM codes"), "0");
}

TEST_F(PartitionsTest, workers_that_sweep_at_once_under_load_lose_no_commit) {
  sweep();
  std::atomic<bool> stop{false};
  std::atomic<int> failed{0}, stored{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&] {
      while (!stop) {
        const auto made = code();
        const bool ok =
            commit({made, record()}) && commit({ports::ConsumeCode{made.code.id, made.code.created_at}});
        ++(ok ? stored : failed);
      }
    });
  std::vector<std::thread> sweepers;
  for (int i = 0; i < 3; ++i)
    sweepers.emplace_back([&] {
      for (int round = 0; round < 10; ++round) {
        (void)run_sync(store->jobs().sweep(clock.now(), 1000));
        clock.advance(Seconds(20));
      }
    });
  for (auto& thread : sweepers) thread.join();
  stop = true;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_GT(stored, 0);
  EXPECT_EQ(sql("SELECT count(*) FROM logs"), std::to_string(stored));
}

// --- databases from before

struct Before : testing::Test {
  Before() : database(cluster.create()) {
    cluster.sql(database,
                "CREATE TABLE schema_migrations(number bigint PRIMARY KEY,name text NOT NULL,applied_at "
                "bigint NOT NULL)");
    for (const auto& m : postgres::migrations())
      if (m.number < 4)
        cluster.sql(database, std::string(m.sql) + ";INSERT INTO schema_migrations VALUES(" +
                                  std::to_string(m.number) + ",'" + m.name + "',0)");
  }
  ~Before() override { cluster.drop(database); }
  TestCluster& cluster = TestCluster::shared();
  FixedClock clock{from_unix_seconds(1'893'456'000)};
  SystemRandom random;
  std::string database;
};

TEST_F(Before, the_statements_of_the_previous_version_go_on_while_and_after_the_tables_become_partitioned) {
  cluster.sql(database, "INSERT INTO tenants VALUES(1,'acme','k',1,0)");
  const std::unique_ptr<PGconn, void (*)(PGconn*)> old(PQconnectdb(cluster.url(database).c_str()), PQfinish);
  const auto run = [&](const std::string& text) {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(old.get(), text.c_str()), PQclear);
    const auto status = PQresultStatus(result.get());
    EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) << PQerrorMessage(old.get());
    return PQntuples(result.get()) > 0 ? std::string(PQgetvalue(result.get(), 0, 0)) : std::string();
  };
  run("PREPARE put(bigint) AS INSERT INTO codes(tenant,\"user\",id,secret,grant_id,expires_at,detail) "
      "VALUES(1,0,$1,'x',1,9000000000000,'{}')");
  run("PREPARE use(bigint) AS WITH changed AS (UPDATE codes SET consumed_at=1 WHERE id=$1 AND tenant=1 AND "
      "consumed_at IS NULL RETURNING 1) SELECT durward_refuse('code_consumed') WHERE NOT EXISTS(SELECT 1 "
      "FROM changed)");
  run("PREPARE log(bigint) AS INSERT INTO logs(tenant,id,date,type,user_id,client_id,connection,ip,detail) "
      "VALUES(1,$1,1,'s','u','c','d','i','{}')");
  run("PREPARE logs(bigint) AS SELECT count(*) FROM logs WHERE tenant=1 AND id>=$1");
  const auto round = [&](int64_t id) {
    for (const char* statement : {"put", "use", "log"})
      run("EXECUTE " + std::string(statement) + "(" + std::to_string(id) + ")");
  };
  for (int64_t id = 1; id <= 10; ++id) round(id);

  std::atomic<bool> stop{false};
  std::atomic<int64_t> last{10};
  std::thread load([&] {
    while (!stop) round(++last);
  });
  while (last < 50) std::this_thread::yield();
  ASSERT_TRUE(PostgresStore::migrate({.url = cluster.url(database)}, clock.now()));
  const int64_t migrated = last;
  while (last < migrated + 50) std::this_thread::yield();
  stop = true;
  load.join();
  EXPECT_EQ(run("EXECUTE logs(0)"), std::to_string(last));
  EXPECT_EQ(
      run("DELETE FROM codes WHERE id IN(SELECT id FROM codes ORDER BY id LIMIT 5 FOR UPDATE SKIP LOCKED) "
          "RETURNING 1"),
      "1");

  const auto store = PostgresStore::open({.url = cluster.url(database)}, clock, random).value();
  EXPECT_TRUE(run_sync(store->logs().find({1}, 7)).value());
  EXPECT_TRUE(run_sync(store->codes().find({1}, 7)).value()->consumed_at);
}

// --- steady load

TEST_F(PartitionsTest, days_of_steady_load_do_not_grow_the_database) {
  open({.log_retention = Seconds(86400), .rotated_token_retention = Seconds(2 * 3600)});
  domain::User u;
  u.user_id = "auth0|1";
  u.identities.push_back({.connection = "db", .provider = "auth0", .user_id = "1"});
  ASSERT_TRUE(commit({ports::InsertUser{u, {}, ""}}));
  const auto login = [&] {
    domain::Session session{.id = sequence.next(),
                            .public_part = std::string(16, 'p'),
                            .secret_sha256 = std::string(32, 's'),
                            .user_id = u.user_id};
    session.idle_expires_at = clock.now() + Seconds(3600);
    session.expires_at = clock.now() + Seconds(6 * 3600);
    const auto made = code();
    domain::RefreshToken token{.id = sequence.next(), .secret_sha256 = std::string(32, 't')};
    token.family = token.id;
    token.authorization.user_id = u.user_id;
    token.created_at = clock.now();
    token.expires_at = clock.now() + Seconds(4 * 3600);
    auto next = token;
    next.id = sequence.next();
    session.updated_at = clock.now() + Seconds(60);
    return commit({ports::InsertSession{session}, ports::RecordLogin{u.user_id, "1.1.1.1", clock.now()}, made,
                   record()}) &&
           commit(
               {ports::ConsumeCode{made.code.id, clock.now()}, ports::InsertRefreshToken{token}, record()}) &&
           commit({ports::RotateRefreshToken{token.id, clock.now()}, ports::InsertRefreshToken{next},
                   ports::ReplaceSession{session}, record()});
  };
  std::vector<int64_t> kib;
  for (int day = 1; day <= 5; ++day) {
    for (int hour = 0; hour < 24; ++hour) {
      for (int n = 0; n < 10; ++n) ASSERT_TRUE(login());
      clock.advance(Seconds(3600));
      sweep();
      // The server does it by itself, by its own clock.
      if (hour % 4 == 0) sql("VACUUM sessions, refresh_tokens, user_logins, partitions");
    }
    kib.push_back(
        std::stoll(sql("SELECT sum(pg_total_relation_size(oid))/1024 FROM pg_class WHERE relkind='r' AND "
                       "relnamespace='public'::regnamespace")));
    std::printf("day %d: %lld KiB, %s codes, %s log records, %s sessions, %s refresh tokens\n", day,
                static_cast<long long>(kib.back()), sql("SELECT count(*) FROM codes").c_str(),
                sql("SELECT count(*) FROM logs").c_str(), sql("SELECT count(*) FROM sessions").c_str(),
                sql("SELECT count(*) FROM refresh_tokens").c_str());
  }
  EXPECT_LE(kib[4], kib[2] * 105 / 100);
  EXPECT_EQ(sql("SELECT count(*) FROM codes_rest"), "0");
  EXPECT_EQ(sql("SELECT count(*) FROM logs_rest"), "0");
}

}  // namespace
}  // namespace durward::adapters
