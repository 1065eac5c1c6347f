#include "http/address.h"

#include <gtest/gtest.h>

namespace durward::http {
namespace {

TEST(Networks, contain_the_addresses_of_their_blocks_in_every_notation) {
  const auto networks = Networks::parse({"10.0.0.0/8", "192.168.4.7", "fd00::/9", "::1"});
  ASSERT_TRUE(networks);
  for (const char* inside :
       {"10.1.2.3", "::ffff:10.1.2.3", "192.168.4.7", "fd7f::1", "::1", "[::1]:80", "10.0.0.1:55"})
    EXPECT_TRUE(networks->contains(std::string_view(inside))) << inside;
  for (const char* outside : {"11.0.0.1", "192.168.4.8", "fd80::1", "::2", "", "x", "10.1.2", "10.1.2.3.4"})
    EXPECT_FALSE(networks->contains(std::string_view(outside))) << outside;
}

TEST(Networks, refuse_texts_that_are_no_block) {
  for (const char* text : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.1/8", "::/129", "host"})
    EXPECT_FALSE(Networks::parse({text})) << text;
}

TEST(ClientBlock, an_ipv4_client_is_its_address_in_every_notation) {
  for (const char* text : {"1.2.3.4", "::ffff:1.2.3.4", "1.2.3.4:80", "[::ffff:1.2.3.4]:80"})
    EXPECT_EQ(client_block(text), "1.2.3.4") << text;
}

TEST(ClientBlock, an_ipv6_client_is_its_64) {
  EXPECT_EQ(client_block("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(client_block("[2001:db8:1:2:ffff::1]:443"), "2001:db8:1:2::/64");
  EXPECT_EQ(client_block("fe80::1%eth0"), "fe80::/64");
  EXPECT_NE(client_block("2001:db8:1:3::1"), client_block("2001:db8:1:2::1"));
}

TEST(ClientBlock, ipv4_clients_behind_nat64_are_told_apart) {
  EXPECT_EQ(client_block("64:ff9b::1.2.3.4"), "64:ff9b::102:304");
  EXPECT_NE(client_block("64:ff9b::1.2.3.4"), client_block("64:ff9b::1.2.3.5"));
}

TEST(ClientBlock, what_is_no_address_is_bounded) {
  EXPECT_EQ(client_block("unknown"), "unknown");
  EXPECT_EQ(client_block(std::string(1000, 'x')).size(), 64u);
}

}  // namespace
}  // namespace durward::http
