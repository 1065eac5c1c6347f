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

Request from(std::string_view peer, std::vector<std::pair<std::string, std::string>> fields) {
  Request request;
  request.scheme = "http";
  request.host = "inner:8080";
  for (auto& [name, value] : fields) request.headers.add(name, value);
  apply_forwarded(request, peer, *Networks::parse({"10.0.0.0/8"}));
  return request;
}

TEST(Forwarded, headers_of_a_trusted_proxy_replace_what_the_socket_says) {
  const Request request = from("10.0.0.1", {{"X-Forwarded-For", "6.6.6.6, 1.2.3.4, 10.0.0.9"},
                                            {"X-Forwarded-Proto", "https"},
                                            {"X-Forwarded-Host", "Login.Example.com:443"}});
  EXPECT_EQ(request.remote_ip, "1.2.3.4");  // 6.6.6.6 is only what that client claims
  EXPECT_EQ(request.scheme, "https");
  EXPECT_EQ(request.host, "login.example.com");
}

TEST(Forwarded, headers_of_anybody_else_are_ignored) {
  const Request request =
      from("1.2.3.4",
           {{"X-Forwarded-For", "6.6.6.6"}, {"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "evil"}});
  EXPECT_EQ(request.remote_ip, "1.2.3.4");
  EXPECT_EQ(request.scheme, "http");
  EXPECT_EQ(request.host, "inner:8080");
}

TEST(Forwarded, nonsense_of_a_trusted_proxy_changes_nothing) {
  const Request request =
      from("10.0.0.1",
           {{"X-Forwarded-For", "unknown"}, {"X-Forwarded-Proto", "gopher"}, {"X-Forwarded-Host", "a b"}});
  EXPECT_EQ(request.remote_ip, "10.0.0.1");
  EXPECT_EQ(request.scheme, "http");
  EXPECT_EQ(request.host, "inner:8080");
}

}  // namespace
}  // namespace durward::http
