#include "standards/oauth/redirect_uri.h"

#include <gtest/gtest.h>

namespace durward::oauth {
namespace {

TEST(url, its_parts_are_read) {
  const auto url = parse_url("HTTPS://App.Example.com:8443/cb/x?a=b?c#d").value();
  EXPECT_EQ(url.scheme, "https");
  EXPECT_EQ(url.host, "app.example.com");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.path, "/cb/x");
  EXPECT_EQ(url.query, "a=b?c");
  EXPECT_EQ(url.fragment, "d");
  EXPECT_EQ(parse_url("http://[::1]:80/")->host, "[::1]");
  EXPECT_EQ(parse_url("com.example.app:/cb")->path, "/cb");
  EXPECT_EQ(parse_url("com.example.app://callback")->host, "callback");
  EXPECT_EQ(parse_url("https://a?b=c")->query, "b=c");
}

TEST(url, everything_with_two_readings_is_refused) {
  for (const std::string& bad : {std::string(),
                                 std::string("/relative"),
                                 std::string("//host/"),
                                 std::string("https:/one-slash"),
                                 std::string("https:///path"),
                                 std::string("https://"),
                                 std::string("https://user@host/"),
                                 std::string("https://good.com@evil.com/"),
                                 std::string("https://a:b@host/"),
                                 std::string("https://good.com\\@evil.com"),
                                 std::string("https://host/a b"),
                                 std::string("https://host/\t"),
                                 std::string("https://host/\r\nX: y"),
                                 std::string("https://host/\0", 14),
                                 std::string("https://h\xc3\xb6st/"),
                                 std::string("https://host/<x>"),
                                 std::string("https://host/%"),
                                 std::string("https://host/%zz"),
                                 std::string("https://ho%73t/"),
                                 std::string("https://host:0/"),
                                 std::string("https://host:65536/"),
                                 std::string("https://host:/"),
                                 std::string("https://host:8a/"),
                                 std::string("https://[::1/"),
                                 std::string("https://[::1]x/"),
                                 std::string("https://a..b/"),
                                 std::string("https://*.example.com/"),
                                 std::string("1http://host/"),
                                 "https://host/" + std::string(url_size_max, 'a')})
    EXPECT_EQ(parse_url(bad).error().code, "invalid_redirect_uri") << bad;
}

TEST(url, an_origin_leaves_out_default_ports) {
  EXPECT_EQ(origin_of("https://Example.com:443/x?y").value(), "https://example.com");
  EXPECT_EQ(origin_of("http://example.com:80").value(), "http://example.com");
  EXPECT_EQ(origin_of("http://example.com:443/").value(), "http://example.com:443");
  EXPECT_EQ(origin_of("http://[::1]:3000/").value(), "http://[::1]:3000");
  EXPECT_FALSE(origin_of("com.app:/cb"));
}

// ---- registration

TEST(registration, usual_callbacks_are_accepted) {
  for (auto good : {"https://app.example.com/cb", "http://localhost:3000/callback", "http://127.0.0.1/cb",
                    "com.example.app://acme.durward.dev/ios/com.example.app/callback", "com.example.app:/cb",
                    "https://*.example.com/cb", "https://pre-*-suf.example.com/cb", "https://a.com/cb?x=y#z",
                    "https://{organization_name}.example.com/cb",
                    "https://{custom_domain.metadata.public_zone}.example.com/cb"})
    EXPECT_TRUE(validate_redirect_uri(good)) << good;
}

TEST(registration, schemes_that_are_code_are_refused) {
  for (auto bad : {"javascript:alert(1)", "JavaScript://host/%0aalert(1)", "data:text/html,x", "vbscript:x",
                   "blob:https://a/b", "about:blank", "view-source:https://a/"})
    EXPECT_EQ(validate_redirect_uri(bad).error().message, "The scheme of the URL is not allowed") << bad;
}

TEST(registration, wildcards_stand_once_in_the_left_most_label_of_web_hosts) {
  for (auto bad : {"https://*.com/cb", "https://*/cb", "https://*.*.example.com/cb",
                   "https://**.example.com/cb", "https://a.*.example.com/cb", "https://example.*/cb",
                   "myapp://*.example.com/cb", "https://*.com./cb"})
    EXPECT_FALSE(validate_redirect_uri(bad)) << bad;
  EXPECT_FALSE(validate_redirect_uri("https://*.example.com/cb", {.third_party = true}));
  EXPECT_FALSE(validate_redirect_uri("https://*.example.com/cb", {.allow_wildcard = false}));
}

TEST(registration, third_party_applications_register_no_fragment) {
  EXPECT_TRUE(validate_redirect_uri("https://a.com/cb#x"));
  EXPECT_FALSE(validate_redirect_uri("https://a.com/cb#x", {.third_party = true}));
}

TEST(registration, placeholders_stand_where_they_may) {
  for (auto bad :
       {"https://{organization_name}", "https://x{organization_name}.a.com/",
        "https://{organization_name}x.a.com/", "https://a.{organization_name}.com/",
        "https://{organization_name}.*.com/", "https://a.com/{organization_name}",
        "myapp://{organization_name}.a.com/", "https://{unknown}.a.com/",
        "https://{custom_domain.metadata.private}.a.com/", "https://{custom_domain.metadata.public_}.a.com/",
        "https://a.com/{custom_domain.metadata.public_zone}",
        "com.app:/x?u=https://{custom_domain.metadata.public_zone}"})
    EXPECT_FALSE(validate_redirect_uri(bad)) << bad;
  EXPECT_FALSE(validate_redirect_uri("https://{organization_name}.a.com/", {.allow_placeholder = false}));
}

TEST(registration, origins_need_a_host) {
  EXPECT_TRUE(validate_origin("https://app.example.com"));
  EXPECT_TRUE(validate_origin("https://*.example.com"));
  EXPECT_FALSE(validate_origin("com.app:/cb"));
  EXPECT_FALSE(validate_origin("null"));
}

// ---- callbacks

TEST(callback, comparison_is_exact) {
  const std::string_view registered = "https://app.example.com/cb?x=1";
  EXPECT_TRUE(matches_callback(registered, registered));
  for (auto other :
       {"https://app.example.com/cb", "https://app.example.com/cb?x=1&y=2", "https://app.example.com/cb?x=2",
        "https://app.example.com/cb?x=1#f", "http://app.example.com/cb?x=1", "https://APP.example.com/cb?x=1",
        "https://app.example.com:443/cb?x=1", "https://app.example.com/cb/?x=1",
        "https://app.example.com.evil.com/cb?x=1", "https://app.example.com/x/../cb?x=1",
        "https://app.example.com/%63b?x=1"})
    EXPECT_FALSE(matches_callback(registered, other)) << other;
}

TEST(callback, a_wildcard_is_exactly_one_label) {
  const std::string_view registered = "https://*.example.com/cb";
  EXPECT_TRUE(matches_callback(registered, "https://a.example.com/cb"));
  EXPECT_TRUE(matches_callback(registered, "https://pr-12.EXAMPLE.com/cb"));
  for (auto other :
       {"https://example.com/cb", "https://.example.com/cb", "https://a.b.example.com/cb",
        "https://a.example.com/", "https://a.example.com/cb?x", "https://a.example.com/cb#x",
        "http://a.example.com/cb", "https://a.example.com:8443/cb", "https://evil.com/.example.com/cb",
        "https://evil.com#.example.com/cb", "https://evil.com\\.example.com/cb",
        "https://evil.com?.example.com/cb", "https://evil.com%2f.example.com/cb",
        "https://x@a.example.com/cb", "https://*.example.com/cb", "https://a.example.com.evil.com/cb"})
    EXPECT_FALSE(matches_callback(registered, other)) << other;
  EXPECT_FALSE(matches_callback(registered, "https://a.example.com/cb", {.allow_wildcard = false}));
}

TEST(callback, a_wildcard_may_have_a_prefix_and_a_suffix) {
  const std::string_view registered = "https://pre-*-suf.example.com/cb";
  EXPECT_TRUE(matches_callback(registered, "https://pre-x-suf.example.com/cb"));
  for (auto other :
       {"https://pre--suf.example.com/cb", "https://pre-suf.example.com/cb", "https://x-suf.example.com/cb",
        "https://pre-x.example.com/cb", "https://pre-a.b-suf.example.com/cb"})
    EXPECT_FALSE(matches_callback(registered, other)) << other;
}

TEST(callback, an_entry_that_could_not_be_registered_never_matches_widely) {
  EXPECT_FALSE(matches_callback("https://*.com/cb", "https://evil.com/cb"));
  EXPECT_FALSE(matches_callback("https://a.*.com/cb", "https://a.evil.com/cb"));
  EXPECT_FALSE(matches_callback("javascript:alert(1)", "javascript:alert(1)"));
}

TEST(callback, native_applications_choose_their_loopback_port) {
  const MatchOptions native{.native = true};
  EXPECT_TRUE(matches_callback("http://127.0.0.1/cb", "http://127.0.0.1:51234/cb", native));
  EXPECT_TRUE(matches_callback("http://127.0.0.1:1/cb", "http://127.0.0.1:51234/cb", native));
  EXPECT_TRUE(matches_callback("http://[::1]/cb", "http://[::1]:51234/cb", native));
  EXPECT_TRUE(matches_callback("http://localhost/cb", "http://localhost:51234/cb", native));
  EXPECT_FALSE(matches_callback("http://127.0.0.1/cb", "http://127.0.0.1:51234/cb"));  // not native
  EXPECT_FALSE(matches_callback("http://127.0.0.1/cb", "http://localhost:51234/cb", native));
  EXPECT_FALSE(matches_callback("http://127.0.0.1/cb", "http://127.0.0.1:51234/other", native));
  EXPECT_FALSE(matches_callback("https://127.0.0.1/cb", "https://127.0.0.1:51234/cb", native));
  EXPECT_FALSE(matches_callback("http://example.com/cb", "http://example.com:51234/cb", native));
  EXPECT_FALSE(matches_callback("http://localhost.evil.com/cb", "http://localhost.evil.com:5/cb", native));
}

TEST(callback, custom_schemes_match_exactly) {
  EXPECT_TRUE(matches_callback("com.app:/cb", "com.app:/cb"));
  EXPECT_FALSE(matches_callback("com.app:/cb", "com.app://cb"));
  EXPECT_FALSE(matches_callback("com.app:/cb", "com.app2:/cb"));
}

TEST(callback, placeholders_take_the_transactions_values) {
  const MatchOptions acme{
      .placeholders = {{"organization_name", "acme"}, {"custom_domain.metadata.public_zone", "eu"}}};
  EXPECT_TRUE(matches_callback("https://{organization_name}.a.com/cb", "https://acme.a.com/cb", acme));
  EXPECT_FALSE(matches_callback("https://{organization_name}.a.com/cb", "https://other.a.com/cb", acme));
  EXPECT_FALSE(matches_callback("https://{organization_name}.a.com/cb", "https://acme.a.com/cb"));
  EXPECT_TRUE(matches_callback("https://x.{custom_domain.metadata.public_zone}.a.com/cb",
                               "https://x.eu.a.com/cb", acme));
  const MatchOptions evil{.placeholders = {{"organization_name", "evil.com/x"}}};
  EXPECT_FALSE(matches_callback("https://{organization_name}.a.com/cb", "https://evil.com/x.a.com/cb", evil));
  const MatchOptions dotted{.placeholders = {{"organization_name", "a.b"}}};
  EXPECT_FALSE(matches_callback("https://{organization_name}.a.com/cb", "https://a.b.a.com/cb", dotted));
}

// ---- logout URLs and origins

TEST(logout_url, query_and_fragment_of_the_incoming_url_are_ignored) {
  EXPECT_TRUE(matches_logout_url("https://a.com/bye", "https://a.com/bye?x=1#y"));
  EXPECT_TRUE(matches_logout_url("https://a.com/bye?x=1", "https://a.com/bye?x=1"));
  EXPECT_TRUE(matches_logout_url("https://*.a.com/bye", "https://b.a.com/bye?x=1"));
  EXPECT_FALSE(matches_logout_url("https://a.com/bye?x=1", "https://a.com/bye"));
  EXPECT_FALSE(matches_logout_url("https://a.com/bye", "https://a.com/byes?x"));
  EXPECT_FALSE(matches_logout_url("https://a.com/bye", "https://a.com/bye?\r\n"));
}

TEST(origin, only_scheme_host_and_port_count) {
  EXPECT_TRUE(matches_origin("https://a.com/some/path?x", "https://a.com"));
  EXPECT_TRUE(matches_origin("https://a.com:443", "https://A.com"));
  EXPECT_TRUE(matches_origin("https://*.a.com", "https://b.a.com"));
  for (auto other :
       {"http://a.com", "https://a.com:8443", "https://b.a.com", "null", "", "https://a.com.evil.com"})
    EXPECT_FALSE(matches_origin("https://a.com", other)) << other;
  EXPECT_FALSE(matches_origin("https://*.a.com", "https://b.c.a.com"));
  EXPECT_FALSE(matches_origin("com.app:/cb", "com.app:/cb"));
}

// ---- building

TEST(redirect, parameters_go_behind_the_query_that_is_there) {
  EXPECT_EQ(append_query("https://a/cb", {{"code", "x y"}, {"state", "&="}}),
            "https://a/cb?code=x%20y&state=%26%3D");
  EXPECT_EQ(append_query("https://a/cb?z=1", {{"code", "x"}}), "https://a/cb?z=1&code=x");
  EXPECT_EQ(append_query("https://a/cb?", {{"code", "x"}}), "https://a/cb?code=x");
  EXPECT_EQ(append_query("https://a/cb#f", {{"code", "x"}}), "https://a/cb?code=x#f");
  EXPECT_EQ(append_query("https://a/cb", {}), "https://a/cb");
  EXPECT_EQ(append_query("https://a/cb", {{"s", "\r\nX: y"}}), "https://a/cb?s=%0D%0AX%3A%20y");
}

TEST(redirect, fragments_carry_parameters_too) {
  EXPECT_EQ(append_fragment("https://a/cb?z=1", {{"access_token", "t"}}), "https://a/cb?z=1#access_token=t");
  EXPECT_EQ(append_fragment("https://a/cb#f", {{"a", "b"}}), "https://a/cb#f&a=b");
}

}  // namespace
}  // namespace durward::oauth
