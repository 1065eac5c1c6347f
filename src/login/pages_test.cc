#include "login/pages.h"

#include <gtest/gtest.h>

#include "login/html.h"
#include "login/session_cookie.h"
#include "login/transaction.h"

namespace durward::login {
namespace {

PageContext context() {
  PageContext out;
  out.settings = std::make_shared<const domain::TenantSettings>();
  out.branding = std::make_shared<const domain::Branding>();
  out.tenant_name = "Acme";
  out.issuer = "https://acme.test/";
  out.nonce = "bm9uY2U";
  out.form_targets = {"https://app.example"};
  return out;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

TEST(Html, text_is_escaped_and_markup_is_not) {
  const Markup inner = html("<b>{}</b>", std::string("<&\"'>"));
  EXPECT_EQ(html("<p title=\"{}\">{}</p>", std::string("a\"b"), inner).html,
            "<p title=\"a&quot;b\"><b>&lt;&amp;&quot;&#39;&gt;</b></p>");
}

TEST(Html, an_argument_that_looks_like_a_place_stays_text) {
  EXPECT_EQ(html("{}-{}", std::string("{}"), std::string("x")).html, "{}-x");
}

TEST(Pages, every_page_carries_a_strict_policy) {
  const auto response = render(context(), LoginPage{.state = "s"});
  const auto policy = response.headers.get("Content-Security-Policy");
  for (const std::string_view part : {"default-src 'none'", "style-src 'nonce-bm9uY2U'",
                                      "img-src https: data:", "form-action 'self' https://app.example",
                                      "frame-ancestors 'none'", "base-uri 'none'"})
    EXPECT_TRUE(contains(policy, part)) << part << " in " << policy;
  EXPECT_FALSE(contains(policy, "script-src"));
  EXPECT_EQ(response.headers.get("X-Frame-Options"), "DENY");
  EXPECT_EQ(response.headers.get("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(response.headers.get("Cache-Control"), "no-store");
  EXPECT_EQ(response.headers.get("Referrer-Policy"), "no-referrer");
}

TEST(Pages, the_login_form_is_what_password_managers_expect) {
  const auto body = render(context(), LoginPage{.state = "s", .username = "a@b.c"}).body;
  EXPECT_TRUE(contains(body, "autocomplete=\"username\""));
  EXPECT_TRUE(contains(body, "autocomplete=\"current-password\""));
  EXPECT_TRUE(contains(body, "<label for=\"password\">"));
  EXPECT_TRUE(contains(body, "value=\"a@b.c\""));
  EXPECT_TRUE(contains(body, "<html lang=\"en\">"));
  EXPECT_FALSE(contains(body, "<script"));
}

TEST(Pages, hostile_text_stays_text) {
  auto page = context();
  page.tenant_name = "<script>x</script>";
  LoginPage login{.state = "\"><img>", .client_name = "<b>App</b>", .username = "\" onfocus=\"x"};
  const auto body = render(page, login).body;
  EXPECT_FALSE(contains(body, "<script>"));
  EXPECT_FALSE(contains(body, "<b>App"));
  EXPECT_FALSE(contains(body, "\" onfocus"));
  EXPECT_FALSE(contains(body, "<img>"));
}

TEST(Pages, an_error_is_announced) {
  const auto body = render(context(), LoginPage{.state = "s", .error = "Wrong email or password."}, 400).body;
  EXPECT_TRUE(contains(body, "role=\"alert\""));
  EXPECT_TRUE(contains(body, "Wrong email or password."));
  EXPECT_TRUE(contains(body, "aria-invalid=\"true\""));
}

TEST(Pages, colours_and_images_are_checked) {
  EXPECT_EQ(safe_color("#fff", "#000"), "#fff");
  EXPECT_EQ(safe_color("#a1B2c3", "#000"), "#a1B2c3");
  EXPECT_EQ(safe_color("red;}body{display:none", "#000"), "#000");
  EXPECT_EQ(safe_color("#ggg", "#000"), "#000");
  EXPECT_EQ(safe_image_url("https://x.example/l.png"), "https://x.example/l.png");
  EXPECT_EQ(safe_image_url("javascript:alert(1)"), "");
  EXPECT_EQ(safe_image_url("http://x.example/l.png"), "");
}

TEST(Pages, each_is_far_below_ten_kilobytes) {
  EXPECT_LT(render(context(), LoginPage{.state = std::string(1000, 'x')}).body.size(), 6000u);
}

TEST(Pages, clickjack_headers_can_be_switched_off) {
  domain::TenantSettings settings;
  settings.disable_clickjack_protection_headers = true;
  auto page = context();
  page.settings = std::make_shared<const domain::TenantSettings>(settings);
  const auto response = signed_out_page(page);
  EXPECT_FALSE(response.headers.has("X-Frame-Options"));
  EXPECT_FALSE(contains(response.headers.get("Content-Security-Policy"), "frame-ancestors"));
}

TEST(Language, ui_locales_win_over_the_browser) {
  EXPECT_EQ(choose_language("de", "en", {}), Language::german);
  EXPECT_EQ(choose_language("fr de-AT", "en", {}), Language::german);
  EXPECT_EQ(choose_language("", "fr, de;q=0.8, en;q=0.5", {}), Language::german);
  EXPECT_EQ(choose_language("", "en;q=0.2, de;q=0.1", {}), Language::english);
  EXPECT_EQ(choose_language("de", "de", {"en"}), Language::english);
  EXPECT_EQ(choose_language("", "", {}), Language::english);
}

TEST(SessionCookie, is_secure_and_comes_twice) {
  http::Headers headers;
  domain::Session session;
  session.expires_at = TimePoint(Milliseconds(10'000));
  set_session_cookies(headers, session, {7, std::string(32, 's')}, TimePoint(Milliseconds(0)));
  ASSERT_EQ(headers.count("Set-Cookie"), 2u);
  const auto first = headers.get("Set-Cookie");
  EXPECT_TRUE(first.starts_with("auth0="));
  EXPECT_TRUE(contains(first, "; Max-Age=10; HttpOnly; Secure; SameSite=None"));
}

TEST(SessionCookie, reads_all_cookie_fields) {
  http::Headers headers;
  headers.add("Cookie", "a=1; auth0=x; auth0_compat=y");
  headers.add("cookie", "auth0=z");
  EXPECT_EQ(cookie_values(headers, "auth0"), (std::vector<std::string>{"x", "z"}));
  EXPECT_EQ(cookie_values(headers, "auth0_compat"), (std::vector<std::string>{"y"}));
  EXPECT_TRUE(cookie_values(headers, "uth0").empty());
}

TEST(SameOrigin, refuses_forms_of_other_sites) {
  http::Request request;
  EXPECT_TRUE(is_same_origin_post(request, "https://acme.test/"));
  request.headers.set("Origin", "https://acme.test");
  EXPECT_TRUE(is_same_origin_post(request, "https://acme.test/"));
  request.headers.set("Origin", "https://evil.test");
  EXPECT_FALSE(is_same_origin_post(request, "https://acme.test/"));
  request.headers.set("Origin", "null");
  request.headers.set("Sec-Fetch-Site", "cross-site");
  EXPECT_FALSE(is_same_origin_post(request, "https://acme.test/"));
  request.headers.set("Sec-Fetch-Site", "same-origin");
  EXPECT_TRUE(is_same_origin_post(request, "https://acme.test/"));
}

}  // namespace
}  // namespace durward::login
