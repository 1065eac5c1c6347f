#include <gtest/gtest.h>

#include "adapters/redis/server_for_tests.h"
#include "adapters/redis/shared.h"
#include "base/executor.h"

namespace durward::adapters::redis {
namespace {

using Steady = std::chrono::steady_clock;

RedisOptions to(std::vector<uint16_t> ports) {
  RedisOptions out;
  for (const uint16_t port : ports) out.addresses.push_back({"127.0.0.1", port});
  return out;
}

// Asks until it holds; only a broken link takes the whole patience.
template <class Condition>
bool eventually(Condition condition, Milliseconds patience = Milliseconds(20'000)) {
  const auto end = Steady::now() + patience;
  while (!condition())
    if (Steady::now() > end) return false;
  return true;
}

class RedisTest : public testing::Test {
 protected:
  bool allows(Link& link, int64_t per_second = 1000) {
    RedisLimiter limiter(link);
    const auto taken =
        run_sync(limiter.take("k", ports::Rate::per_second(per_second), from_unix_seconds(1'800'000'000)));
    return taken && taken->allowed;
  }
  std::string debug_of(Link& link, Link::Arguments arguments) {
    const auto reply = run_sync(link.command(std::move(arguments)));
    return reply ? "" : reply.error().debug;
  }
  SystemRandom random_;
  metrics::Registry metrics_;
};

TEST_F(RedisTest, without_a_server_a_command_fails_at_once) {
  Link link(to({free_port()}), random_, metrics_);
  const auto reply = run_sync(link.command({"PING"}));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(reply.error().code, "redis_unavailable");
}

TEST_F(RedisTest, a_killed_server_is_away_and_comes_back_by_itself) {
  RedisServer server;
  Link link(to({server.port()}), random_, metrics_);
  ASSERT_TRUE(eventually([&] { return allows(link); }));
  server.kill();
  EXPECT_FALSE(allows(link));
  EXPECT_TRUE(eventually([&] { return !link.is_connected(); }));
  server.start();
  EXPECT_TRUE(eventually([&] { return allows(link); }));
}

TEST_F(RedisTest, a_dead_server_is_noticed_without_a_command) {
  RedisServer server;
  Link link(to({server.port()}), random_, metrics_);
  ASSERT_TRUE(eventually([&] { return link.is_connected(); }));
  server.kill();
  EXPECT_TRUE(eventually([&] { return !link.is_connected(); }));
}

TEST_F(RedisTest, a_server_that_hangs_costs_no_more_than_the_deadline) {
  RedisServer server;
  auto options = to({server.port()});
  options.reply = Milliseconds(50);
  Link link(options, random_, metrics_);
  ASSERT_TRUE(eventually([&] { return allows(link); }));
  server.pause();
  EXPECT_FALSE(allows(link));
  server.resume();
  EXPECT_TRUE(eventually([&] { return allows(link); }));
}

TEST_F(RedisTest, scripts_survive_a_server_that_forgot_them) {
  RedisServer server;
  Link link(to({server.port()}), random_, metrics_);
  ASSERT_TRUE(eventually([&] { return allows(link); }));
  ASSERT_TRUE(run_sync(link.command({"SCRIPT", "FLUSH"})));
  EXPECT_TRUE(allows(link));
}

TEST_F(RedisTest, counters_end_by_themselves) {
  RedisServer server;
  Link link(to({server.port()}), random_, metrics_);
  ASSERT_TRUE(eventually([&] { return allows(link, 2); }));
  const auto left = run_sync(link.command({"PTTL", "durward:limit:k"})).value();
  EXPECT_GT(left.integer, 0);
  EXPECT_LE(left.integer, 2000);
}

TEST_F(RedisTest, an_error_of_the_server_is_an_error_and_keeps_the_connection) {
  RedisServer server;
  Link link(to({server.port()}), random_, metrics_);
  ASSERT_TRUE(eventually([&] { return link.is_connected(); }));
  EXPECT_TRUE(debug_of(link, {"NO-SUCH-COMMAND"}).starts_with("ERR"));
  EXPECT_TRUE(link.is_connected());
}

TEST_F(RedisTest, the_password_is_used_and_never_shown) {
  RedisServer server({"--requirepass", "pass-word-1"});
  auto options = to({server.port()});
  options.password = "pass-word-1";
  Link good(options, random_, metrics_);
  EXPECT_TRUE(eventually([&] { return allows(good); }));
  options.password = "pass-word-2";
  Link bad(options, random_, metrics_);
  EXPECT_FALSE(allows(bad));
  EXPECT_EQ(debug_of(bad, {"PING"}).find("pass-word"), std::string::npos);
}

TEST_F(RedisTest, of_several_servers_the_master_is_asked) {
  RedisServer master;
  RedisServer replica({"--replicaof", "127.0.0.1", std::to_string(master.port())});
  Link link(to({replica.port(), master.port()}), random_, metrics_);
  EXPECT_TRUE(eventually([&] { return allows(link); }));
}

TEST_F(RedisTest, a_master_that_is_demoted_is_left) {
  RedisServer first, second;
  Link link(to({first.port(), second.port()}), random_, metrics_);
  ASSERT_TRUE(eventually([&] { return allows(link); }));
  const auto demoted = run_sync(link.command({"REPLICAOF", "127.0.0.1", std::to_string(second.port())}));
  ASSERT_TRUE(demoted);
  ASSERT_TRUE(eventually([&] { return allows(link); }));
  EXPECT_EQ(run_sync(link.command({"ROLE"})).value().list[0].text, "master");
}

TEST_F(RedisTest, a_failover_by_sentinels_is_followed) {
  RedisServer master;
  RedisServer replica({"--replicaof", "127.0.0.1", std::to_string(master.port())});
  replica.wait_for("Finished with success");
  RedisServer sentinel(RedisServer::sentinel("sentinel monitor login 127.0.0.1 " +
                                             std::to_string(master.port()) +
                                             " 1\nsentinel down-after-milliseconds login 300\n"
                                             "sentinel failover-timeout login 2000\n"));
  sentinel.wait_for("+slave");
  auto options = to({sentinel.port()});
  options.sentinel_master = "login";
  Link link(options, random_, metrics_);
  ASSERT_TRUE(eventually([&] { return allows(link); }));
  master.kill();
  EXPECT_FALSE(allows(link));
  EXPECT_TRUE(eventually([&] { return allows(link); }, Milliseconds(60'000)));
  EXPECT_EQ(run_sync(link.command({"CONFIG", "GET", "port"})).value().list[1].text,
            std::to_string(replica.port()));
}

TEST_F(RedisTest, sentinels_that_know_no_such_master_are_no_server) {
  RedisServer master;
  RedisServer sentinel(
      RedisServer::sentinel("sentinel monitor login 127.0.0.1 " + std::to_string(master.port()) + " 1\n"));
  auto options = to({sentinel.port()});
  options.sentinel_master = "other";
  Link link(options, random_, metrics_);
  EXPECT_FALSE(allows(link));
  EXPECT_FALSE(link.is_connected());
}

TEST(RedisUrl, servers_and_sentinels) {
  const auto servers = RedisOptions::parse("redis://a.internal,b.internal:7000,[::1]:7001").value();
  ASSERT_EQ(servers.addresses.size(), 3u);
  EXPECT_EQ(servers.addresses[0].text(), "a.internal:6379");
  EXPECT_EQ(servers.addresses[1].text(), "b.internal:7000");
  EXPECT_EQ(servers.addresses[2].text(), "::1:7001");
  EXPECT_TRUE(servers.sentinel_master.empty());
  const auto sentinels = RedisOptions::parse("redis+sentinel://a,b:7000/login").value();
  EXPECT_EQ(sentinels.addresses[0].port, 26379);
  EXPECT_EQ(sentinels.sentinel_master, "login");
}

TEST(RedisUrl, anything_else_is_refused) {
  for (const char* bad :
       {"", "a", "redis://", "redis://a:0", "redis://a:x", "redis://a:99999", "redis://a,", "redis://,a",
        "redis://a/login", "redis+sentinel://a", "redis+sentinel://a/", "redis://u:p@a", "rediss://a"})
    EXPECT_EQ(RedisOptions::parse(bad).error().code, "bad_url") << bad;
}

}  // namespace
}  // namespace durward::adapters::redis
