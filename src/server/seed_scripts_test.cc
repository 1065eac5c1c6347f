// Customers' code in seed files: code beside the file, applied and exported again.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/executor.h"
#include "domain/notification.h"
#include "server/seed_files.h"
#include "server/serve.h"

namespace durward::server {
namespace {

class SeedScripts : public testing::Test {
 protected:
  SeedScripts() {
    std::filesystem::create_directories(directory + "/actions/greet");
    write("/actions/greet/code.js", "exports.onExecutePostLogin = async () => {};\n");
    write("/login.js", "function login(email, password, callback) { callback(null); }\n");
    write("/rule.js", "function (user, context, callback) { callback(null, user, context); }\n");
  }
  ~SeedScripts() override { std::filesystem::remove_all(directory); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(directory + name, std::ios::binary) << text;
  }
  std::vector<std::string> read(Seed& seed) { return read_seed_files(seed, directory + "/acme.yaml"); }

  const std::string directory =
      (std::filesystem::temp_directory_path() / ("durward-test-" + SystemRandom().hex(12))).string();
};

constexpr const char* acme = R"(tenant: {name: acme}
actions:
  - name: greet
    code: ./actions/greet/code.js
    runtime: node22
    status: built
    deployed: false
    dependencies: []
    secrets: [{name: KEY, value: hidden}]
    supported_triggers: [{id: post-login, version: v3}]
rules:
  - {name: one, script: ./rule.js, order: 4, enabled: true, stage: login_success}
rulesConfigs:
  - {key: COLOR, value: red}
hooks:
  - name: machine
    triggerId: credentials-exchange
    enabled: true
    script: "module.exports = function (client, scope, audience, context, cb) { cb(null, {}); };"
    secrets: {KEY: hidden, KEPT: _VALUE_NOT_SHOWN_}
databases:
  - name: people
    strategy: auth0
    options: {enabledDatabaseCustomization: true, import_mode: true, customScripts: {login: ./login.js}}
triggers: {post-login: []}
)";

TEST_F(SeedScripts, code_beside_the_file_is_read_and_code_in_it_stays) {
  auto seed = parse_seed(acme, directory + "/acme.yaml");
  ASSERT_TRUE(seed) << seed.error().front();
  EXPECT_TRUE(read(*seed).empty());
  EXPECT_EQ(json::string_or(seed->actions[0].body, "code"), "exports.onExecutePostLogin = async () => {};\n");
  EXPECT_TRUE(json::string_or(seed->rules[0].body, "script").starts_with("function (user"));
  EXPECT_TRUE(json::string_or(seed->hooks[0].body, "script").starts_with("module.exports"));
  EXPECT_TRUE(
      json::string_or(seed->connections[0].body.at("options").at("customScripts").as_object(), "login")
          .starts_with("function login"));
}

TEST_F(SeedScripts, files_that_are_missing_or_elsewhere_are_mistakes_with_their_line) {
  for (const char* file : {"./gone.js", "./../outside.js", "gone.ts"}) {
    auto seed = parse_seed("actions:\n  - name: a\n    code: " + std::string(file) + "\n", "acme.yaml");
    ASSERT_TRUE(seed);
    const auto mistakes = read(*seed);
    ASSERT_EQ(mistakes.size(), 1u) << file;
    EXPECT_TRUE(mistakes[0].starts_with("acme.yaml:2: ")) << mistakes[0];
  }
}

TEST_F(SeedScripts, a_tenant_with_code_is_made_changed_and_exported) {
  SettingSources sources;
  sources.flags = {{"ephemeral", "true"}, {"data", directory + "/data"}};
  sources.read_file = read_file;
  const auto installation = Installation::open(read_settings(sources).value()).value();
  auto seed = *parse_seed(acme, directory + "/acme.yaml");
  ASSERT_TRUE(read(seed).empty());
  const auto place = run_sync(installation->provisioner.create_from(seed, "acme.test"));
  ASSERT_TRUE(place) << place.error().message;
  const auto again = run_sync(installation->provisioner.apply(*place, seed));
  ASSERT_TRUE(again) << again.error().message;
  const auto exported = run_sync(installation->provisioner.export_tenant(*place)).value();
  const auto& action = exported.at("actions").at(0).as_object();
  EXPECT_EQ(json::string_or(action, "code"), "exports.onExecutePostLogin = async () => {};\n");
  EXPECT_FALSE(action.at("deployed").as_bool());
  EXPECT_EQ(exported.at("rules").at(0).at("order").as_int64(), 4);
  EXPECT_EQ(exported.at("hooks").at(0).at("triggerId").as_string(), "credentials-exchange");
  EXPECT_TRUE(exported.at("triggers").as_object().empty());
  EXPECT_EQ(json::serialize(json::Value(exported)).find("hidden"), std::string::npos);
  const auto keys = run_sync(installation->api.call(*place, http::Method::get, "/rules-configs"));
  EXPECT_EQ(json::serialize(*keys), R"([{"key":"COLOR"}])");
  const auto scripts =
      run_sync(installation->core->services().configuration.scripts(place->tenant->id)).value();
  EXPECT_EQ(json::serialize(scripts->hooks.at("credentials-exchange").script->secrets),
            R"({"KEY":"hidden"})");
}

TEST_F(SeedScripts, providers_are_made_and_changed) {
  SettingSources sources;
  sources.flags = {{"ephemeral", "true"}, {"data", directory + "/data"}};
  sources.read_file = read_file;
  const auto installation = Installation::open(read_settings(sources).value()).value();
  const std::string text =
      "emailProvider: {name: sendgrid, enabled: true, credentials: {api_key: hidden}}\n"
      "phoneProviders:\n  - {name: twilio, configuration: {sid: AC0, default_from: '+1'}, credentials: "
      "{auth_token: t}}\n";
  const auto seed = *parse_seed(text, "acme.yaml");
  const auto place = run_sync(installation->provisioner.create_from(seed, "acme.test"));
  ASSERT_TRUE(place) << place.error().message;
  const auto again = run_sync(installation->provisioner.apply(*place, seed));
  ASSERT_TRUE(again) << again.error().message;
  const auto providers =
      run_sync(installation->core->services().configuration.notification_providers(place->tenant->id))
          .value();
  ASSERT_TRUE(providers->mail && providers->phone);
  EXPECT_EQ(json::string_or(providers->mail->credentials, "api_key"), "hidden");
  EXPECT_EQ(providers->phone->auth_token, "t");
}

TEST_F(SeedScripts, bindings_that_are_no_lists_are_refused_by_line) {
  SettingSources sources;
  sources.flags = {{"ephemeral", "true"}, {"data", directory + "/data"}};
  sources.read_file = read_file;
  const auto installation = Installation::open(read_settings(sources).value()).value();
  auto seed = *parse_seed("triggers: {post-login: x}\n", "acme.yaml");
  const auto made = run_sync(installation->provisioner.create_from(std::move(seed), "acme.test"));
  ASSERT_FALSE(made);
  EXPECT_TRUE(made.error().message.starts_with("acme.yaml:1: ")) << made.error().message;
}

}  // namespace
}  // namespace durward::server
