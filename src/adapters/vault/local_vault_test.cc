#include "adapters/vault/local_vault.h"

#include <gtest/gtest.h>

#include "adapters/sqlite/store.h"
#include "base/executor.h"

namespace durward::adapters {
namespace {

class LocalVaultTest : public testing::Test {
 protected:
  LocalVaultTest() {
    acme = make("acme");
    other = make("other");
  }
  domain::TenantId make(const std::string& name) {
    return run_sync(store->tenants().create(name, vault.new_tenant_key(), clock.now())).value().id;
  }
  Result<std::string> open(LocalVault& with, domain::TenantId tenant, std::string purpose,
                           std::string sealed) {
    return run_sync(with.open(tenant, std::move(purpose), std::move(sealed)));
  }

  FixedClock clock{from_unix_seconds(1'700'000'000)};
  SeededRandom random{1};
  metrics::Registry registry;
  std::unique_ptr<SqliteStore> store = SqliteStore::open({}, clock, &registry).value();
  LocalVault vault{{.master_key = std::string(32, 'k')}, store->tenants(), random};
  domain::TenantId acme, other;
};

TEST_F(LocalVaultTest, what_is_sealed_opens_for_its_tenant_and_purpose_only) {
  const auto sealed = run_sync(vault.seal(acme, "clients.client_secret", "secret")).value();
  EXPECT_EQ(sealed.find("secret"), std::string::npos);
  EXPECT_EQ(open(vault, acme, "clients.client_secret", sealed), "secret");
  EXPECT_EQ(open(vault, acme, "clients.other", sealed).error().code, "unsealable");
  EXPECT_EQ(open(vault, other, "clients.client_secret", sealed).error().code, "unsealable");
}

TEST_F(LocalVaultTest, a_changed_text_or_another_master_key_opens_nothing) {
  auto sealed = run_sync(vault.seal(acme, "p", "secret")).value();
  LocalVault stranger({.master_key = std::string(32, 'x')}, store->tenants(), random);
  EXPECT_EQ(open(stranger, acme, "p", sealed).error().code, "unsealable");
  sealed[5] = sealed[5] == 'A' ? 'B' : 'A';
  EXPECT_EQ(open(vault, acme, "p", sealed).error().code, "unsealable");
  EXPECT_EQ(open(vault, acme, "p", "not base64url!").error().code, "unsealable");
  EXPECT_EQ(open(vault, acme, "p", "").error().code, "unsealable");
}

TEST_F(LocalVaultTest, a_tenant_that_is_not_there_has_no_key) {
  EXPECT_EQ(run_sync(vault.seal({4711}, "p", "secret")).error().kind, ErrorKind::not_found);
}

TEST_F(LocalVaultTest, the_key_of_a_tenant_is_read_once) {
  auto& reads = registry.counter("durward_store_reads_total", "", "op=\"tenants.sealed_key\"");
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(run_sync(vault.seal(acme, "p", "secret")));
  EXPECT_EQ(reads.value(), 1u);
}

TEST_F(LocalVaultTest, keys_kept_are_bounded) {
  LocalVault small({.master_key = std::string(32, 'k'), .tenant_keys_max = 1}, store->tenants(), random);
  for (int i = 0; i < 3; ++i)
    for (const auto tenant : {acme, other}) ASSERT_TRUE(run_sync(small.seal(tenant, "p", "secret")));
  EXPECT_EQ(registry.counter("durward_store_reads_total", "", "op=\"tenants.sealed_key\"").value(), 6u);
}

TEST_F(LocalVaultTest, local_values_are_bound_to_their_purpose) {
  const auto sealed = vault.seal_local("login", "transaction");
  EXPECT_EQ(vault.open_local("login", sealed), "transaction");
  EXPECT_FALSE(vault.open_local("logout", sealed).has_value());
  EXPECT_FALSE(vault.open_local("login", sealed + "A").has_value());
}

TEST_F(LocalVaultTest, a_master_key_of_another_size_is_refused_at_once) {
  EXPECT_THROW(LocalVault({.master_key = "short"}, store->tenants(), random), std::invalid_argument);
}

}  // namespace
}  // namespace durward::adapters
