#include <gtest/gtest.h>

#include <iostream>

#include "adapters/configuration/cached_configuration.h"
#include "adapters/postgres/store.h"
#include "adapters/postgres/test_cluster.h"
#include "adapters/vault/local_vault.h"
#include "base/executor.h"

// What one process changed, another knows: the caches of two processes over one database.
namespace durward::adapters {
namespace {

using postgres::TestCluster;
using Timer = std::chrono::steady_clock;

class SharedConfigurationTest : public testing::Test {
 protected:
  // A process, as far as its configuration goes.
  struct Process {
    Process(const std::string& url, Random& random)
        : store(PostgresStore::open({.url = url, .read_connections = 1}, clock, random, &registry).value()),
          vault({.master_key = std::string(32, 'k')}, store->tenants(), random),
          configuration(store->tenants(), store->documents(), vault, clock, {}, &registry) {
      store->on_configuration_change([this](domain::TenantId tenant) { configuration.invalidate(tenant); });
    }
    std::string client_name(domain::TenantId tenant, const std::string& id) {
      const auto found = run_sync(configuration.client(tenant, id)).value();
      return found ? found->name : "";
    }
    Result<> commit(domain::TenantId tenant, ports::Write write) {
      return run_sync(store->committer().commit(tenant, {std::move(write)}));
    }
    SystemClock clock;
    metrics::Registry registry;
    std::unique_ptr<PostgresStore> store;
    LocalVault vault;
    CachedConfiguration configuration;
  };

  SharedConfigurationTest()
      : database(cluster.create("schema",
                                [](const std::string& url) {
                                  PostgresStore::migrate({.url = url}, SystemClock().now()).value();
                                })),
        here(cluster.url(database), random),
        there(cluster.url(database), random) {
    acme = run_sync(here.store->tenants().create("acme", here.vault.new_tenant_key(), here.clock.now()))
               .value()
               .id;
  }
  ~SharedConfigurationTest() override { cluster.drop(database); }

  ports::InsertDocument client(const std::string& id, const std::string& name) {
    return {ports::Collection::clients, {.id = id, .body = {{"name", name}}}, {}};
  }
  ports::ReplaceDocument renamed(const std::string& id, const std::string& name, int64_t version) {
    return {ports::Collection::clients, {.id = id, .body = {{"name", name}}, .version = version}, {}};
  }
  // Milliseconds until `seen` holds; ten seconds are never.
  static double until(const std::function<bool()>& seen) {
    const auto begin = Timer::now();
    const auto passed = [&] {
      return std::chrono::duration<double, std::milli>(Timer::now() - begin).count();
    };
    while (!seen() && passed() < 10'000) std::this_thread::yield();
    return passed();
  }
  std::string sql(const std::string& text) { return cluster.sql("postgres", text); }
  // Ends what hears notifications and lets nothing connect; what is connected goes on.
  void deafen() {
    sql("ALTER DATABASE " + database + " ALLOW_CONNECTIONS false");
    sql("SELECT count(pg_terminate_backend(pid,5000)) FROM pg_stat_activity WHERE datname='" + database +
        "' AND query LIKE 'LISTEN%'");
  }
  void let_hear() { sql("ALTER DATABASE " + database + " ALLOW_CONNECTIONS true"); }

  TestCluster& cluster = TestCluster::shared();
  SystemRandom random;
  std::string database;
  Process here, there;
  domain::TenantId acme;
};

TEST_F(SharedConfigurationTest, a_change_is_seen_at_the_other_process_by_notification) {
  ASSERT_TRUE(here.commit(acme, client("c", "0")));
  std::vector<double> took;
  for (int i = 1; i <= 50; ++i) {
    const std::string name = std::to_string(i);
    ASSERT_EQ(there.client_name(acme, "c"), std::to_string(i - 1));
    ASSERT_TRUE(here.commit(acme, renamed("c", name, i)));
    took.push_back(until([&] { return there.client_name(acme, "c") == name; }));
  }
  std::ranges::sort(took);
  std::cout << "a change is seen elsewhere after " << took[25] << " ms (median), " << took.back()
            << " ms (most)\n";
  EXPECT_LT(took[25], 300) << "the poll alone would take half a second";
}

TEST_F(SharedConfigurationTest, without_notifications_a_change_is_seen_within_a_second) {
  ASSERT_TRUE(here.commit(acme, client("c", "0")));
  ASSERT_EQ(there.client_name(acme, "c"), "0");
  deafen();
  std::vector<double> took;
  for (int i = 1; i <= 3; ++i) {
    const std::string name = std::to_string(i);
    ASSERT_TRUE(here.commit(acme, renamed("c", name, i)));
    took.push_back(until([&] { return there.client_name(acme, "c") == name; }));
  }
  ASSERT_TRUE(here.commit(acme, client("late", "late")));
  took.push_back(until([&] { return there.client_name(acme, "late") == "late"; }));
  std::ranges::sort(took);
  std::cout << "without notifications a change is seen elsewhere after " << took.front() << " to "
            << took.back() << " ms\n";
  EXPECT_LT(took.back(), 1000 + 500) << "the interval, and what a busy machine adds";

  // The same process hears again, without a restart.
  let_hear();
  double heard = 10'000;
  for (int version = 4; heard > 300 && version < 100; ++version) {
    const std::string name = "again" + std::to_string(version);
    ASSERT_TRUE(here.commit(acme, renamed("c", name, version)));
    heard = until([&] { return there.client_name(acme, "c") == name; });
  }
  EXPECT_LT(heard, 300);
}

TEST_F(SharedConfigurationTest, an_absence_ends_when_the_other_process_fills_it) {
  EXPECT_EQ(there.client_name(acme, "c"), "");
  EXPECT_EQ(there.client_name(acme, "c"), "");
  EXPECT_EQ(there.registry.counter("durward_store_reads_total", "", "op=\"documents.find\"").value(), 1u)
      << "an absence is remembered";
  ASSERT_TRUE(here.commit(acme, client("c", "made")));
  EXPECT_LT(until([&] { return there.client_name(acme, "c") == "made"; }), 2000);
  EXPECT_FALSE(run_sync(there.configuration.tenant_by_name("late")).value());
  ASSERT_TRUE(run_sync(here.store->tenants().create("late", here.vault.new_tenant_key(), here.clock.now())));
  const auto known = [&] { return run_sync(there.configuration.tenant_by_name("late")).value() != nullptr; };
  EXPECT_LT(until(known), 2000);
}

TEST_F(SharedConfigurationTest, a_tenant_removed_by_the_other_process_is_gone) {
  ASSERT_TRUE(here.commit(acme, client("c", "0")));
  ASSERT_TRUE(run_sync(there.configuration.tenant_by_name("acme")).value());
  ASSERT_EQ(there.client_name(acme, "c"), "0");
  ASSERT_TRUE(run_sync(here.store->tenants().remove(acme)));
  const auto gone = [&] {
    return !run_sync(there.configuration.tenant_by_name("acme")).value() &&
           there.client_name(acme, "c").empty();
  };
  EXPECT_LT(until(gone), 2000);
}

}  // namespace
}  // namespace durward::adapters
