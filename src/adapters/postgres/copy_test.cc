#include "adapters/postgres/copy.h"

#include <gtest/gtest.h>

#include "adapters/postgres/test_cluster.h"
#include "adapters/sqlite/database.h"
#include "adapters/sqlite/store.h"
#include "adapters/sqlite/temporary_file.h"
#include "base/executor.h"

namespace durward::adapters {
namespace {

class CopyTest : public testing::Test {
 protected:
  CopyTest() : database(cluster.create()) { fill(); }
  ~CopyTest() override { cluster.drop(database); }

  static ports::InsertUser user(const std::string& id) {
    domain::User u;
    u.user_id = "auth0|" + id;
    u.identities.push_back({.connection = "db", .provider = "auth0", .user_id = id});
    u.profile = {{"email", id + "@example.com"}, {"z", 1}, {"a", "\xC3\xA9"}};
    return {u, {{"db", "email", id + "@example.com"}}, "hash"};
  }
  // At least one row in every table.
  void fill() {
    const auto store = SqliteStore::open({.path = file.path()}, clock).value();
    tenant = run_sync(store->tenants().create("acme", "k", clock.now())).value().id;
    const std::string id = "auth0|u1";
    domain::Session session{
        .id = 1, .public_part = "p", .secret_sha256 = std::string("\0\xff", 2), .user_id = id};
    session.idle_expires_at = session.expires_at = clock.now() + Seconds(60);
    domain::AuthorizationCode code{.id = 2, .secret_sha256 = "s"};
    code.authorization.user_id = id;
    domain::RefreshToken token{.id = 3, .secret_sha256 = "s", .family = 3};
    token.authorization.user_id = id;
    ports::Writes writes = {
        user("u1"),
        ports::SetPassword{id, "new", clock.now(), 2},
        ports::InsertDocument{ports::Collection::roles, {.id = "r1"}, {{"name", "r", true}, {"plain", "x"}}},
        ports::AddUserRole{id, "r1"},
        ports::AddUserPermission{id, {"api", "read"}},
        ports::AddRolePermission{"r1", {"api", "read"}},
        ports::InsertSession{session},
        ports::InsertCode{code},
        ports::InsertRefreshToken{token},
        ports::RevokeGrant{9, clock.now()},
        ports::PutGrant{{.id = "g1", .user_id = id, .client_id = "c", .audience = "api"}},
        ports::InsertTicket{{.id = 4, .secret_sha256 = "s", .user_id = id}},
        ports::PutBlock{{.connection = "db",
                         .identifier = "u1@example.com",
                         .ip = "192.0.2.1",
                         .user_id = id,
                         .expires_at = clock.now() + Seconds(60)}},
        ports::AppendLog{{.id = 5, .date = clock.now(), .type = "s", .user_id = id}},
        ports::InsertJob{6, "mail", {{"to", "x"}}, clock.now()},
        ports::AppendExecution{
            {.key = 8, .id = domain::Execution::id_of(8, "12345678"), .created_at = clock.now()}},
        ports::InsertEventDelivery{{.stream = "est_1",
                                    .id = 9,
                                    .type = "user.created",
                                    .event = {{"k", 1}},
                                    .created_at = clock.now(),
                                    .queued_at = clock.now(),
                                    .due_at = clock.now()}},
        ports::AppendEvent{{.id = 7, .type = "user.created", .time = clock.now(), .data = {{"k", 1}}}}};
    for (int i = 2; i <= 1200; ++i) writes.push_back(user("u" + std::to_string(i)));
    ASSERT_TRUE(run_sync(store->committer().commit(tenant, writes)));
    ASSERT_TRUE(run_sync(store->committer().commit(tenant, {ports::RemoveUser{"auth0|u1200"}})));
    const ports::Lease lease{"dispatcher", "o"};
    ASSERT_TRUE(run_sync(store->leases().acquire(lease, clock.now(), Seconds(60))));
    ASSERT_TRUE(run_sync(store->outbox().set_position("dispatcher", 1, lease, clock.now())));
    ASSERT_TRUE(run_sync(store->outbox().bury(
        {"mail", {.offset = 1, .id = 7, .tenant = tenant, .time = clock.now()}, 5, "gone", clock.now()})));
  }
  Result<std::vector<CopiedTable>> copy() {
    return copy_store(file.path(), {.url = cluster.url(database)}, clock, random,
                      [](const std::string&, int64_t) {});
  }
  std::string sql(const std::string& text) { return cluster.sql(database, text); }

  postgres::TestCluster& cluster = postgres::TestCluster::shared();
  FixedClock clock{from_unix_seconds(1'700'000'000)};
  SystemRandom random;
  sqlite::TemporaryFile file;
  domain::TenantId tenant;
  std::string database;
};

TEST_F(CopyTest, every_table_arrives_whole_and_is_verified) {
  const auto copied = copy();
  ASSERT_TRUE(copied.has_value()) << copied.error().message << copied.error().debug;
  for (const auto& table : *copied) {
    EXPECT_TRUE(table.verified) << table.name;
    EXPECT_GT(table.rows, 0) << table.name;
  }
  EXPECT_EQ(std::to_string(copied->size()),
            sql("SELECT count(*) FROM pg_class WHERE relnamespace='public'::regnamespace AND relkind "
                "IN('r','p') AND "
                "NOT relispartition AND relname NOT LIKE 'schema%' AND "
                "relname NOT IN('partitions','leases','node_numbers')"))
      << "all tables but those about the schema, and what belongs to processes";
  const auto store = PostgresStore::open({.url = cluster.url(database)}, clock, random).value();
  const auto found = run_sync(store->users().find_by_identifier(tenant, "db", "u1@example.com")).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->password_hash, "new");
  EXPECT_EQ(found->earlier_hashes, std::vector<std::string>{"hash"});
  EXPECT_TRUE(run_sync(store->sessions().find(tenant, 1)).value());
}

TEST_F(CopyTest, new_rows_get_numbers_that_nothing_ever_had) {
  ASSERT_TRUE(copy());
  const auto store = PostgresStore::open({.url = cluster.url(database)}, clock, random).value();
  ASSERT_TRUE(run_sync(store->committer().commit(tenant, {user("new")})));
  EXPECT_EQ(sql("SELECT max(row) FROM users"), "1201") << "1200 was somebody who is gone";
}

TEST_F(CopyTest, an_interrupted_copy_is_continued) {
  ASSERT_TRUE(copy());
  sql("DELETE FROM users WHERE row>500; DELETE FROM logs; DELETE FROM identities WHERE \"user\">500");
  const auto again = copy();
  ASSERT_TRUE(again);
  for (const auto& table : *again) EXPECT_TRUE(table.verified) << table.name;
}

TEST_F(CopyTest, what_differs_afterwards_is_not_verified) {
  ASSERT_TRUE(copy());
  sql("UPDATE users SET profile='{}' WHERE row=7; DELETE FROM tickets; INSERT INTO role_permissions "
      "VALUES(1,'r9','api','x')");
  for (const auto& table : copy().value())
    EXPECT_EQ(table.verified, table.name != "users" && table.name != "role_permissions") << table.name;
}

TEST_F(CopyTest, another_installation_is_not_overwritten) {
  const auto store = PostgresStore::open({.url = cluster.url(database)}, clock, random).value();
  ASSERT_TRUE(run_sync(store->tenants().create("other", "k", clock.now())));
  EXPECT_EQ(copy().error().code, "other_installation");
  EXPECT_EQ(sql("SELECT count(*) FROM users"), "0");
}

TEST_F(CopyTest, a_source_that_is_missing_or_no_store_is_an_error) {
  sqlite::TemporaryFile nothing;
  const auto missing = copy_store(nothing.path(), {.url = cluster.url(database)}, clock, random,
                                  [](const std::string&, int64_t) {});
  EXPECT_EQ(missing.error().code, "no_store");
  {
    sqlite::Database made(nothing.path(), {});
    made.execute("CREATE TABLE x(y)");
  }
  const auto empty = copy_store(nothing.path(), {.url = cluster.url(database)}, clock, random,
                                [](const std::string&, int64_t) {});
  EXPECT_EQ(empty.error().code, "migration_needed");
}

}  // namespace
}  // namespace durward::adapters
