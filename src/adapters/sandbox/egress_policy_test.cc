#include "adapters/sandbox/egress_policy.h"

#include <gtest/gtest.h>

namespace durward::adapters::sandbox {
namespace {

bool allows(const EgressPolicy& policy, const char* address, const char* host = "name.example",
            uint16_t port = 443) {
  return policy.allows(*http::parse_ip(address), host, port);
}

TEST(EgressPolicy, the_public_internet_may_be_reached) {
  const auto policy = EgressPolicy::parse({}).value();
  for (const char* address : {"93.184.216.34", "8.8.8.8", "2606:4700:4700::1111", "172.15.0.1", "172.32.0.1"})
    EXPECT_TRUE(allows(policy, address)) << address;
}

TEST(EgressPolicy, what_is_private_local_or_special_may_not) {
  const auto policy = EgressPolicy::parse({}).value();
  for (const char* address : {"127.0.0.1",
                              "127.255.255.254",
                              "0.0.0.0",
                              "10.1.2.3",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "169.254.169.254",
                              "100.100.100.200",
                              "168.63.129.16",
                              "224.0.0.1",
                              "255.255.255.255",
                              "198.18.0.1",
                              "::",
                              "::1",
                              "fe80::1",
                              "fec0::1",
                              "fd00:ec2::254",
                              "fc00::1",
                              "ff02::1",
                              "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1",
                              "::7f00:1",
                              "64:ff9b::a00:1",
                              "2002:7f00:1::",
                              "2001::1",
                              "2001:db8::1"})
    EXPECT_FALSE(allows(policy, address)) << address;
}

TEST(EgressPolicy, the_operator_opens_a_block_or_one_service) {
  const auto policy = EgressPolicy::parse({"10.1.0.0/16", "::1", "Db.Internal:5432"}).value();
  EXPECT_TRUE(allows(policy, "10.1.2.3"));
  EXPECT_FALSE(allows(policy, "10.2.2.3"));
  EXPECT_TRUE(allows(policy, "::1"));
  EXPECT_TRUE(allows(policy, "192.168.0.9", "db.internal", 5432));
  EXPECT_FALSE(allows(policy, "192.168.0.9", "db.internal", 22));
  EXPECT_FALSE(allows(policy, "192.168.0.9", "other.internal", 5432));
}

TEST(EgressPolicy, what_is_neither_is_refused) {
  for (const char* item : {"", "name", "name:", "name:0", "name:65536", "10.1.2.3/8", ":5"})
    EXPECT_FALSE(EgressPolicy::parse({item})) << item;
}

}  // namespace
}  // namespace durward::adapters::sandbox
