#include <gtest/gtest.h>

#include "login/attempts.h"
#include "management/support/testing/world.h"

namespace durward::management {
namespace {

struct BlocksWorld : testing::World {
  BlocksWorld() {
    base.add_connection("db", {"app"});
    base.add_user("1", "ada@example.com", "Secret-1");
    put("db", "192.0.2.1");
    put("db", "");
    put("staff", "192.0.2.1");
  }
  void put(std::string connection, std::string ip) {
    base.state.blocks.all.push_back({.connection = std::move(connection),
                                     .identifier = "ada@example.com",
                                     .ip = std::move(ip),
                                     .user_id = "auth0|1"});
  }
  size_t shown(std::string path) { return get(std::move(path))["blocked_for"].as_array().size(); }
};

TEST(user_blocks, of_an_identifier_are_those_of_every_connection) {
  BlocksWorld world;
  const auto answer = world.get("/user-blocks?identifier=Ada%40example.com");
  EXPECT_EQ(json::serialize(answer["blocked_for"]),
            R"([{"identifier":"ada@example.com","ip":"192.0.2.1","connection":"db"},)"
            R"({"identifier":"ada@example.com","connection":"db"},)"
            R"({"identifier":"ada@example.com","ip":"192.0.2.1","connection":"staff"}])");
  EXPECT_EQ(world.shown("/user-blocks?identifier=bob%40example.com"), 0u);
}

TEST(user_blocks, of_a_user_are_those_of_the_connections_it_is_in) {
  BlocksWorld world;
  EXPECT_EQ(world.shown("/user-blocks/auth0%7C1"), 2u);
  EXPECT_EQ(world.get("/user-blocks/auth0%7Cnone").status, 404);
}

TEST(user_blocks, that_are_not_in_force_are_left_out_for_who_asks_so) {
  BlocksWorld world;
  const std::string all = "/user-blocks/auth0%7C1", in_force = all + "?consider_brute_force_enablement=true";
  EXPECT_EQ(world.shown(in_force), 2u);
  world.base.configuration.protection.brute_force.enabled = false;
  EXPECT_EQ(world.shown(in_force), 0u);
  EXPECT_EQ(world.shown(all), 2u);
  world.base.configuration.protection.brute_force.enabled = true;
  for (auto& connection : world.base.configuration.connections)
    connection.options["brute_force_protection"] = false;
  EXPECT_EQ(world.shown(in_force), 0u);
}

TEST(user_blocks, are_lifted_in_one_audited_commit_and_their_counts_begin_anew) {
  BlocksWorld world;
  const auto key = login::account_key({1}, "db", "ada@example.com", "192.0.2.1");
  world.base.limiter.paid[key] = 1;
  EXPECT_EQ(world.remove("/user-blocks?identifier=ada%40example.com").status, 204);
  EXPECT_EQ(world.store.commits, 1);
  EXPECT_EQ(world.last_log().description, "Unblock by identifier");
  EXPECT_TRUE(world.base.state.blocks.all.empty());
  EXPECT_FALSE(world.base.limiter.paid.contains(key));
}

TEST(user_blocks, of_a_user_are_lifted_where_the_user_is) {
  BlocksWorld world;
  EXPECT_EQ(world.remove("/user-blocks/auth0%7C1").status, 204);
  ASSERT_EQ(world.base.state.blocks.all.size(), 1u);
  EXPECT_EQ(world.base.state.blocks.all[0].connection, "staff");
  EXPECT_EQ(world.remove("/user-blocks/auth0%7Cnone").status, 404);
}

TEST(user_blocks, ask_for_an_identifier_and_their_scopes) {
  BlocksWorld world;
  EXPECT_EQ(world.get("/user-blocks").status, 400);
  EXPECT_EQ(world.remove("/user-blocks").status, 400);
  const auto with = [&](http::Method method, std::string scope) {
    return world.call(method, "/user-blocks?identifier=a", nullptr, {std::move(scope)}).status;
  };
  EXPECT_EQ(with(http::Method::get, "read:users"), 200);
  EXPECT_EQ(with(http::Method::get, "update:users"), 403);
  EXPECT_EQ(with(http::Method::delete_, "read:users"), 403);
}

TEST(user_blocks, go_with_the_user) {
  BlocksWorld world;
  EXPECT_EQ(world.remove("/users/auth0%7C1").status, 204);
  EXPECT_EQ(world.base.state.blocks.all.size(), 1u) << "the one of a connection the user is not in";
}

struct Anomaly : testing::World {
  void use_up(login::Stage stage, std::string_view ip) {
    const auto& throttling = base.configuration.protection.suspicious_ip;
    const auto rate = login::address_rate(throttling, stage);
    const auto key = login::address_key({1}, stage, login::counted_address(ip));
    ASSERT_TRUE(run_sync(base.limiter.take(key, rate, base.clock.now(), rate.burst)));
  }
};

TEST(anomaly, an_address_is_blocked_when_it_used_up_its_attempts_at_anything) {
  for (const auto stage : {login::Stage::sign_in, login::Stage::sign_up, login::Stage::reset}) {
    Anomaly world;
    const auto missing = world.get("/anomaly/blocks/ips/192.0.2.1");
    EXPECT_EQ(json::serialize(missing.body),
              R"({"statusCode":404,"error":"Not Found","message":"Not Found"})");
    world.use_up(stage, "192.0.2.1");
    EXPECT_EQ(world.get("/anomaly/blocks/ips/192.0.2.1").status, 200);
    EXPECT_EQ(world.get("/anomaly/blocks/ips/192.0.2.2").status, 404);
    EXPECT_EQ(world.call(http::Method::get, "/anomaly/blocks/ips/192.0.2.1", nullptr, {"*"}, 2).status, 404);
    EXPECT_EQ(world.remove("/anomaly/blocks/ips/192.0.2.1").status, 204);
    EXPECT_EQ(world.last_log().description, "Remove the blocked IP address");
    EXPECT_EQ(world.get("/anomaly/blocks/ips/192.0.2.1").status, 404);
  }
}

TEST(anomaly, an_address_that_nothing_is_refused_to_is_not_blocked) {
  Anomaly world;
  world.use_up(login::Stage::sign_in, "2001:db8::1");
  EXPECT_EQ(world.get("/anomaly/blocks/ips/2001%3Adb8%3A%3A2").status, 200) << "of the same network";
  auto& throttling = world.base.configuration.protection.suspicious_ip;
  throttling.allowlist = {"2001:db8::/32"};
  EXPECT_EQ(world.get("/anomaly/blocks/ips/2001%3Adb8%3A%3A1").status, 404);
  throttling.allowlist.clear();
  throttling.block = false;
  EXPECT_EQ(world.get("/anomaly/blocks/ips/2001%3Adb8%3A%3A1").status, 404);
}

TEST(anomaly, what_is_no_address_is_refused) {
  Anomaly world;
  for (const char* text : {"somewhere", "1.2.3", "192.0.2.1%2F24"}) {
    EXPECT_EQ(world.get(std::string("/anomaly/blocks/ips/") + text).status, 400) << text;
    EXPECT_EQ(world.remove(std::string("/anomaly/blocks/ips/") + text).status, 400) << text;
  }
}

}  // namespace
}  // namespace durward::management
