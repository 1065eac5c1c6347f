#include "http/forwarded.h"

#include <gtest/gtest.h>

namespace durward::http {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

Request from(std::string_view peer, const Fields& fields, ProxyFields kind = ProxyFields::x_forwarded) {
  Request request;
  request.scheme = "http";
  request.host = "inner:8080";
  for (const auto& [name, value] : fields) request.headers.add(name, value);
  apply_forwarded(request, peer, *Networks::parse({"10.0.0.0/8", "fd00::/8"}), kind);
  return request;
}
std::string client(const Fields& fields, ProxyFields kind = ProxyFields::x_forwarded) {
  return from("10.0.0.1", fields, kind).remote_ip;
}
std::string client_of_forwarded(const Fields& fields) { return client(fields, ProxyFields::forwarded); }

TEST(XForwarded, fields_of_a_trusted_proxy_replace_what_the_socket_says) {
  const Request request = from("10.0.0.1", {{"X-Forwarded-For", "6.6.6.6, 1.2.3.4, 10.0.0.9"},
                                            {"X-Forwarded-Proto", "https"},
                                            {"X-Forwarded-Host", "Login.Example.com:443"}});
  EXPECT_EQ(request.remote_ip, "1.2.3.4");  // 6.6.6.6 is only what that client claims
  EXPECT_EQ(request.scheme, "https");
  EXPECT_EQ(request.host, "login.example.com");
}

TEST(XForwarded, fields_of_anybody_else_are_ignored) {
  const Request request =
      from("1.2.3.4",
           {{"X-Forwarded-For", "6.6.6.6"}, {"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "evil"}});
  EXPECT_EQ(request.remote_ip, "1.2.3.4");
  EXPECT_EQ(request.scheme, "http");
  EXPECT_EQ(request.host, "inner:8080");
}

TEST(XForwarded, nonsense_of_a_trusted_proxy_changes_nothing) {
  const Request request =
      from("10.0.0.1",
           {{"X-Forwarded-For", "unknown"}, {"X-Forwarded-Proto", "gopher"}, {"X-Forwarded-Host", "a b"}});
  EXPECT_EQ(request.remote_ip, "10.0.0.1");
  EXPECT_EQ(request.scheme, "http");
  EXPECT_EQ(request.host, "inner:8080");
}

TEST(XForwarded, scheme_and_host_count_without_an_address) {
  const Request request =
      from("10.0.0.1", {{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "login.example"}});
  EXPECT_EQ(request.remote_ip, "10.0.0.1");
  EXPECT_EQ(request.scheme, "https");
  EXPECT_EQ(request.host, "login.example");
}

TEST(XForwarded, several_lines_are_one_list_and_the_last_line_is_the_nearest) {
  EXPECT_EQ(client({{"X-Forwarded-For", "6.6.6.6"}, {"x-forwarded-for", "1.2.3.4, 10.2.2.2"}}), "1.2.3.4");
  EXPECT_EQ(client({{"X-Forwarded-For", "1.2.3.4"}, {"X-Forwarded-For", "10.2.2.2"}}), "1.2.3.4");
}

TEST(XForwarded, addresses_come_with_ports_brackets_and_in_both_families) {
  EXPECT_EQ(client({{"X-Forwarded-For", "1.2.3.4:51234"}}), "1.2.3.4");
  EXPECT_EQ(client({{"X-Forwarded-For", "2001:db8::7"}}), "2001:db8::7");
  EXPECT_EQ(client({{"X-Forwarded-For", "[2001:db8::7]:443"}}), "2001:db8::7");
  EXPECT_EQ(client({{"X-Forwarded-For", "2001:db8::7, fd00::1"}}), "2001:db8::7");
  EXPECT_EQ(client({{"X-Forwarded-For", "::ffff:1.2.3.4"}}), "1.2.3.4");
}

TEST(XForwarded, garbage_ends_the_walk_at_the_last_address_that_a_trusted_proxy_told) {
  EXPECT_EQ(client({{"X-Forwarded-For", "6.6.6.6, <script>, 10.0.0.9"}}), "10.0.0.9");
  EXPECT_EQ(client({{"X-Forwarded-For", "6.6.6.6,"}}), "10.0.0.1");
  EXPECT_EQ(client({{"X-Forwarded-For", ""}}), "10.0.0.1");
  EXPECT_EQ(client({{"X-Forwarded-For", ",,,,"}}), "10.0.0.1");
  EXPECT_EQ(client({{"X-Forwarded-For", "6.6.6.6, 1.2.3.4.5"}}), "10.0.0.1");
  EXPECT_EQ(client({{"X-Forwarded-For", std::string(4000, '1')}}), "10.0.0.1");
}

TEST(XForwarded, a_list_is_read_for_so_many_hops_and_no_more) {
  std::string hops = "6.6.6.6";
  for (size_t i = 0; i < hops_max; ++i) hops += ", 10.0.0.2";
  EXPECT_EQ(client({{"X-Forwarded-For", hops}}), "10.0.0.2");
  hops = "6.6.6.6";
  for (size_t i = 1; i < hops_max; ++i) hops += ", 10.0.0.2";
  EXPECT_EQ(client({{"X-Forwarded-For", hops}}), "6.6.6.6");
}

TEST(XForwarded, an_ipv4_peer_of_an_ipv6_socket_is_the_ipv4_address) {
  EXPECT_EQ(from("::ffff:10.0.0.1", {{"X-Forwarded-For", "1.2.3.4"}}).remote_ip, "1.2.3.4");
  EXPECT_EQ(from("::ffff:1.2.3.4", {}).remote_ip, "1.2.3.4");
}

TEST(XForwarded, a_forwarded_field_that_the_proxy_passed_on_is_not_heard) {
  EXPECT_EQ(client({{"Forwarded", "for=6.6.6.6;host=evil.example"}, {"X-Forwarded-For", "1.2.3.4"}}),
            "1.2.3.4");
  EXPECT_EQ(from("10.0.0.1", {{"Forwarded", "for=6.6.6.6;host=evil.example"}}).host, "inner:8080");
}

TEST(Forwarded, the_element_that_names_the_client_tells_scheme_and_host) {
  const Request request =
      from("10.0.0.1",
           {{"Forwarded",
             "for=6.6.6.6;host=evil.example, for=1.2.3.4;proto=https;host=\"Login.Example:443\";"
             "by=10.0.0.9, for=10.0.0.9;proto=http;host=inner"}},
           ProxyFields::forwarded);
  EXPECT_EQ(request.remote_ip, "1.2.3.4");
  EXPECT_EQ(request.scheme, "https");
  EXPECT_EQ(request.host, "login.example");
}

TEST(Forwarded, ipv6_and_ports_are_quoted) {  // RFC 7239 §6
  EXPECT_EQ(client_of_forwarded({{"Forwarded", R"(For="[2001:db8:cafe::17]:4711")"}}), "2001:db8:cafe::17");
  EXPECT_EQ(client_of_forwarded({{"Forwarded", R"(for="1.2.3.4:80")"}}), "1.2.3.4");
  EXPECT_EQ(client_of_forwarded({{"Forwarded", R"(for="1.2.\3.4")"}}), "1.2.3.4");
}

TEST(Forwarded, several_lines_are_one_list) {
  EXPECT_EQ(client_of_forwarded({{"Forwarded", "for=6.6.6.6"}, {"forwarded", "for=1.2.3.4 , for=10.3.3.3"}}),
            "1.2.3.4");
}

TEST(Forwarded, a_hidden_or_unknown_client_is_the_proxy_that_hides_it) {  // RFC 7239 §6.2, §6.3
  EXPECT_EQ(client_of_forwarded({{"Forwarded", "for=6.6.6.6, for=unknown"}}), "10.0.0.1");
  EXPECT_EQ(client_of_forwarded({{"Forwarded", "for=6.6.6.6, for=_hidden, for=10.4.4.4"}}), "10.4.4.4");
  EXPECT_EQ(client_of_forwarded({{"Forwarded", "for=6.6.6.6, proto=https"}}), "10.0.0.1");
}

TEST(Forwarded, a_malformed_line_is_not_heard_and_hides_only_what_stands_before_it) {
  for (const char* bad :
       {"for=6.6.6.6;x=\", for=1.2.3.4", "for = 6.6.6.6", "for=6.6.6.6;for=7.7.7.7", "for=", "6.6.6.6",
        "for=\"6.6.6.6", "for=\"6.6.6.6\\", "for=\"6.6.6.6\"x", "for=[::1]", "for=6.6.6.6;;=", "for=\"\""}) {
    EXPECT_EQ(client_of_forwarded({{"Forwarded", bad}}), "10.0.0.1") << bad;
    EXPECT_EQ(client_of_forwarded({{"Forwarded", bad}, {"Forwarded", "for=1.2.3.4"}}), "1.2.3.4") << bad;
    EXPECT_EQ(client_of_forwarded({{"Forwarded", bad}, {"Forwarded", "for=10.5.5.5"}}), "10.5.5.5") << bad;
  }
}

TEST(Forwarded, empty_elements_and_pairs_are_allowed_by_the_grammar_and_name_nobody) {
  EXPECT_EQ(client_of_forwarded({{"Forwarded", "for=1.2.3.4;;proto=http;"}}), "1.2.3.4");
  EXPECT_EQ(client_of_forwarded({{"Forwarded", "for=6.6.6.6, , for=10.6.6.6"}}), "10.6.6.6");
}

TEST(Forwarded, x_forwarded_fields_that_the_proxy_passed_on_are_not_heard) {
  const Request request = from(
      "10.0.0.1",
      {{"X-Forwarded-For", "6.6.6.6"}, {"X-Forwarded-Host", "evil.example"}, {"Forwarded", "for=1.2.3.4"}},
      ProxyFields::forwarded);
  EXPECT_EQ(request.remote_ip, "1.2.3.4");
  EXPECT_EQ(request.host, "inner:8080");
}

TEST(Forwarded, an_element_flood_is_bounded) {
  std::string hops = "for=6.6.6.6";
  for (int i = 0; i < 1000; ++i) hops += ",for=10.0.0.2";
  EXPECT_EQ(client_of_forwarded({{"Forwarded", hops}}), "10.0.0.2");
}

}  // namespace
}  // namespace durward::http
