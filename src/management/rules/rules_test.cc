#include "management/rules/rules.h"

#include <gtest/gtest.h>

#include "management/support/testing/scripts.h"

namespace durward::management::rules {
namespace {

using testing::World;

json::Value body(std::string_view text) { return *json::parse(text); }

TEST(rules, a_rule_gets_the_next_order_and_is_enabled) {
  World world;
  testing::play_builds(world);
  const auto first = world.post("/rules", body(R"({"name":"one","script":"function (u, c, cb) {}"})"));
  EXPECT_EQ(first.status, 201);
  EXPECT_TRUE(first.text("id").starts_with("rul_"));
  EXPECT_EQ(first["order"].as_int64(), 1);
  EXPECT_TRUE(first["enabled"].as_bool());
  EXPECT_EQ(first.text("stage"), "login_success");
  world.post("/rules", body(R"({"name":"ten","script":"f","order":10})"));
  EXPECT_EQ(world.post("/rules", body(R"({"name":"next","script":"f"})"))["order"].as_int64(), 11);
}

TEST(rules, names_and_orders_are_taken_once) {
  World world;
  world.post("/rules", body(R"({"name":"one","script":"f","order":1})"));
  EXPECT_EQ(world.post("/rules", body(R"({"name":"one","script":"f"})")).status, 409);
  EXPECT_EQ(world.post("/rules", body(R"({"name":"two","script":"f","order":1})")).status, 409);
}

TEST(rules, lists_are_in_order_and_filter) {
  World world;
  for (const char* text :
       {R"({"name":"c","script":"f","order":3,"enabled":false})", R"({"name":"a","script":"f","order":1})",
        R"({"name":"b","script":"f","order":2})"})
    world.post("/rules", body(text));
  const auto names = [&](const std::string& query) {
    std::string out;
    const auto found = world.get("/rules" + query);
    for (const auto& rule : found.body.as_array()) out += json::string_or(rule.as_object(), "name");
    return out;
  };
  EXPECT_EQ(names(""), "abc");
  EXPECT_EQ(names("?enabled=true"), "ab");
  EXPECT_EQ(names("?enabled=false"), "c");
  EXPECT_EQ(world.get("/rules?include_totals=true&per_page=1")["total"].as_int64(), 3);
  EXPECT_EQ(json::serialize(world.get("/rules?fields=name&per_page=1").body), R"([{"name":"a"}])");
}

TEST(rules, malformed_rules_are_refused) {
  World world;
  testing::play_builds(world);
  for (const char* text : {R"({"name":"a"})", R"({"script":"f"})", R"({"name":"-a","script":"f"})",
                           R"({"name":"a","script":""})", R"({"name":"a","script":"f","order":-1})",
                           R"({"name":"a","script":"f","stage":"pre_authorize"})",
                           R"({"name":"a","script":"BROKEN"})", R"({"name":"a","script":"f","foo":1})"})
    EXPECT_EQ(world.post("/rules", body(text)).status, 400) << text;
  const auto id = world.post("/rules", body(R"({"name":"a","script":"f"})")).text("id");
  EXPECT_EQ(world.patch("/rules/" + id, body(R"({"script":"BROKEN"})")).status, 400);
}

TEST(rules, what_cannot_be_checked_now_is_kept) {
  World world;  // no sandbox
  EXPECT_EQ(world.post("/rules", body(R"({"name":"a","script":"BROKEN"})")).status, 201);
}

TEST(rules, a_rule_is_changed_and_removed) {
  World world;
  const auto id = world.post("/rules", body(R"({"name":"a","script":"f"})")).text("id");
  EXPECT_FALSE(world.patch("/rules/" + id, body(R"({"enabled":false})"))["enabled"].as_bool());
  EXPECT_EQ(world.remove("/rules/" + id).status, 204);
  EXPECT_EQ(world.remove("/rules/" + id).status, 204);
  EXPECT_EQ(world.get("/rules/" + id).status, 404);
}

TEST(rules_configs, values_are_sealed_and_only_keys_are_listed) {
  World world;
  const auto set = world.call(http::Method::put, "/rules-configs/KEY", body(R"({"value":"hunter2"})"));
  EXPECT_EQ(set.status, 200);
  EXPECT_EQ(json::serialize(set.body), R"({"key":"KEY","value":"hunter2"})");
  EXPECT_EQ(world.call(http::Method::put, "/rules-configs/KEY", body(R"({"value":"hunter3"})")).status, 200);
  EXPECT_EQ(json::serialize(world.get("/rules-configs").body), R"([{"key":"KEY"}])");
  EXPECT_EQ(world.dump().find("hunter"), std::string::npos);
  EXPECT_EQ(world.remove("/rules-configs/KEY").status, 204);
  EXPECT_EQ(json::serialize(world.get("/rules-configs").body), "[]");
}

TEST(rules_configs, a_key_keeps_to_its_alphabet) {
  World world;
  for (const std::string& key : {std::string("a%20b"), std::string("%C3%A9"), std::string(128, 'a')})
    EXPECT_EQ(world.call(http::Method::put, "/rules-configs/" + key, body(R"({"value":"v"})")).status, 400)
        << key;
  EXPECT_EQ(world.call(http::Method::put, "/rules-configs/a-b_c@*+:", body(R"({"value":"v"})")).status, 200);
  EXPECT_EQ(world.call(http::Method::put, "/rules-configs/a", body(R"({})")).status, 400);
}

}  // namespace
}  // namespace durward::management::rules
