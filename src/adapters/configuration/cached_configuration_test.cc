#include "adapters/configuration/cached_configuration.h"

#include <gtest/gtest.h>

#include <thread>

#include "adapters/sqlite/store.h"
#include "adapters/sqlite/temporary_file.h"
#include "adapters/vault/local_vault.h"
#include "base/executor.h"
#include "domain/event_stream.h"

namespace durward::adapters {
namespace {

using ports::Collection;

class CachedConfigurationTest : public testing::Test {
 protected:
  CachedConfigurationTest() {
    store->on_configuration_change([this](domain::TenantId tenant) { configuration.invalidate(tenant); });
    acme = run_sync(store->tenants().create("acme", vault.new_tenant_key(), clock.now())).value().id;
  }
  std::unique_ptr<SqliteStore> open_file(metrics::Registry* registry_) {
    return SqliteStore::open({.path = file.path()}, clock, registry_).value();
  }
  Result<> commit(SqliteStore& into, ports::Write write) {
    return run_sync(into.committer().commit(acme, {std::move(write)}));
  }
  ports::InsertDocument document(Collection collection, std::string id, json::Object body,
                                 std::vector<ports::DocumentKey> keys = {}) {
    return {collection, {.id = std::move(id), .body = std::move(body)}, std::move(keys)};
  }
  void add_client(const std::string& id, json::Object body = {}) {
    ASSERT_TRUE(commit(*store, document(Collection::clients, id, std::move(body))));
  }
  ports::Configuration::Ptr<domain::Client> client(const std::string& id) {
    return run_sync(configuration.client(acme, id)).value();
  }
  std::string seal(const std::string& purpose, const std::string& plain) {
    return run_sync(vault.seal(acme, purpose, plain)).value();
  }
  uint64_t reads(std::string_view op) {
    return registry.counter("durward_store_reads_total", "", "op=\"" + std::string(op) + "\"").value();
  }

  sqlite::TemporaryFile file;
  FixedClock clock{from_unix_seconds(1'700'000'000)};
  SeededRandom random{1};
  metrics::Registry registry;
  std::unique_ptr<SqliteStore> store = open_file(&registry);
  LocalVault vault{{.master_key = std::string(32, 'k')}, store->tenants(), random};
  CachedConfiguration configuration{store->tenants(), store->documents(), vault, clock, {}, &registry};
  domain::TenantId acme;
};

TEST_F(CachedConfigurationTest, a_second_look_reads_nothing_and_gives_the_same_value) {
  add_client("c1", {{"name", "App"}});
  const auto first = client("c1");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->name, "App");
  const auto before = reads("documents.find");
  EXPECT_EQ(client("c1"), first);
  EXPECT_EQ(reads("documents.find"), before);
  EXPECT_EQ(reads("tenants.configuration_version"), 1u);
}

TEST_F(CachedConfigurationTest, an_absence_is_remembered_until_the_document_comes) {
  EXPECT_FALSE(client("c1"));
  EXPECT_FALSE(client("c1"));
  EXPECT_EQ(reads("documents.find"), 1u);
  add_client("c1");
  EXPECT_TRUE(client("c1"));
}

TEST_F(CachedConfigurationTest, an_own_change_is_seen_at_once) {
  add_client("c1", {{"name", "old"}});
  EXPECT_EQ(client("c1")->name, "old");
  ASSERT_TRUE(commit(
      *store, ports::ReplaceDocument{Collection::clients, {.id = "c1", .body = {{"name", "new"}}}, {}}));
  EXPECT_EQ(client("c1")->name, "new");
}

TEST_F(CachedConfigurationTest, a_change_of_another_process_is_seen_after_one_interval) {
  add_client("c1", {{"name", "old"}});
  EXPECT_EQ(client("c1")->name, "old");
  const auto elsewhere = open_file(nullptr);
  ASSERT_TRUE(commit(
      *elsewhere, ports::ReplaceDocument{Collection::clients, {.id = "c1", .body = {{"name", "new"}}}, {}}));
  clock.advance(Milliseconds(999));
  EXPECT_EQ(client("c1")->name, "old");
  clock.advance(Milliseconds(1));
  EXPECT_EQ(client("c1")->name, "new");
}

TEST_F(CachedConfigurationTest, a_change_of_another_process_is_seen_at_once_after_catching_up) {
  add_client("c1", {{"name", "old"}});
  EXPECT_EQ(client("c1")->name, "old");
  const auto elsewhere = open_file(nullptr);
  ASSERT_TRUE(commit(
      *elsewhere, ports::ReplaceDocument{Collection::clients, {.id = "c1", .body = {{"name", "new"}}}, {}}));
  EXPECT_EQ(client("c1")->name, "old");
  ASSERT_TRUE(run_sync(configuration.catch_up(acme)));
  EXPECT_EQ(client("c1")->name, "new");
  const auto before = reads("documents.find");
  ASSERT_TRUE(run_sync(configuration.catch_up(acme)));
  EXPECT_EQ(client("c1")->name, "new");
  EXPECT_EQ(reads("documents.find"), before) << "an unchanged version keeps the values";
}

TEST_F(CachedConfigurationTest, versions_are_compared_once_per_interval_and_only_when_used) {
  add_client("c1");
  for (int i = 0; i < 10; ++i) client("c1");
  EXPECT_EQ(reads("tenants.configuration_version"), 1u);
  clock.advance(Seconds(3600));
  for (int i = 0; i < 10; ++i) client("c1");
  EXPECT_EQ(reads("tenants.configuration_version"), 2u);
  EXPECT_EQ(reads("documents.find"), 1u) << "an unchanged version keeps the values";
}

TEST_F(CachedConfigurationTest, many_who_miss_at_once_share_one_load) {
  add_client("c1");
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) threads.emplace_back([this] { EXPECT_TRUE(client("c1")); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(reads("documents.find"), 1u);
  EXPECT_EQ(reads("tenants.configuration_version"), 1u);
}

TEST_F(CachedConfigurationTest, readers_during_changes_never_end_with_an_old_value) {
  add_client("c1", {{"name", "0"}});
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i)
    readers.emplace_back([&] {
      while (!stop) EXPECT_TRUE(client("c1"));
    });
  for (int i = 1; i <= 50; ++i) {
    const auto name = std::to_string(i);
    ASSERT_TRUE(
        commit(*store, ports::ReplaceDocument{
                           Collection::clients, {.id = "c1", .body = {{"name", name}}, .version = i}, {}}));
    EXPECT_EQ(client("c1")->name, name);
  }
  stop = true;
  for (auto& reader : readers) reader.join();
}

TEST_F(CachedConfigurationTest, the_number_of_values_is_bounded) {
  CachedConfiguration small(store->tenants(), store->documents(), vault, clock, {.entries_max = 16},
                            &registry);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(run_sync(small.client(acme, "c" + std::to_string(i))));
  const auto before = reads("documents.find");
  ASSERT_TRUE(run_sync(small.client(acme, "c99")));
  EXPECT_EQ(reads("documents.find"), before) << "the newest stays";
  ASSERT_TRUE(run_sync(small.client(acme, "c0")));
  EXPECT_EQ(reads("documents.find"), before + 1) << "the oldest went";
}

TEST_F(CachedConfigurationTest, tenants_are_cached_by_name_and_absences_for_one_interval_only) {
  EXPECT_EQ(run_sync(configuration.tenant_by_name("acme")).value()->id, acme);
  EXPECT_EQ(run_sync(configuration.only_tenant()).value()->id, acme);
  EXPECT_FALSE(run_sync(configuration.tenant_by_name("late")).value());
  const auto before = reads("tenants.find_by_name");
  EXPECT_TRUE(run_sync(configuration.tenant_by_name("acme")).value());
  EXPECT_FALSE(run_sync(configuration.tenant_by_name("late")).value());
  EXPECT_EQ(reads("tenants.find_by_name"), before);
  const auto elsewhere = open_file(nullptr);
  ASSERT_TRUE(run_sync(elsewhere->tenants().create("late", "k", clock.now())));
  clock.advance(Seconds(1));
  EXPECT_TRUE(run_sync(configuration.tenant_by_name("late")).value());
  EXPECT_FALSE(run_sync(configuration.only_tenant()).value());
  ASSERT_TRUE(run_sync(store->tenants().remove(acme)));
  EXPECT_FALSE(run_sync(configuration.tenant_by_name("acme")).value());
  EXPECT_EQ(run_sync(configuration.only_tenant()).value()->name, "late");
}

TEST_F(CachedConfigurationTest, a_tenant_removed_by_another_process_goes_with_its_next_check) {
  add_client("c1");
  EXPECT_TRUE(run_sync(configuration.tenant_by_name("acme")).value());
  EXPECT_TRUE(client("c1"));
  const auto elsewhere = open_file(nullptr);
  ASSERT_TRUE(run_sync(elsewhere->tenants().remove(acme)));
  clock.advance(Seconds(1));
  EXPECT_FALSE(client("c1"));
  EXPECT_FALSE(run_sync(configuration.tenant_by_name("acme")).value());
}

TEST_F(CachedConfigurationTest, the_secret_of_a_client_is_opened_and_its_document_has_none) {
  add_client("c1",
             {{"name", "App"}, {"_sealed", {{"client_secret", seal("clients.client_secret", "s3cret")}}}});
  const auto found = client("c1");
  EXPECT_EQ(found->secret, "s3cret");
  EXPECT_EQ(found->client_id, "c1");
  EXPECT_FALSE(found->document.contains("_sealed"));
  EXPECT_FALSE(found->document.contains("client_secret"));
}

TEST_F(CachedConfigurationTest, a_secret_sealed_for_another_purpose_is_damage_not_a_value) {
  add_client("c1", {{"_sealed", {{"client_secret", seal("connections.client_secret", "s3cret")}}}});
  const auto found = run_sync(configuration.client(acme, "c1"));
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, "configuration_damaged");
}

TEST_F(CachedConfigurationTest, event_streams_come_with_what_authorizes_at_their_webhook) {
  EXPECT_TRUE(run_sync(configuration.event_streams(acme)).value()->empty());
  const std::string path = "destination.configuration.webhook_authorization.token";
  const json::Object configured{{"webhook_endpoint", "https://a/"},
                                {"webhook_authorization", {{"method", "bearer"}}}};
  ASSERT_TRUE(
      commit(*store, document(Collection::event_streams, "est_1",
                              {{"id", "est_1"},
                               {"status", "enabled"},
                               {"subscriptions", json::Array{json::Object{{"event_type", "user.created"}}}},
                               {"destination", {{"type", "webhook"}, {"configuration", configured}}},
                               {"_sealed", {{path, seal("event_streams." + path, "t")}}}})));
  const auto streams = run_sync(configuration.event_streams(acme)).value();
  ASSERT_EQ(streams->size(), 1u);
  EXPECT_TRUE(streams->front().wants("user.created"));
  EXPECT_EQ(streams->front().header_value, "Bearer t");
}

TEST_F(CachedConfigurationTest, apis_and_client_grants_are_found_by_their_keys) {
  ASSERT_TRUE(commit(
      *store, document(Collection::resource_servers, "rs1",
                       {{"identifier", "https://api/"},
                        {"_sealed", {{"signing_secret", seal("resource_servers.signing_secret", "hs")}}}},
                       {{"identifier", "https://api/", true}})));
  ASSERT_TRUE(
      commit(*store, document(Collection::client_grants, "cgr_1", {{"client_id", "c1"}, {"scope", {"read"}}},
                              {{"grant", "c1\nhttps://api/\nclient", true}})));
  const auto api = run_sync(configuration.resource_server(acme, "https://api/")).value();
  ASSERT_TRUE(api);
  EXPECT_EQ(api->signing_secret, "hs");
  EXPECT_EQ(api->id, "rs1");
  EXPECT_FALSE(run_sync(configuration.resource_server(acme, "https://other/")).value());
  const auto grant = run_sync(configuration.client_grant(acme, "c1", "https://api/", "client")).value();
  ASSERT_TRUE(grant);
  EXPECT_EQ(grant->scope, std::vector<std::string>{"read"});
  EXPECT_FALSE(run_sync(configuration.client_grant(acme, "c1", "https://api/", "user")).value());
}

TEST_F(CachedConfigurationTest, connections_of_a_client_are_its_own_and_for_third_parties_the_shared_ones) {
  add_client("first", {{"is_first_party", true}});
  add_client("third", {{"is_first_party", false}});
  ASSERT_TRUE(commit(
      *store, document(Collection::connections, "con_1",
                       {{"name", "db"},
                        {"strategy", "auth0"},
                        {"options", {{"x", 1}}},
                        {"_sealed",
                         {{"options.client_secret", seal("connections.options.client_secret", "hidden")}}}},
                       {{"name", "db", true}, {"client", "first"}})));
  ASSERT_TRUE(commit(*store, document(Collection::connections, "con_2", {{"name", "shared"}},
                                      {{"name", "shared", true}, {"domain_connection", "true"}})));
  const auto names = [this](const char* id) {
    std::string out;
    for (const auto& c : *run_sync(configuration.connections_of(acme, id)).value()) out += c.name + " ";
    return out;
  };
  EXPECT_EQ(names("first"), "db ");
  EXPECT_EQ(names("third"), "shared ");
  EXPECT_EQ(names("nobody"), "");
  const auto db = run_sync(configuration.connection_by_name(acme, "db")).value();
  EXPECT_EQ(json::string_or(db->options, "client_secret"), "hidden");
  EXPECT_EQ(json::serialize(db->document).find("hidden"), std::string::npos);
  EXPECT_EQ(db->id, "con_1");
}

TEST_F(CachedConfigurationTest, settings_and_branding_have_defaults_and_follow_their_documents) {
  EXPECT_TRUE(run_sync(configuration.settings(acme)).value()->persistent_session_cookie);
  EXPECT_EQ(run_sync(configuration.branding(acme)).value()->primary_color, "#635dff");
  ASSERT_TRUE(commit(*store, document(Collection::settings, "settings", {{"friendly_name", "Acme"}})));
  ASSERT_TRUE(commit(*store, document(Collection::prompts, "prompts", {{"identifier_first", true}})));
  const auto settings = run_sync(configuration.settings(acme)).value();
  EXPECT_EQ(settings->friendly_name, "Acme");
  EXPECT_TRUE(settings->identifier_first);
}

TEST_F(CachedConfigurationTest, signing_keys_are_opened) {
  const auto pem = crypto::PrivateKey::generate_ec_p256().value().to_pem();
  ASSERT_TRUE(
      commit(*store, document(Collection::signing_keys, "kid1",
                              {{"kid", "kid1"},
                               {"kty", "EC"},
                               {"status", "current"},
                               {"created_at", "2026-01-31T09:30:00.000Z"},
                               {"_sealed", {{"private_key", seal("signing_keys.private_key", pem)}}}})));
  const auto keys = run_sync(configuration.keys(acme)).value();
  ASSERT_TRUE(keys->current("EC"));
  EXPECT_EQ(keys->current("EC")->key.to_pem(), pem);
  EXPECT_EQ(to_iso8601(keys->by_kid("kid1")->created_at), "2026-01-31T09:30:00.000Z");
  EXPECT_FALSE(keys->current("RSA"));
}

// A store that goes away when it is told to.
class LosableTenants : public ports::Tenants {
 public:
  explicit LosableTenants(ports::Tenants& inner) : inner_(inner) {}
  bool is_away = false;
  Async<domain::Tenant> create(std::string name, std::string key, TimePoint at) override {
    return inner_.create(std::move(name), std::move(key), at);
  }
  Async<std::optional<domain::Tenant>> find_by_name(std::string name) override {
    if (is_away) co_return away();
    co_return co_await inner_.find_by_name(std::move(name));
  }
  Async<std::optional<domain::Tenant>> find(domain::TenantId tenant) override { return inner_.find(tenant); }
  Async<std::vector<domain::Tenant>> list(std::string after, int64_t limit) override {
    if (is_away) co_return away();
    co_return co_await inner_.list(std::move(after), limit);
  }
  Async<int64_t> count() override {
    if (is_away) co_return away();
    co_return co_await inner_.count();
  }
  Async<std::string> sealed_key(domain::TenantId tenant) override { return inner_.sealed_key(tenant); }
  Async<int64_t> configuration_version(domain::TenantId tenant) override {
    if (is_away) co_return away();
    co_return co_await inner_.configuration_version(tenant);
  }
  Async<> remove(domain::TenantId tenant) override { return inner_.remove(tenant); }

 private:
  static std::unexpected<Error> away() { return fail(ErrorKind::unavailable, "store_unavailable"); }
  ports::Tenants& inner_;
};

TEST_F(CachedConfigurationTest, while_the_store_is_away_what_is_known_serves_on_until_it_is_too_old) {
  add_client("c1");
  LosableTenants tenants(store->tenants());
  CachedConfiguration lasting(tenants, store->documents(), vault, clock, {.stale_max = Seconds(60)});
  const auto knows = [&] {
    const auto only = run_sync(lasting.only_tenant());
    const auto found = run_sync(lasting.client(acme, "c1"));
    return only && *only && found && *found;
  };
  EXPECT_TRUE(knows());
  tenants.is_away = true;
  for (int i = 0; i < 29; ++i) {
    clock.advance(Seconds(2));
    EXPECT_TRUE(knows()) << i;
  }
  EXPECT_FALSE(run_sync(lasting.tenant_by_name("never-asked-for")));
  clock.advance(Seconds(2));
  EXPECT_EQ(run_sync(lasting.only_tenant()).error().kind, ErrorKind::unavailable);
  tenants.is_away = false;
  clock.advance(Seconds(2));
  EXPECT_TRUE(knows());
}

TEST_F(CachedConfigurationTest, a_store_that_is_away_is_an_error_that_is_not_remembered) {
  const auto busy =
      SqliteStore::open({.path = file.path(), .reader_threads = 1, .read_queue_max = 0}, clock).value();
  CachedConfiguration starved(busy->tenants(), busy->documents(), vault, clock);
  EXPECT_EQ(run_sync(starved.client(acme, "c1")).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(run_sync(starved.client(acme, "c1")).error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace durward::adapters
