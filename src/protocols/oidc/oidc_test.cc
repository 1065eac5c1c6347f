#include "crypto/x509.h"
#include "protocols/oidc/discovery.h"
#include "protocols/oidc/keys.h"
#include "protocols/oidc/logout.h"
#include "protocols/oidc/userinfo.h"
#include "protocols/testing/face.h"
#include "standards/jose/jwk.h"

namespace durward::protocols::oidc {
namespace {

class Oidc : public testing::Face {
 protected:
  std::shared_ptr<domain::Client> app =
      world.add_client("app", "app-secret", "regular_web", {"authorization_code"},
                       {{"allowed_logout_urls", {"https://app.test/bye", "https://*.app.test/bye"}},
                        {"callbacks", {"https://app.test/cb"}}});

  std::string access_token(std::vector<std::string> scope) {
    world.add_user("ada", "ada@example.com");
    return run_sync(issuer.access_token({.tenant = {1},
                                         .issuer = "https://acme.test/",
                                         .now = world.clock.now(),
                                         .client = app,
                                         .subject = "auth0|ada",
                                         .scope = std::move(scope)}))
        ->text;
  }
  http::Request bearer(std::string token) {
    return with(get("/userinfo"), "Authorization", "Bearer " + token);
  }

  // A browser that is signed in; the Cookie field.
  domain::Session session;
  std::string sign_in() {
    const domain::Handle handle{world.sequence.next(), std::string(32, 'c')};
    session.id = handle.id;
    session.public_part = std::string(16, 'p');
    session.secret_sha256 = crypto::sha256(handle.secret);
    session.user_id = "auth0|ada";
    session.created_at = session.updated_at = session.authenticated_at = testing::start;
    session.idle_expires_at = session.expires_at = testing::start + Seconds(100000);
    world.state.sessions[session.id] = session;
    return "auth0=" + handle.to_string();
  }
  bool signed_in() const { return world.state.sessions.contains(session.id); }
  std::string id_token(std::string sid, std::shared_ptr<domain::Client> client = nullptr) {
    return *run_sync(issuer.id_token({.tenant = {1},
                                      .issuer = "https://acme.test/",
                                      .now = world.clock.now(),
                                      .client = client ? client : app,
                                      .user = world.add_user("ada", "ada@example.com"),
                                      .scope = {"openid"},
                                      .sid = std::move(sid)}));
  }
  http::Response logout(std::string path, std::string query, std::string cookie = {}) {
    auto request = get(std::move(path), std::move(query));
    if (!cookie.empty()) request.headers.set("Cookie", cookie);
    return send(request);
  }
  static bool forgets_cookie(const http::Response& response) {
    for (const auto& [name, value] : response.headers)
      if (name == "Set-Cookie" && value.starts_with("auth0=;")) return true;
    return false;
  }
};

// ---- userinfo

TEST_F(Oidc, userinfo_shows_what_the_scopes_release_with_one_user_read) {
  const auto response = send(bearer(access_token({"openid", "email"})));
  ASSERT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"sub":"auth0|ada","email":"ada@example.com","email_verified":true})");
  EXPECT_EQ(world.state.reads, 1);
  EXPECT_EQ(world.state.commits, 0);
}
TEST_F(Oidc, userinfo_takes_the_token_in_a_form_body) {
  EXPECT_EQ(send(post("/userinfo", "access_token=" + access_token({"openid"}))).status, 200);
}
TEST_F(Oidc, userinfo_refuses_no_token_two_tokens_and_a_token_in_the_url) {
  const auto token = access_token({"openid"});
  const auto none = send(get("/userinfo", "access_token=" + token));
  EXPECT_EQ(none.status, 401);
  EXPECT_EQ(none.headers.get("WWW-Authenticate"), "Bearer realm=\"https://acme.test/\"");
  auto both = with(post("/userinfo", "access_token=" + token), "Authorization", "Bearer " + token);
  EXPECT_EQ(send(both).status, 400);
}
TEST_F(Oidc, userinfo_names_the_error_of_a_bad_token) {
  const auto response = send(bearer("nonsense"));
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(json::string_or(body_of(response), "error"), "invalid_token");
  EXPECT_EQ(response.headers.get("WWW-Authenticate"),
            "Bearer realm=\"https://acme.test/\", error=\"invalid_token\"");
}
TEST_F(Oidc, userinfo_ends_with_the_user) {
  const auto token = access_token({"openid"});
  world.state.users["auth0|ada"].user.profile["blocked"] = true;
  EXPECT_EQ(send(bearer(token)).status, 401);
  world.state.users.clear();
  EXPECT_EQ(send(bearer(token)).status, 401);
}
TEST_F(Oidc, userinfo_may_be_read_by_origins_of_the_client) {
  const auto token = access_token({"openid"});
  EXPECT_EQ(
      send(with(bearer(token), "Origin", "https://app.test")).headers.get("Access-Control-Allow-Origin"),
      "https://app.test");
  EXPECT_FALSE(
      send(with(bearer(token), "Origin", "https://evil.test")).headers.has("Access-Control-Allow-Origin"));
}

// ---- discovery and keys

TEST_F(Oidc, discovery_announces_what_works_under_the_host_of_the_request) {
  for (const char* path : {"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"}) {
    const auto response = send(get(path));
    const auto document = body_of(response);
    EXPECT_EQ(json::string_or(document, "issuer"), "https://acme.test/");
    EXPECT_EQ(json::string_or(document, "token_endpoint"), "https://acme.test/oauth/token");
    EXPECT_EQ(json::string_or(document, "end_session_endpoint"), "https://acme.test/oidc/logout");
    EXPECT_EQ(response.headers.get("Access-Control-Allow-Origin"), "*");
    for (const char* later : {"device_authorization_endpoint", "registration_endpoint",
                              "mfa_challenge_endpoint", "pushed_authorization_request_endpoint"})
      EXPECT_FALSE(document.contains(later));
  }
  EXPECT_EQ(json::string_or(body_of(send(get("/.well-known/openid-configuration"), 2)), "issuer"),
            "https://other.test/");
}
TEST_F(Oidc, every_announced_endpoint_of_these_rows_exists) {
  const auto document = discovery_document("https://acme.test/", {});
  for (const char* name :
       {"token_endpoint", "userinfo_endpoint", "jwks_uri", "revocation_endpoint", "end_session_endpoint"}) {
    const auto path = json::string_or(document, name).substr(17);
    EXPECT_TRUE(std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.path == path; }))
        << path;
  }
}
TEST_F(Oidc, discovery_follows_the_settings) {
  auto settings = std::make_shared<domain::TenantSettings>();
  settings->end_session_endpoint_in_discovery = false;
  settings->authorization_response_iss = true;
  send(get("/.well-known/openid-configuration"));
  world.configuration.tenant_settings = settings;
  const auto document = body_of(send(get("/.well-known/openid-configuration")));
  EXPECT_FALSE(document.contains("end_session_endpoint"));
  EXPECT_TRUE(json::boolean_or(document, "authorization_response_iss_parameter_supported", false));
}
TEST_F(Oidc, jwks_lists_current_before_next_and_no_revoked_key) {
  auto keys = *world.configuration.key_sets[1];
  auto next = keys.keys[0], gone = keys.keys[0];
  next.kid = "next";
  next.status = "next";
  gone.kid = "gone";
  gone.status = "previous";
  gone.revoked_at = testing::start;
  keys.keys.insert(keys.keys.begin(), {gone, next});
  const auto document = jwks_document(keys);
  const auto& list = *json::array(document, "keys");
  ASSERT_EQ(list.size(), 7u);
  EXPECT_EQ(json::string_or(list[0].as_object(), "kid"), "rsa-acme");
  EXPECT_EQ(json::string_or(list[0].as_object(), "alg"), "RS256");
  EXPECT_EQ(json::string_or(list[0].as_object(), "use"), "sig");
  EXPECT_EQ(json::string_or(list[1].as_object(), "alg"), "ES256");
  EXPECT_EQ(json::string_or(list[2].as_object(), "kid"), "next");
  EXPECT_EQ(json::string_or(list[3].as_object(), "kid"), "rsa-acme.PS256");
  EXPECT_EQ(json::string_or(list[3].as_object(), "alg"), "PS256");
  EXPECT_EQ(jose::parse_jwks(document)->size(), 7u);
}
TEST_F(Oidc, jwks_are_served_per_tenant_and_follow_a_rotation) {
  const auto first = send(get("/.well-known/jwks.json"));
  EXPECT_EQ(first.headers.get("Access-Control-Allow-Origin"), "*");
  world.add_keys(2);
  EXPECT_NE(send(get("/.well-known/jwks.json"), 2).body, first.body);
  world.configuration.key_sets[1] = world.configuration.key_sets[2];
  EXPECT_NE(send(get("/.well-known/jwks.json")).body, first.body);
}
TEST_F(Oidc, the_signing_certificate_comes_in_all_forms) {
  auto keys = *world.configuration.key_sets[1];
  keys.keys[0].cert_pem =
      crypto::make_self_signed(keys.keys[0].key, "acme.test", testing::start, world.random)->pem;
  world.configuration.key_sets[1] = std::make_shared<const domain::KeySet>(keys);
  EXPECT_EQ(send(get("/pem")).body, keys.keys[0].cert_pem);
  const auto der = crypto::parse_certificate(keys.keys[0].cert_pem)->der;
  EXPECT_EQ(send(get("/cer")).body, der);
  EXPECT_EQ(send(get("/rawpem")).body, to_base64(der));
  EXPECT_EQ(send(get("/fingerprint")).body.size(), 59u);
  EXPECT_TRUE(send(get("/pb7")).body.starts_with("-----BEGIN PKCS7"));
  EXPECT_EQ(send(get("/pem"), 2).status, 404);
}

// ---- /v2/logout

TEST_F(Oidc, v2_logout_ends_the_session_in_one_commit_and_goes_to_an_allowed_url) {
  const auto cookie = sign_in();
  const auto response =
      logout("/v2/logout", "client_id=app&returnTo=https://app.test/bye&federated=1", cookie);
  EXPECT_EQ(response.status, 302);
  EXPECT_EQ(response.headers.get("Location"), "https://app.test/bye");
  EXPECT_TRUE(forgets_cookie(response));
  EXPECT_FALSE(signed_in());
  EXPECT_EQ(world.state.commits, 1);
  EXPECT_EQ(world.state.last_log().type, "slo");
}
TEST_F(Oidc, v2_logout_refuses_other_urls_and_leaves_the_session) {
  const auto cookie = sign_in();
  for (const char* url : {"https://evil.test/bye", "https://app.test.evil.test/bye", "http://app.test/bye",
                          "https://app.test@evil.test/bye", "//evil.test", "javascript:alert(1)"}) {
    const auto response = logout("/v2/logout", "client_id=app&returnTo=" + percent_encode(url), cookie);
    EXPECT_EQ(response.status, 400) << url;
    EXPECT_FALSE(response.headers.has("Location"));
  }
  EXPECT_TRUE(signed_in());
  EXPECT_EQ(logout("/v2/logout", "client_id=nobody", cookie).status, 400);
}
TEST_F(Oidc, v2_logout_without_session_still_redirects_and_writes_nothing) {
  EXPECT_EQ(logout("/v2/logout", "client_id=app").headers.get("Location"), "https://app.test/bye");
  EXPECT_EQ(world.state.commits, 0);
}
TEST_F(Oidc, v2_logout_without_any_url_says_so_on_a_page) { EXPECT_EQ(logout("/v2/logout", "").status, 200); }
TEST_F(Oidc, the_tenants_list_counts_without_a_client_only) {
  world.configuration.tenant_settings->allowed_logout_urls = {"https://home.test"};
  EXPECT_EQ(logout("/v2/logout", "returnTo=https://home.test").status, 302);
  EXPECT_EQ(logout("/v2/logout", "returnTo=https://app.test/bye").status, 400);
  EXPECT_EQ(logout("/v2/logout", "client_id=app&returnTo=https://home.test").status, 400);
}
TEST_F(Oidc, a_pattern_is_never_the_default_target) {
  app->allowed_logout_urls = {"https://*.app.test/bye", "https://app.test/second"};
  EXPECT_EQ(*logout_target("", app.get(), {}), "https://app.test/second");
}

// ---- /oidc/logout

TEST_F(Oidc, an_id_token_hint_of_the_session_needs_no_question_even_when_expired) {
  const auto cookie = sign_in();
  const auto hint = id_token(session.sid());
  world.clock.advance(Seconds(50000));
  const auto response =
      logout("/oidc/logout",
             "id_token_hint=" + hint + "&post_logout_redirect_uri=https://app.test/bye&state=a%26b", cookie);
  EXPECT_EQ(response.status, 302);
  EXPECT_EQ(response.headers.get("Location"), "https://app.test/bye?state=a%26b");
  EXPECT_FALSE(signed_in());
}
TEST_F(Oidc, a_logout_hint_of_the_session_needs_no_question) {
  const auto cookie = sign_in();
  EXPECT_EQ(logout("/oidc/logout",
                   "client_id=app&post_logout_redirect_uri=https://app.test/bye&logout_hint=" + session.sid(),
                   cookie)
                .status,
            302);
  EXPECT_FALSE(signed_in());
}
TEST_F(Oidc, without_a_usable_hint_the_person_is_asked_first) {
  const auto cookie = sign_in();
  for (const std::string& query :
       {std::string("client_id=app"), std::string("client_id=app&logout_hint=other"),
        "id_token_hint=" + id_token("other-sid")}) {
    const auto response = logout("/oidc/logout", query, cookie);
    EXPECT_EQ(response.status, 200) << query;
    EXPECT_NE(response.body.find("/u/logout-confirm"), std::string::npos);
  }
  EXPECT_TRUE(signed_in());
}
TEST_F(Oidc, the_question_can_be_switched_off) {
  world.configuration.tenant_settings->logout_prompt = false;
  const auto cookie = sign_in();
  EXPECT_EQ(logout("/oidc/logout", "client_id=app", cookie).status, 200);
  EXPECT_FALSE(signed_in());
}
TEST_F(Oidc, the_answer_to_the_question_counts_only_with_our_seal) {
  const auto cookie = sign_in();
  auto answer = [&](std::string state, std::string action) {
    return send(with(post("/u/logout-confirm", "state=" + state + "&action=" + action), "Cookie", cookie));
  };
  EXPECT_EQ(answer("forged", "accept").status, 400);
  const auto page =
      logout("/oidc/logout", "client_id=app&post_logout_redirect_uri=https://app.test/bye", cookie);
  const auto at = page.body.find("value=\"", page.body.find("name=\"state\"")) + 7;
  const auto state = page.body.substr(at, page.body.find('"', at) - at);
  EXPECT_EQ(answer(state, "deny").status, 200);
  EXPECT_TRUE(signed_in());
  const auto accepted = answer(state, "accept");
  EXPECT_EQ(accepted.headers.get("Location"), "https://app.test/bye");
  EXPECT_FALSE(signed_in());
}
TEST_F(Oidc, hints_of_others_are_refused) {
  const auto cookie = sign_in();
  auto evil = id_token(session.sid());
  evil[evil.size() / 2] ^= 1;
  EXPECT_EQ(logout("/oidc/logout", "id_token_hint=" + evil, cookie).status, 400);
  EXPECT_EQ(logout("/oidc/logout", "id_token_hint=nonsense", cookie).status, 400);
  world.add_client("second", "", "spa", {});
  EXPECT_EQ(
      logout("/oidc/logout", "client_id=second&id_token_hint=" + id_token(session.sid()), cookie).status,
      400);
  world.add_keys(2);
  auto request = with(get("/oidc/logout", "id_token_hint=" + id_token(session.sid())), "Cookie", cookie);
  EXPECT_EQ(send(request, 2).status, 400);
  EXPECT_TRUE(signed_in());
}
TEST_F(Oidc, an_hs256_hint_is_checked_with_the_secret_of_its_client) {
  app->id_token_alg = "HS256";
  const auto cookie = sign_in();
  const auto hint = id_token(session.sid());
  app->id_token_alg = "RS256";
  EXPECT_EQ(logout("/oidc/logout", "id_token_hint=" + hint, cookie).status, 400);
  app->id_token_alg = "HS256";
  EXPECT_EQ(logout("/oidc/logout", "id_token_hint=" + hint, cookie).status, 200);
  EXPECT_FALSE(signed_in());
}
TEST_F(Oidc, post_logout_redirects_need_a_known_client_and_an_allowed_url) {
  EXPECT_EQ(logout("/oidc/logout", "post_logout_redirect_uri=https://app.test/bye").status, 400);
  EXPECT_EQ(logout("/oidc/logout", "client_id=app&post_logout_redirect_uri=https://evil.test").status, 400);
  EXPECT_EQ(logout("/oidc/logout", "client_id=app&post_logout_redirect_uri=https://eu.app.test/bye").status,
            302);
  EXPECT_EQ(logout("/oidc/logout", "client_id=app&client_id=app").status, 400);
}
TEST_F(Oidc, a_signed_hint_ends_its_session_without_the_cookie) {
  sign_in();
  logout("/oidc/logout", "id_token_hint=" + id_token(session.sid()));
  EXPECT_FALSE(signed_in());
}

}  // namespace
}  // namespace durward::protocols::oidc
