#include "server/seed.h"

#include <gtest/gtest.h>

#include "server/yaml_json.h"

namespace durward::server {
namespace {

std::string mistakes_of(std::string_view text, const std::string& path = "acme.yaml") {
  auto seed = parse_seed(text, path);
  if (seed) return "none";
  std::string out;
  for (const auto& line : seed.error()) out += line + "\n";
  return out;
}

TEST(Seed, sections_of_the_deploy_cli_become_items_with_their_place) {
  auto seed = parse_seed(R"(tenant:
  friendly_name: Acme
clients:
  - name: Shop
    callbacks: [https://shop.example/cb]
  - name: Back
resourceServers:
  - name: API
    identifier: https://api.example
databases:
  - name: people
    strategy: auth0
connections:
  - name: other
    strategy: auth0
users:
  - email: a@example.com
    password: "12345"
branding:
  colors: {primary: "#112233"}
)",
                         "dir/acme.yaml");
  ASSERT_TRUE(seed);
  EXPECT_EQ(seed->name, "acme");
  ASSERT_EQ(seed->clients.size(), 2u);
  EXPECT_EQ(seed->clients[1].where, "dir/acme.yaml:6");
  EXPECT_EQ(seed->connections.size(), 2u);
  EXPECT_EQ(json::string_or(seed->users.at(0).body, "password"), "12345");
  EXPECT_TRUE(seed->branding);
  EXPECT_FALSE(seed->prompts);
}

TEST(Seed, the_name_in_the_file_wins_over_the_name_of_the_file) {
  auto seed = parse_seed("tenant: {name: northwind, friendly_name: N}\n", "x.yaml");
  ASSERT_TRUE(seed);
  EXPECT_EQ(seed->name, "northwind");
  EXPECT_FALSE(seed->settings->body.contains("name"));
}

TEST(Seed, unknown_sections_and_wrong_types_are_all_reported_with_their_line) {
  const std::string mistakes =
      mistakes_of("clients: {}\nclientz: []\nroles:\n  - just-text\ntenant: {name: \"No Name\"}\n");
  for (const char* expected :
       {"acme.yaml:1: clients must be a list", "acme.yaml:2: \"clientz\" is not a section",
        "acme.yaml:4: an entry of roles must be a map", "\"No Name\" is no tenant name"})
    EXPECT_NE(mistakes.find(expected), std::string::npos) << expected << "\nin\n" << mistakes;
}

TEST(Seed, what_the_deploy_cli_writes_for_unused_features_asks_for_nothing) {
  const auto seed = parse_seed(
      "rules: []\nemailProvider: {}\ntriggers: {}\npages:\nguardianPolicies: {policies: []}\n"
      "guardianFactors: [{name: sms, enabled: false}]\n"
      "logStreams: [{name: a, enabled: false}]\n"
      "prompts: {identifier_first: true, customText: {}, partials: {}, screenRenderers: []}\n",
      "acme.yaml");
  ASSERT_TRUE(seed) << seed.error().front();
  EXPECT_EQ(seed->prompts->body, (json::Object{{"identifier_first", true}}));
  const auto asked = parse_seed(
      "pages: [{name: a}]\nlogStreams: [{name: a}]\n"
      "prompts: {partials: {login: {form-content-start: hi}}}\n",
      "acme.yaml");
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error(),
            (std::vector<std::string>{
                "acme.yaml:1: \"pages\" asks for what this version cannot do yet",
                "acme.yaml:2: \"logStreams\" asks for what this version cannot do yet",
                "acme.yaml:3: \"prompts.partials\" asks for what this version cannot do yet"}));
}

TEST(Seed, a_repeated_key_and_broken_yaml_are_mistakes) {
  EXPECT_NE(mistakes_of("clients:\n  - name: a\n    name: b\n").find("acme.yaml:3: name is given twice"),
            std::string::npos);
  EXPECT_NE(mistakes_of("clients: [\n").find("acme.yaml:"), std::string::npos);
}

TEST(Seed, aliases_cannot_blow_up_a_small_file) {
  std::string text = "users:\n  - &a0 {email: x}\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "  - &a" + std::to_string(i) + " {l: " + before + ", r: " + before + "}\n";
  }
  EXPECT_NE(mistakes_of(text), "none");
}

TEST(YamlJson, plain_words_have_types_and_quoted_ones_are_text) {
  const auto value =
      to_json(YAML::Load("{a: 12, b: \"12\", c: true, d: 'true', e: 1.5, f: null, g: 1.2.3, h: 0x1F}"));
  ASSERT_TRUE(value);
  EXPECT_EQ(json::serialize(*value),
            R"({"a":12,"b":"12","c":true,"d":"true","e":1.5E0,"f":null,"g":"1.2.3","h":"0x1F"})");
}

TEST(YamlJson, what_is_written_reads_back_the_same) {
  const auto value =
      json::parse(R"({"a":["x","12","true",""],"b":{"c":null,"d":1.5,"e":"a: b\nc"},"f":[],"g":{}})");
  ASSERT_TRUE(value);
  EXPECT_EQ(to_json(YAML::Load(to_yaml(*value))).value(), *value);
}

}  // namespace
}  // namespace durward::server
