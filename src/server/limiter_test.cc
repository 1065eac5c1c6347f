#include "server/limiter.h"

#include <gtest/gtest.h>

#include "adapters/redis/server_for_tests.h"
#include "adapters/redis/shared.h"
#include "base/executor.h"

namespace durward::server {
namespace {

using domain::Bucket;
using domain::LimitScope;
using domain::RateClass;
using domain::RateProfile;

json::Object parsed(const char* text) { return json::parse_object(text).value(); }

Bucket bucket(const BucketTable& table, RateClass rate, LimitScope scope) {
  return table[size_t(domain::find_limit(rate, scope) - domain::limits)];
}

TEST(Buckets, a_profile_s_numbers_are_those_of_the_table) {
  const auto free = buckets_of({.profile = RateProfile::free}, {});
  const auto paid = buckets_of({}, {});
  EXPECT_EQ(bucket(free, RateClass::token, LimitScope::tenant), (Bucket{30, 1, 30}));
  EXPECT_EQ(bucket(paid, RateClass::token, LimitScope::tenant), Bucket());
  EXPECT_EQ(bucket(paid, RateClass::management, LimitScope::tenant), (Bucket{1000, 1, 1000}));
  for (const auto& one : buckets_of({.profile = RateProfile::unlimited}, {})) EXPECT_EQ(one.units, 0);
}

TEST(Buckets, options_replace_numbers_of_the_installation_s_profile_only) {
  const RateDefaults defaults{.login = 7, .token = 0, .management = 3};
  const auto own = buckets_of(defaults, {});
  EXPECT_EQ(bucket(own, RateClass::login, LimitScope::tenant), (Bucket{7, 1, 7}));
  EXPECT_EQ(bucket(own, RateClass::token, LimitScope::tenant).units, 0);
  EXPECT_EQ(bucket(own, RateClass::management, LimitScope::tenant), (Bucket{3, 1, 3}));
  const auto named = buckets_of(defaults, parsed(R"({"rate_profile":"free"})"));
  EXPECT_EQ(bucket(named, RateClass::management, LimitScope::tenant), (Bucket{2, 1, 10}));
}

TEST(Buckets, a_tenant_s_own_limits_win) {
  const auto table = buckets_of({}, parsed(R"({"rate_profile":"free","rate_limits":[
      {"class":"token","scope":"tenant","units":100,"seconds":60},
      {"class":"token","scope":"client","units":5,"burst":9},
      {"class":"userinfo","scope":"user","units":0}]})"));
  EXPECT_EQ(bucket(table, RateClass::token, LimitScope::tenant), (Bucket{100, 60, 100}));
  EXPECT_EQ(bucket(table, RateClass::token, LimitScope::client), (Bucket{5, 1, 9}));
  EXPECT_EQ(bucket(table, RateClass::userinfo, LimitScope::user).units, 0);
}

class LimitsOfARequest : public testing::Test {
 protected:
  RequestBuckets request(std::string ip = "198.51.100.7", int64_t tenant = 1) {
    endpoint::RequestContext context;
    auto made = std::make_shared<domain::Tenant>();
    made->id = {tenant};
    context.tenant = made;
    context.ip = std::move(ip);
    context.now = now_;
    return RequestBuckets(limiter_, std::move(context), entitled_, on_limit_);
  }
  // How many requests of a class are let in, one after the other.
  int entered(RateClass rate, std::string ip = "198.51.100.7", int64_t tenant = 1) {
    int n = 0;
    while (n < 5000 && run_sync(request(ip, tenant).enter(rate))) ++n;
    return n;
  }
  int taken(RateClass rate, LimitScope scope, std::string who, std::string ip = "198.51.100.7") {
    int n = 0;
    while (n < 5000 && run_sync(request(ip).take(rate, scope, who))) ++n;
    return n;
  }
  void entitle(const char* text) {
    entitled_ = std::make_shared<const domain::Entitlements>(domain::Entitlements::from_json(parsed(text)));
  }

  metrics::Registry metrics_;
  Limiter limiter_{{.profile = RateProfile::free}, nullptr, metrics_, 80'000};
  Limiter::EntitlementsPtr entitled_;
  OnLimit on_limit_;
  TimePoint now_ = from_unix_seconds(1'800'000'000);
};

TEST_F(LimitsOfARequest, a_request_takes_from_its_class_and_from_what_that_is_a_part_of) {
  EXPECT_EQ(entered(RateClass::token), 30);
  EXPECT_EQ(entered(RateClass::well_known), 20);
  EXPECT_EQ(entered(RateClass::userinfo), 300 - 50) << "the authentication API in total";
  EXPECT_EQ(entered(RateClass::management_read), 10) << "another plane";
}

TEST_F(LimitsOfARequest, an_address_is_stopped_before_it_empties_what_its_tenant_shares) {
  EXPECT_EQ(entered(RateClass::login), 50);
  EXPECT_EQ(entered(RateClass::login, "198.51.100.8"), 50);
  EXPECT_EQ(entered(RateClass::login, "2001:db8::1"), 50);
  EXPECT_EQ(entered(RateClass::login, "2001:db8::2"), 0) << "the same /64";
  EXPECT_EQ(entered(RateClass::login, "2001:db8:0:1::2"), 50);
}

TEST_F(LimitsOfARequest, addresses_of_this_machine_have_no_limit_of_their_own) {
  EXPECT_EQ(entered(RateClass::login, "127.0.0.1"), 300) << "the tenant's";
  EXPECT_EQ(taken(RateClass::login_attempt, LimitScope::identifier, "a@b", "::1"), 5000);
}

TEST_F(LimitsOfARequest, tenants_clients_and_users_do_not_share) {
  EXPECT_EQ(entered(RateClass::token), 30);
  EXPECT_EQ(entered(RateClass::token, "198.51.100.7", 2), 30);
  entitle(R"({"rate_limits":[{"class":"token","scope":"client","units":3}]})");
  EXPECT_EQ(taken(RateClass::token, LimitScope::client, "one"), 3);
  EXPECT_EQ(taken(RateClass::token, LimitScope::client, "two"), 3);
  EXPECT_EQ(taken(RateClass::userinfo, LimitScope::user, "auth0|1"), 10);
  EXPECT_EQ(taken(RateClass::userinfo, LimitScope::user, "auth0|2"), 10);
}

TEST_F(LimitsOfARequest, units_come_back_with_time) {
  EXPECT_EQ(taken(RateClass::change_password, LimitScope::identifier, "a@b"), 10);
  now_ += Seconds(59);
  EXPECT_EQ(taken(RateClass::change_password, LimitScope::identifier, "a@b"), 0);
  now_ += Seconds(1);
  EXPECT_EQ(taken(RateClass::change_password, LimitScope::identifier, "a@b"), 1);
}

TEST_F(LimitsOfARequest, the_most_constraining_bucket_is_shown) {
  auto first = request();
  ASSERT_TRUE(run_sync(first.enter(RateClass::userinfo)));
  EXPECT_EQ(first.shown().limit, 300);
  EXPECT_EQ(first.shown().remaining, 299);
  EXPECT_EQ(first.shown().reset, to_unix_seconds(now_) + 1) << "200 ms until it is full";
  ASSERT_TRUE(run_sync(first.take(RateClass::userinfo, LimitScope::user, "auth0|1")));
  EXPECT_EQ(first.shown().limit, 10);
  EXPECT_EQ(first.shown().remaining, 9);
}

TEST_F(LimitsOfARequest, a_refusal_says_when_one_unit_is_free) {
  taken(RateClass::userinfo, LimitScope::user, "auth0|1");
  auto refused = request();
  const auto done = run_sync(refused.take(RateClass::userinfo, LimitScope::user, "auth0|1"));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::limited);
  EXPECT_EQ(done.error().code, "too_many_requests");
  EXPECT_EQ(refused.shown().remaining, 0);
  EXPECT_EQ(refused.shown().retry_after, Seconds(12)) << "five a minute";
  EXPECT_EQ(refused.shown().reset, to_unix_seconds(now_) + 12);
}

TEST_F(LimitsOfARequest, entitlements_count_from_the_next_request_on) {
  EXPECT_EQ(entered(RateClass::token), 30);
  entitle(R"({"rate_profile":"unlimited"})");
  EXPECT_EQ(entered(RateClass::token), 5000);
  entitle(R"({"rate_limits":[{"class":"token","scope":"tenant","units":40}]})");
  EXPECT_EQ(entered(RateClass::token), 40) << "what was used of another limit says nothing about this one";
}

TEST_F(LimitsOfARequest, four_fifths_and_refusals_of_tenants_are_told) {
  std::vector<std::string> told;
  on_limit_ = [&](const auto&, const Verdict& verdict) {
    told.push_back(std::string(to_string(verdict.row->rate_class)) +
                   (verdict.allowed ? " warned" : " refused"));
  };
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(run_sync(request().enter(RateClass::management_read)));
  EXPECT_TRUE(told.empty()) << "two of ten are left";
  ASSERT_TRUE(run_sync(request().enter(RateClass::management_read)));
  EXPECT_EQ(told, std::vector<std::string>{"management warned"});
  ASSERT_TRUE(run_sync(request().enter(RateClass::management_read)));
  ASSERT_FALSE(run_sync(request().enter(RateClass::management_read)));
  EXPECT_EQ(told.back(), "management refused");
}

TEST_F(LimitsOfARequest, a_flood_of_addresses_does_not_push_out_what_tenants_and_clients_used) {
  EXPECT_EQ(entered(RateClass::token), 30);
  for (int i = 0; i < 100'000; ++i)
    (void)run_sync(
        request("2001:db8:" + std::to_string(i % 10'000) + ":" + std::to_string(i / 10'000) + "::1")
            .take(RateClass::signup, LimitScope::ip, "2001:db8:" + std::to_string(i)));
  EXPECT_EQ(entered(RateClass::token), 0);
}

// Two processes on one Redis.
class FleetLimits : public testing::Test {
 protected:
  struct Process {
    explicit Process(uint16_t port) : link({.addresses = {{"127.0.0.1", port}}}, random, metrics) {}
    SystemRandom random;
    metrics::Registry metrics;
    adapters::redis::Link link;
    adapters::redis::RedisLimiter shared{link};
    Limiter limiter{{.profile = RateProfile::free, .login = 5}, &shared, metrics};
    std::shared_ptr<const BucketTable> table = limiter.table_of({1}, nullptr);
  };
  bool allowed(Process& process, RateClass rate, LimitScope scope, std::string who = {}) {
    const auto* row = domain::find_limit(rate, scope);
    return run_sync(process.limiter.take({1}, process.table, row, std::move(who), now_)).allowed;
  }
  // How many are allowed when each answer is waited for: the link answers in order, so a ping comes after it.
  int use_up(Process& process) {
    int n = 0;
    for (; allowed(process, RateClass::login, LimitScope::tenant); ++n)
      (void)run_sync(process.link.command({"PING"}));
    return n;
  }
  void connected() {
    while (!here_.link.is_connected() || !there_.link.is_connected()) std::this_thread::yield();
  }
  adapters::redis::RedisServer server_;
  Process here_{server_.port()}, there_{server_.port()};
  TimePoint now_ = from_unix_seconds(1'800'000'000);
};

TEST_F(FleetLimits, a_coarse_budget_is_shared_until_redis_dies_and_again_when_it_is_back) {
  connected();
  EXPECT_EQ(use_up(here_), 5);
  EXPECT_EQ(use_up(there_), 1) << "its first question hears that the budget is used up";
  server_.kill();
  while (here_.link.is_connected() || there_.link.is_connected()) std::this_thread::yield();
  now_ += Seconds(10);
  EXPECT_EQ(use_up(here_), 5);
  EXPECT_EQ(use_up(there_), 5);
  server_.start();
  connected();
  now_ += Seconds(10);
  EXPECT_EQ(use_up(here_), 5);
  EXPECT_EQ(use_up(there_), 1);
}

TEST_F(FleetLimits, an_exact_budget_is_kept_to_the_unit) {
  connected();
  int n = 0;
  for (int i = 0; i < 40; ++i)
    n +=
        allowed(i % 2 ? here_ : there_, RateClass::login_attempt, LimitScope::identifier, "a@b@198.51.100.7");
  EXPECT_EQ(n, 20);
}

}  // namespace
}  // namespace durward::server
