#include "server/limit_log.h"

#include <gtest/gtest.h>

#include "tokens/testing/world.h"

namespace durward::server {
namespace {

class LimitLogTest : public ::testing::Test {
 protected:
  void meet(domain::RateClass rate, bool allowed, Milliseconds later = Milliseconds(0), int64_t tenant = 1) {
    meet_by(log_, rate, allowed, later, tenant);
  }
  void meet_by(LimitLog& log, domain::RateClass rate, bool allowed, Milliseconds later, int64_t tenant) {
    endpoint::RequestContext context;
    auto made = std::make_shared<domain::Tenant>();
    made->id = {tenant};
    context.tenant = made;
    context.ip = "198.51.100.7";
    context.host = "acme.example";
    context.now = durward::testing::start + later;
    log(context,
        {.row = domain::find_limit(rate, domain::LimitScope::tenant), .allowed = allowed, .limit = 30});
  }
  std::vector<domain::LogRecord> records() {
    std::vector<domain::LogRecord> out;
    for (const auto& [id, record] : world_.state.log) out.push_back(record);
    return out;
  }
  durward::testing::World world_;
  LimitLog log_{world_.services};
};

TEST_F(LimitLogTest, a_flood_writes_one_record_a_tenant_class_and_minute) {
  for (int i = 0; i < 1000; ++i) meet(domain::RateClass::token, false);
  ASSERT_EQ(records().size(), 1u);
  meet(domain::RateClass::token, false, Milliseconds(60'000));
  EXPECT_EQ(records().size(), 2u);
  meet(domain::RateClass::management, false);
  EXPECT_EQ(records().size(), 3u);
  meet(domain::RateClass::token, false, Milliseconds(0), 2);
  EXPECT_EQ(records().size(), 4u);
}

TEST_F(LimitLogTest, a_record_says_which_limit_and_who_met_it) {
  meet(domain::RateClass::token, false);
  const auto record = records().at(0);
  EXPECT_EQ(record.type, "api_limit");
  EXPECT_EQ(record.description, "A limit was exceeded: token, by tenant.");
  EXPECT_EQ(record.ip, "198.51.100.7");
  EXPECT_EQ(record.hostname, "acme.example");
  EXPECT_EQ(json::string_or(record.details, "class"), "token");
  EXPECT_EQ(json::integer_or(record.details, "limit", 0), 30);
}

TEST_F(LimitLogTest, a_warning_is_another_record) {
  meet(domain::RateClass::token, true);
  meet(domain::RateClass::token, true);
  meet(domain::RateClass::token, false);
  ASSERT_EQ(records().size(), 2u);
  EXPECT_EQ(records().at(0).type, "api_limit_warning");
}

TEST_F(LimitLogTest, two_processes_with_one_cache_write_one_record) {
  LimitLog other(world_.services);
  meet(domain::RateClass::token, false);
  meet_by(other, domain::RateClass::token, false, Milliseconds(0), 1);
  EXPECT_EQ(records().size(), 1u);
}

}  // namespace
}  // namespace durward::server
