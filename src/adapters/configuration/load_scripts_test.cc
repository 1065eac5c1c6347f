#include <gtest/gtest.h>

#include "adapters/configuration/cached_configuration.h"
#include "adapters/sqlite/store.h"
#include "adapters/sqlite/temporary_file.h"
#include "adapters/vault/local_vault.h"
#include "base/executor.h"
#include "domain/notification.h"
#include "domain/script.h"

namespace durward::adapters {
namespace {

using ports::Collection;

class LoadScripts : public testing::Test {
 protected:
  LoadScripts() {
    store->on_configuration_change([this](domain::TenantId tenant) { configuration.invalidate(tenant); });
    acme = run_sync(store->tenants().create("acme", vault.new_tenant_key(), clock.now())).value().id;
  }
  std::unique_ptr<SqliteStore> open_file() {
    return SqliteStore::open({.path = file.path()}, clock, nullptr).value();
  }
  void put(Collection collection, std::string id, json::Object body,
           std::vector<ports::DocumentKey> keys = {}) {
    body["id"] = id;
    ports::InsertDocument write{collection, {.id = std::move(id), .body = std::move(body)}, std::move(keys)};
    ASSERT_TRUE(run_sync(store->committer().commit(acme, {std::move(write)})));
  }
  void put_action(const std::string& id, json::Object version) {
    put(Collection::actions, id, {{"name", "name of " + id}, {"deployed_version_id", "v" + id}},
        {{"deployed", "true"}});
    put(Collection::action_versions, "v" + id, std::move(version));
  }
  static json::Object binding(const char* id, const char* action, const char* policy = "closed") {
    return {{"id", id}, {"action_id", action}, {"display_name", "shown"}, {"failure_policy", policy}};
  }
  std::string seal(const std::string& purpose, const std::string& plain) {
    return run_sync(vault.seal(acme, purpose, plain)).value();
  }
  ports::Configuration::Ptr<domain::TenantScripts> scripts() {
    return run_sync(configuration.scripts(acme)).value();
  }

  sqlite::TemporaryFile file;
  FixedClock clock{from_unix_seconds(1'700'000'000)};
  SeededRandom random{1};
  std::unique_ptr<SqliteStore> store = open_file();
  LocalVault vault{{.master_key = std::string(32, 'k')}, store->tenants(), random};
  CachedConfiguration configuration{store->tenants(), store->documents(), vault, clock};
  domain::TenantId acme;
};

TEST_F(LoadScripts, a_tenant_without_code_has_none) {
  const auto found = scripts();
  EXPECT_TRUE(found->actions.empty());
  EXPECT_TRUE(found->bound_to("post-login").empty());
  EXPECT_TRUE(found->rules.empty());
  EXPECT_TRUE(found->hooks.empty());
}

TEST_F(LoadScripts, deployed_actions_come_in_the_order_of_their_bindings_with_secrets_and_modules) {
  put(Collection::script_modules, "sha", {{"text", "exports.x = () => 1"}});
  put_action("a", {{"built_code", "A"},
                   {"script_modules", "sha"},
                   {"_sealed", {{"secrets.KEY", seal("action_versions.secrets.KEY", "hidden")}}}});
  put_action("b", {{"built_code", "B"}, {"script_modules", "sha"}});
  put(Collection::actions, "draft", {{"name", "draft"}}, {{"deployed", "false"}});
  put(Collection::trigger_bindings, "post-login",
      {{"bindings", {binding("2", "b", "open"), binding("0", "draft"), binding("1", "a")}}});
  const auto found = scripts();
  const auto& bound = found->bound_to("post-login");
  ASSERT_EQ(bound.size(), 2u);
  EXPECT_EQ(bound[0].script->code, "B");
  EXPECT_TRUE(bound[0].fail_open);
  EXPECT_EQ(bound[0].version, "v3");
  EXPECT_EQ(bound[1].script->code, "A");
  EXPECT_FALSE(bound[1].fail_open);
  EXPECT_EQ(bound[1].script->id, "a");
  EXPECT_EQ(bound[1].script->name, "name of a");
  EXPECT_EQ(bound[1].binding_id, "1");
  EXPECT_EQ(bound[1].display_name, "shown");
  EXPECT_EQ(json::serialize(bound[1].script->secrets), R"({"KEY":"hidden"})");
  EXPECT_EQ(*bound[1].script->modules, "exports.x = () => 1");
  EXPECT_EQ(bound[0].script->modules, bound[1].script->modules) << "one text for all who use it";
  EXPECT_EQ(found->actions.at("a"), bound[1].script);
  EXPECT_FALSE(found->actions.contains("draft"));
}

TEST_F(LoadScripts, the_one_action_of_a_trigger_is_bound_by_being_deployed) {
  const json::Array mails{json::Value(json::Object{{"id", "custom-email-provider"}})};
  put(Collection::actions, "a",
      {{"name", "mails"}, {"deployed_version_id", "va"}, {"supported_triggers", mails}},
      {{"deployed", "true"}});
  put(Collection::action_versions, "va", {{"built_code", "A"}});
  put_action("b", {{"built_code", "B"}});
  const auto found = scripts();
  const auto& bound = found->bound_to("custom-email-provider");
  ASSERT_EQ(bound.size(), 1u);
  EXPECT_EQ(bound[0].script->code, "A");
  EXPECT_EQ(bound[0].binding_id, "a");
  EXPECT_EQ(bound[0].display_name, "mails");
  EXPECT_EQ(bound[0].version, "v1");
  EXPECT_FALSE(bound[0].fail_open);
  EXPECT_EQ(found->triggers.size(), 1u);
}

TEST_F(LoadScripts, providers_come_with_their_secrets_in_the_clear) {
  EXPECT_FALSE(run_sync(configuration.notification_providers(acme)).value()->sends_mail());
  put(Collection::email_providers, "provider",
      {{"name", "smtp"},
       {"enabled", true},
       {"credentials", json::Object{{"smtp_host", "mail.test"}, {"smtp_port", 25}}},
       {"_sealed",
        json::Object{{"credentials.smtp_pass", seal("email_providers.credentials.smtp_pass", "hidden")}}}});
  put(Collection::phone_providers, "pro_1",
      {{"name", "twilio"},
       {"credentials", json::Object()},
       {"_sealed",
        json::Object{{"credentials.auth_token", seal("phone_providers.credentials.auth_token", "token")}}}});
  const auto found = run_sync(configuration.notification_providers(acme)).value();
  ASSERT_TRUE(found->sends_mail());
  EXPECT_EQ(json::string_or(found->mail->credentials, "smtp_pass"), "hidden");
  ASSERT_TRUE(found->phone);
  EXPECT_EQ(found->phone->id, "pro_1");
  EXPECT_EQ(found->phone->auth_token, "token");
}

TEST_F(LoadScripts, a_digest_stands_for_code_and_modules) {
  put(Collection::script_modules, "sha", {{"text", "M"}});
  put_action("a", {{"built_code", "same"}});
  put_action("b", {{"built_code", "same"}});
  put_action("c", {{"built_code", "same"}, {"script_modules", "sha"}});
  put_action("d", {{"built_code", "samesha"}});
  const auto& actions = scripts()->actions;
  EXPECT_EQ(actions.at("a")->digest.size(), 64u);
  EXPECT_EQ(actions.at("a")->digest, actions.at("b")->digest);
  EXPECT_NE(actions.at("a")->digest, actions.at("c")->digest);
  EXPECT_NE(actions.at("c")->digest, actions.at("d")->digest);
}

TEST_F(LoadScripts, modules_that_are_gone_are_damage_not_an_action_without_them) {
  put_action("a", {{"built_code", "A"}, {"script_modules", "gone"}});
  EXPECT_EQ(run_sync(configuration.scripts(acme)).error().code, "configuration_damaged");
}

TEST_F(LoadScripts, profiles_name_the_actions_of_their_types) {
  put_action("a", {{"built_code", "A"}});
  put(Collection::token_exchange_profiles, "tep_1",
      {{"subject_token_type", "urn:partner:token"}, {"action_id", "a"}});
  const auto found = scripts();
  ASSERT_TRUE(found->token_exchange_profiles.contains("urn:partner:token"));
  EXPECT_EQ(found->token_exchange_profiles.at("urn:partner:token").id, "tep_1");
  EXPECT_EQ(found->token_exchange_profiles.at("urn:partner:token").action_id, "a");
}

TEST_F(LoadScripts, enabled_rules_come_in_order_with_their_configuration) {
  put(Collection::rules, "rul_2", {{"name", "second"}, {"script", "2"}, {"order", 10}},
      {{"enabled", "true"}});
  put(Collection::rules, "rul_1", {{"name", "first"}, {"script", "1"}, {"order", 9}}, {{"enabled", "true"}});
  put(Collection::rules, "rul_0", {{"name", "off"}, {"script", "0"}, {"order", 1}}, {{"enabled", "false"}});
  put(Collection::rules_configs, "KEY", {{"_sealed", {{"value", seal("rules_configs.value", "hidden")}}}});
  const auto found = scripts();
  ASSERT_EQ(found->rules.size(), 2u);
  EXPECT_EQ(found->rules[0].script->name, "first");
  EXPECT_EQ(found->rules[1].script->code, "2");
  EXPECT_EQ(json::serialize(found->rules_configuration), R"({"KEY":"hidden"})");
}

TEST_F(LoadScripts, enabled_hooks_stand_under_their_trigger) {
  put(Collection::hooks, "H1",
      {{"name", "hook"},
       {"script", "h"},
       {"triggerId", "credentials-exchange"},
       {"_sealed", {{"secrets.KEY", seal("hooks.secrets.KEY", "hidden")}}}},
      {{"enabled", "true"}});
  const auto found = scripts();
  ASSERT_TRUE(found->hooks.contains("credentials-exchange"));
  EXPECT_EQ(json::serialize(found->hooks.at("credentials-exchange").script->secrets), R"({"KEY":"hidden"})");
}

TEST_F(LoadScripts, what_another_process_deployed_runs_after_one_interval) {
  put_action("a", {{"built_code", "old"}});
  EXPECT_EQ(scripts()->actions.at("a")->code, "old");
  const auto elsewhere = open_file();
  ports::ReplaceDocument write{
      Collection::action_versions, {.id = "va", .body = {{"built_code", "new"}}}, {}};
  ASSERT_TRUE(run_sync(elsewhere->committer().commit(acme, {std::move(write)})));
  EXPECT_EQ(scripts()->actions.at("a")->code, "old");
  clock.advance(Seconds(1));
  EXPECT_EQ(scripts()->actions.at("a")->code, "new");
}

TEST_F(LoadScripts, the_configuration_of_a_database_is_opened_where_scripts_read_it) {
  const std::string sealed = "2.0$" + seal("connections.options.configuration", "hidden");
  put(Collection::connections, "con_1",
      {{"name", "db"}, {"strategy", "auth0"}, {"options", {{"configuration", {{"KEY", sealed}}}}}},
      {{"name", "db", true}});
  const auto db = run_sync(configuration.connection_by_name(acme, "db")).value();
  EXPECT_EQ(json::serialize(*json::object(db->options, "configuration")), R"({"KEY":"hidden"})");
  EXPECT_EQ(json::serialize(db->document).find("hidden"), std::string::npos);
}

}  // namespace
}  // namespace durward::adapters
