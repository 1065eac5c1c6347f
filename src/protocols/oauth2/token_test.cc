#include "protocols/oauth2/token.h"

#include "base/encoding.h"
#include "protocols/testing/face.h"
#include "standards/oauth/pkce.h"
#include "tokens/verify.h"

namespace durward::protocols::oauth2 {
namespace {

using testing::payload_of;

const std::string verifier(43, 'v');

class Token : public testing::Face {
 protected:
  Token() {
    world.add_client("web", "web-secret", "regular_web",
                     {"authorization_code", "refresh_token", "client_credentials", "password",
                      "http://auth0.com/oauth/grant-type/password-realm"},
                     {{"callbacks", {"https://app.test/cb"}}, {"web_origins", {"https://spa.test"}}});
    world.add_client("spa", "", "spa", {"authorization_code", "refresh_token", "client_credentials"});
    world.add_api("urn:api", {"read", "write"}, {{"allow_offline_access", true}});
    world.add_client_grant("web", "urn:api", {"read", "write"});
    world.add_connection("db", {"web"});
    world.add_user("ada", "ada@example.com", "secret");
  }

  http::Response exchange(std::string body) { return send(post("/oauth/token", std::move(body))); }
  http::Response as_web(std::string more) {
    return exchange("client_id=web&client_secret=web-secret&" + more);
  }
  // A code as /authorize leaves it; the text for the client.
  std::string code_for(std::string client, domain::AuthorizationCode code = {}) {
    const domain::Handle handle{world.sequence.next(), std::string(32, 's')};
    code.id = handle.id;
    code.secret_sha256 = crypto::sha256(handle.secret);
    code.authorization.client_id = std::move(client);
    code.authorization.user_id = "auth0|ada";
    if (code.authorization.scope.empty()) code.authorization.scope = {"openid", "email", "offline_access"};
    code.redirect_uri = "https://app.test/cb";
    code.created_at = testing::start;
    code.expires_at = testing::start + Seconds(600);
    code.grant_id = handle.id + 1;
    world.state.codes[code.id] = code;
    return handle.to_string();
  }
  static std::string redeem(const std::string& code) {
    return "grant_type=authorization_code&redirect_uri=https://app.test/cb&code=" + code;
  }
  std::string refresh_token_of(const http::Response& response) {
    return json::string_or(body_of(response), "refresh_token");
  }
  void make_rotating(std::string id, Seconds leeway = Seconds(0)) {
    auto client = std::make_shared<domain::Client>(*world.configuration.clients[{1, id}]);
    client->refresh_token.rotating = true;
    client->refresh_token.leeway = leeway;
    world.configuration.clients[{1, id}] = client;
  }
  std::string logged() { return world.state.log.empty() ? "" : world.state.last_log().type; }
};

// ---- the request

TEST_F(Token, needs_a_grant_type_a_known_one_and_a_client) {
  EXPECT_EQ(refusal(exchange("client_id=web")),
            "400 invalid_request: Missing required parameter: grant_type");
  EXPECT_EQ(refusal(exchange("grant_type=password")),
            "400 invalid_request: Missing required parameter: client_id");
  EXPECT_EQ(refusal(as_web("grant_type=magic")), "400 unsupported_grant_type: Unsupported grant type.");
}
TEST_F(Token, names_the_missing_parameter) {
  EXPECT_EQ(refusal(as_web("grant_type=authorization_code")),
            "400 invalid_request: Missing required parameter: code");
  EXPECT_EQ(refusal(as_web("grant_type=refresh_token&refresh_token=")),
            "400 invalid_request: Missing required parameter: refresh_token");
  EXPECT_EQ(refusal(as_web("grant_type=password&username=a")),
            "400 invalid_request: Missing required parameter: password");
}
TEST_F(Token, a_repeated_parameter_is_refused) {
  EXPECT_EQ(exchange("grant_type=password&grant_type=password&client_id=web").status, 400);
  EXPECT_EQ(send(post("/oauth/token", R"({"grant_type":"a","grant_type":"b"})", "application/json")).status,
            400);
}
TEST_F(Token, another_content_type_or_broken_body_is_refused_in_shape_a) {
  for (auto request :
       {post("/oauth/token", "<xml/>", "text/xml"), post("/oauth/token", "a=%ZZ"),
        post("/oauth/token", "[1]", "application/json"), post("/oauth/token", "{", "application/json"),
        post("/oauth/token", "grant_type=x", ""),
        post("/oauth/token", R"({"grant_type":1,"client_id":"web"})", "application/json")}) {
    const auto response = send(request);
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(json::string_or(body_of(response), "error"), "invalid_request");
  }
}
TEST_F(Token, json_and_form_bodies_are_the_same) {
  const auto response = send(post("/oauth/token",
                                  R"({"grant_type":"client_credentials","client_id":"web",)"
                                  R"("client_secret":"web-secret","audience":"urn:api"})",
                                  "application/json; charset=utf-8"));
  EXPECT_EQ(response.status, 200) << response.body;
}
TEST_F(Token, every_answer_forbids_caching) {
  for (const auto& response : {as_web("grant_type=client_credentials&audience=urn:api"), exchange("")}) {
    EXPECT_EQ(response.headers.get("Cache-Control"), "no-store");
    EXPECT_EQ(response.headers.get("Pragma"), "no-cache");
  }
}

// ---- the client

struct ClientCase {
  const char *name, *basic, *body;
  int status;
};
TEST_F(Token, clients_authenticate_by_header_or_body) {
  const ClientCase cases[] = {
      {"basic", "web:web-secret", "", 200},
      {"post", "", "client_id=web&client_secret=web-secret", 200},
      {"basic beside the same id", "web:web-secret", "client_id=web", 200},
      {"wrong secret", "", "client_id=web&client_secret=wrong", 401},
      {"wrong basic secret", "web:wrong", "", 401},
      {"empty basic secret", "web:", "", 401},
      {"confidential without a secret", "", "client_id=web", 401},
      {"unknown", "", "client_id=nobody&client_secret=x", 401},
      {"public with any secret", "", "client_id=spa&client_secret=guess", 401},
      {"public cannot use client credentials", "", "client_id=spa", 403},
      {"header and body", "web:web-secret", "client_secret=web-secret", 400},
      {"two ids", "web:web-secret", "client_id=spa", 400},
      {"assertion", "",
       "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=x",
       400},
  };
  for (const auto& c : cases) {
    auto request =
        post("/oauth/token", "grant_type=client_credentials&audience=urn:api&" + std::string(c.body));
    if (*c.basic) request.headers.set("Authorization", "Basic " + to_base64(c.basic));
    const auto response = send(request);
    EXPECT_EQ(response.status, c.status) << c.name << " " << response.body;
    EXPECT_EQ(response.headers.has("WWW-Authenticate"), c.status == 401 && *c.basic) << c.name;
    if (c.status == 401) {
      EXPECT_EQ(json::string_or(body_of(response), "error"), "invalid_client") << c.name;
    }
  }
}
TEST_F(Token, two_authorization_headers_are_refused) {
  auto request = post("/oauth/token", "grant_type=client_credentials&audience=urn:api");
  const std::string basic = "Basic " + to_base64("web:web-secret");
  EXPECT_EQ(send(with(with(request, "Authorization", basic), "Authorization", basic)).status, 400);
}
TEST_F(Token, another_tenants_client_is_unknown) {
  auto request =
      post("/oauth/token",
           "grant_type=client_credentials&audience=urn:api&client_id=web&client_secret=web-secret");
  EXPECT_EQ(refusal(send(request, 2)), "401 invalid_client: Unknown client");
}
TEST_F(Token, a_grant_that_is_not_enabled_is_unauthorized_client) {
  EXPECT_EQ(refusal(exchange("client_id=spa&grant_type=password&username=a&password=b")),
            "403 unauthorized_client: Grant type 'password' not allowed for the client.");
}
TEST_F(Token, a_third_party_client_may_not_use_passwords) {
  auto client = std::make_shared<domain::Client>(*world.configuration.clients[{1, "web"}]);
  client->is_first_party = false;
  world.configuration.clients[{1, "web"}] = client;
  EXPECT_EQ(as_web("grant_type=password&username=a&password=b").status, 403);
}

// ---- browsers

TEST_F(Token, only_origins_of_the_client_may_read_the_answer) {
  auto request =
      post("/oauth/token",
           "grant_type=client_credentials&audience=urn:api&client_id=web&client_secret=web-secret");
  for (const char* origin : {"https://app.test", "https://spa.test"})
    EXPECT_EQ(send(with(request, "Origin", origin)).headers.get("Access-Control-Allow-Origin"), origin);
  EXPECT_FALSE(send(with(request, "Origin", "https://evil.test")).headers.has("Access-Control-Allow-Origin"));
  EXPECT_FALSE(send(request).headers.has("Access-Control-Allow-Origin"));
}
// ---- authorization_code

TEST_F(Token, a_code_gives_all_tokens_with_two_reads_and_one_commit) {
  const auto response = as_web(redeem(code_for("web")));
  ASSERT_EQ(response.status, 200) << response.body;
  const auto body = body_of(response);
  EXPECT_EQ(json::string_or(body, "token_type"), "Bearer");
  EXPECT_EQ(json::integer_or(body, "expires_in", 0), 86400);
  EXPECT_EQ(json::string_or(body, "scope"), "openid email offline_access");
  EXPECT_TRUE(json::string_or(body, "refresh_token").starts_with("v1."));
  EXPECT_EQ(json::string_or(payload_of(json::string_or(body, "id_token")), "email"), "ada@example.com");
  EXPECT_EQ(world.state.reads, 2);
  EXPECT_EQ(world.state.commits, 1);
  EXPECT_EQ(logged(), "seacft");
  EXPECT_EQ(world.state.last_log().user_id, "auth0|ada");
}
TEST_F(Token, auth_time_comes_with_max_age_only) {
  domain::AuthorizationCode code;
  code.authorization.auth_time = testing::start - Seconds(60);
  code.authorization.nonce = "n-1";
  auto plain = payload_of(json::string_or(body_of(as_web(redeem(code_for("web", code)))), "id_token"));
  EXPECT_FALSE(plain.contains("auth_time"));
  EXPECT_EQ(json::string_or(plain, "nonce"), "n-1");
  code.max_age_requested = true;
  auto asked = payload_of(json::string_or(body_of(as_web(redeem(code_for("web", code)))), "id_token"));
  EXPECT_EQ(json::integer_or(asked, "auth_time", 0), 1699999940);
}
TEST_F(Token, a_code_for_an_api_gives_a_jwt_without_gty) {
  domain::AuthorizationCode code;
  code.authorization.audience = "urn:api";
  code.authorization.scope = {"openid", "read"};
  const auto body = body_of(as_web(redeem(code_for("web", code))));
  const auto claims = payload_of(json::string_or(body, "access_token"));
  EXPECT_EQ(json::strings(claims, "aud"),
            (std::vector<std::string>{"urn:api", "https://acme.test/userinfo"}));
  EXPECT_FALSE(claims.contains("gty"));
  EXPECT_FALSE(body.contains("refresh_token"));
}
TEST_F(Token, forged_foreign_and_expired_codes_look_the_same) {
  const std::string bad = "403 invalid_grant: Invalid authorization code";
  EXPECT_EQ(refusal(as_web(redeem("nonsense"))), bad);
  EXPECT_EQ(refusal(as_web(redeem(domain::Handle{77, std::string(32, 'x')}.to_string()))), bad);
  auto code = domain::Handle::parse(code_for("web"));
  code->secret[0] = 'x';
  EXPECT_EQ(refusal(as_web(redeem(code->to_string()))), bad);
  EXPECT_EQ(refusal(as_web(redeem(code_for("spa")))), bad);
  const auto late = code_for("web");
  world.clock.advance(Seconds(600));
  EXPECT_EQ(refusal(as_web(redeem(late))), bad);
  EXPECT_EQ(logged(), "feacft");
}
TEST_F(Token, another_clients_attempt_does_not_spend_the_code) {
  const auto code = code_for("web");
  exchange("client_id=spa&" + redeem(code));
  EXPECT_EQ(as_web(redeem(code)).status, 200);
}
TEST_F(Token, the_redirect_uri_must_be_the_same_and_present) {
  const auto code = code_for("web");
  EXPECT_EQ(refusal(as_web("grant_type=authorization_code&code=" + code)),
            "400 invalid_request: Missing required parameter: redirect_uri");
  for (const char* uri : {"https://app.test/cb/", "https://app.test/CB", "https://evil.test/cb"})
    EXPECT_EQ(as_web("grant_type=authorization_code&code=" + code + "&redirect_uri=" + uri).status, 403)
        << uri;
  EXPECT_EQ(as_web(redeem(code)).status, 200);
}
TEST_F(Token, the_verifier_must_fit_the_challenge) {
  domain::AuthorizationCode bound;
  bound.code_challenge = oauth::s256_challenge(verifier);
  bound.code_challenge_method = "S256";
  const auto code = code_for("spa", bound);
  const std::string request = "client_id=spa&" + redeem(code);
  EXPECT_EQ(exchange(request).status, 400);
  EXPECT_EQ(exchange(request + "&code_verifier=short").status, 400);
  EXPECT_EQ(refusal(exchange(request + "&code_verifier=" + std::string(43, 'w'))),
            "403 invalid_grant: Failed to verify code verifier");
  EXPECT_EQ(exchange(request + "&code_verifier=" + verifier).status, 200);
}
TEST_F(Token, a_verifier_without_a_challenge_is_refused) {
  EXPECT_EQ(as_web(redeem(code_for("web")) + "&code_verifier=" + verifier).status, 400);
}
TEST_F(Token, a_code_that_comes_twice_takes_back_what_it_gave) {
  const auto code = code_for("web");
  const auto first = as_web(redeem(code));
  const auto refresh = refresh_token_of(first);
  const auto access = json::string_or(body_of(first), "access_token");
  EXPECT_EQ(refusal(as_web(redeem(code))), "403 invalid_grant: Invalid authorization code");
  EXPECT_EQ(refusal(as_web("grant_type=refresh_token&refresh_token=" + refresh)),
            "403 invalid_grant: Unknown or invalid refresh token.");
  EXPECT_FALSE(run_sync(tokens::verify_for_userinfo(world.services, world.context(), access)));
}
TEST_F(Token, the_loser_of_a_race_for_a_code_is_treated_as_reuse) {
  const auto code = code_for("web");
  const auto id = domain::Handle::parse(code)->id;
  world.committer.before_commit = [&] { world.state.codes[id].consumed_at = testing::start; };
  EXPECT_EQ(refusal(as_web(redeem(code))), "403 invalid_grant: Invalid authorization code");
  EXPECT_FALSE(world.state.revoked_grants.empty());
}
TEST_F(Token, blocked_and_vanished_users_get_nothing) {
  const auto code = code_for("web");
  world.state.users["auth0|ada"].user.profile["blocked"] = true;
  EXPECT_EQ(refusal(as_web(redeem(code))), "403 unauthorized: user is blocked");
  world.state.users.clear();
  EXPECT_EQ(refusal(as_web(redeem(code))), "403 invalid_grant: Invalid authorization code");
}

// ---- client_credentials

TEST_F(Token, client_credentials_give_what_the_client_grant_gives) {
  const auto body = body_of(as_web("grant_type=client_credentials&audience=urn:api"));
  const auto claims = payload_of(json::string_or(body, "access_token"));
  EXPECT_EQ(json::string_or(claims, "sub"), "web@clients");
  EXPECT_EQ(json::string_or(claims, "gty"), "client-credentials");
  EXPECT_EQ(json::string_or(claims, "scope"), "read write");
  EXPECT_FALSE(body.contains("id_token") || body.contains("refresh_token"));
  EXPECT_EQ(logged(), "seccft");
  EXPECT_EQ(world.state.reads, 0);
  EXPECT_EQ(world.state.commits, 1);
}
TEST_F(Token, client_credentials_narrow_the_scope) {
  const auto body = body_of(as_web("grant_type=client_credentials&audience=urn:api&scope=write"));
  EXPECT_EQ(json::string_or(body, "scope"), "write");
}
TEST_F(Token, client_credentials_beyond_the_client_grant_are_refused_by_name) {
  EXPECT_EQ(refusal(as_web("grant_type=client_credentials&audience=urn:api&scope=write%20admin%20x")),
            "403 access_denied: Client has not been granted scopes: admin x");
}
TEST_F(Token, client_credentials_need_an_audience_an_api_and_a_grant) {
  EXPECT_EQ(refusal(as_web("grant_type=client_credentials")),
            "400 invalid_request: Missing required parameter: audience");
  EXPECT_EQ(refusal(as_web("grant_type=client_credentials&audience=urn:none")),
            "403 access_denied: Service not enabled within domain: urn:none");
  world.add_api("urn:other", {});
  EXPECT_TRUE(refusal(as_web("grant_type=client_credentials&audience=urn:other"))
                  .starts_with("403 access_denied: Client is not authorized to access \"urn:other\". "));
  EXPECT_EQ(logged(), "feccft");
  EXPECT_EQ(as_web("grant_type=client_credentials&audience=https://acme.test/userinfo").status, 403);
}
TEST_F(Token, the_default_audience_of_the_tenant_applies) {
  world.configuration.tenant_settings->default_audience = "urn:api";
  EXPECT_EQ(as_web("grant_type=client_credentials").status, 200);
}
TEST_F(Token, an_organization_is_refused_rather_than_ignored) {
  EXPECT_EQ(as_web("grant_type=client_credentials&audience=urn:api&organization=org_1").status, 400);
}
TEST_F(Token, a_resource_counts_where_the_tenant_reads_it) {
  const std::string request = "grant_type=client_credentials&resource=urn:api";
  EXPECT_EQ(as_web(request).status, 400);
  world.configuration.tenant_settings->resource_parameter = true;
  EXPECT_EQ(as_web(request).status, 200);
}
TEST_F(Token, the_management_api_answers_under_every_host_of_the_tenant) {
  const std::string first = "https://first.test/api/v2/", here = "https://acme.test/api/v2/";
  world.add_api(first, {"read:users"}, {{"is_system", true}});
  world.add_client_grant("web", first, {"read:users"});
  world.documents.system_api = first;
  const auto response = as_web("grant_type=client_credentials&audience=" + here);
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(json::string_or(payload_of(json::string_or(body_of(response), "access_token")), "aud"), here);
  EXPECT_EQ(as_web("grant_type=client_credentials&audience=https://other.test/api/v2/").status, 403);
}
TEST_F(Token, an_api_that_denies_clients_is_not_accessible) {
  world.add_api("urn:api", {"read"},
                {{"subject_type_authorization", {{"client", {{"policy", "deny_all"}}}}}});
  EXPECT_EQ(as_web("grant_type=client_credentials&audience=urn:api").status, 403);
}

// ---- refresh_token

class Refresh : public Token {
 protected:
  std::string begin(std::string client = "web") {
    domain::AuthorizationCode code;
    code.authorization.audience = "urn:api";
    code.authorization.scope = {"openid", "offline_access", "read", "write"};
    code.authorization.sid = "the-sid";
    code.authorization.nonce = "n";
    const std::string request = redeem(code_for(client, code));
    return refresh_token_of(client == "web" ? as_web(request) : exchange("client_id=spa&" + request));
  }
  http::Response refresh(const std::string& token, std::string more = {}) {
    return as_web("grant_type=refresh_token&refresh_token=" + token + more);
  }
  static constexpr std::string_view unknown = "403 invalid_grant: Unknown or invalid refresh token.";
};

TEST_F(Refresh, gives_new_tokens_and_keeps_a_token_that_does_not_rotate) {
  const auto token = begin();
  const auto body = body_of(refresh(token));
  EXPECT_FALSE(body.contains("refresh_token"));
  EXPECT_EQ(json::string_or(payload_of(json::string_or(body, "access_token")), "gty"), "refresh_token");
  const auto id = payload_of(json::string_or(body, "id_token"));
  EXPECT_EQ(json::string_or(id, "sid"), "the-sid");
  EXPECT_FALSE(id.contains("nonce"));
  EXPECT_EQ(logged(), "sertft");
  EXPECT_EQ(refresh(token).status, 200);
}
TEST_F(Refresh, costs_two_reads_and_one_commit) {
  const auto token = begin();
  world.state.reads = world.state.commits = 0;
  refresh(token);
  EXPECT_EQ(world.state.reads, 2);
  EXPECT_EQ(world.state.commits, 1);
}
TEST_F(Refresh, rotates_and_takes_a_reused_token_as_theft) {
  make_rotating("web");
  const auto first = begin();
  const auto second = refresh_token_of(refresh(first));
  EXPECT_TRUE(second.starts_with("v1.") && second != first);
  EXPECT_EQ(refusal(refresh(first)), unknown);
  EXPECT_EQ(logged(), "ferrt");
  EXPECT_EQ(refusal(refresh(second)), unknown);  // the whole family is gone
}
TEST_F(Refresh, accepts_a_rotated_token_within_the_leeway) {
  make_rotating("web", Seconds(10));
  const auto first = begin();
  const auto second = refresh_token_of(refresh(first));
  world.clock.advance(Milliseconds(9999));
  const auto again = refresh(first);
  EXPECT_EQ(again.status, 200);
  EXPECT_NE(refresh_token_of(again), second);
  EXPECT_EQ(refresh(second).status, 200);
  world.clock.advance(Milliseconds(1));
  EXPECT_EQ(refusal(refresh(first)), unknown);
}
TEST_F(Refresh, the_loser_of_a_race_is_judged_by_the_leeway) {
  make_rotating("web", Seconds(10));
  const auto token = begin();
  const auto id = tokens::parse_refresh_token(token)->id;
  auto win = [&] { world.state.refresh_tokens[id].rotated_at = testing::start; };
  world.committer.before_commit = win;
  EXPECT_EQ(refresh(token).status, 200);
  make_rotating("web");
  const auto other = begin();
  const auto other_id = tokens::parse_refresh_token(other)->id;
  world.committer.before_commit = [&] { world.state.refresh_tokens[other_id].rotated_at = testing::start; };
  EXPECT_EQ(refusal(refresh(other)), unknown);
}
TEST_F(Refresh, is_bound_to_its_client) { EXPECT_EQ(refusal(refresh(begin("spa"))), unknown); }
TEST_F(Refresh, unknown_forged_and_malformed_tokens_look_the_same) {
  auto handle = *tokens::parse_refresh_token(begin());
  handle.secret[0] ^= 1;
  for (const std::string& text :
       {std::string("nonsense"), "v1." + domain::Handle{5, std::string(32, 'x')}.to_string(),
        "v1." + handle.to_string()})
    EXPECT_EQ(refusal(refresh(text)), unknown);
  EXPECT_EQ(logged(), "fertft");
}
TEST_F(Refresh, ends_when_idle_or_old) {
  auto client = std::make_shared<domain::Client>(*world.configuration.clients[{1, "web"}]);
  client->refresh_token = {.rotating = true,
                           .expiring = true,
                           .lifetime = Seconds(100),
                           .idle_lifetime = Seconds(60),
                           .infinite_lifetime = false,
                           .infinite_idle_lifetime = false};
  world.configuration.clients[{1, "web"}] = client;
  const auto idle = begin();
  auto used = begin();
  world.clock.advance(Seconds(59));
  used = refresh_token_of(refresh(used));
  world.clock.advance(Seconds(1));
  EXPECT_EQ(refusal(refresh(idle)), unknown);
  world.clock.advance(Seconds(39));
  used = refresh_token_of(refresh(used));
  EXPECT_FALSE(used.empty());
  world.clock.advance(Seconds(1));  // 100 s after the first of the family
  EXPECT_EQ(refusal(refresh(used)), unknown);
}
TEST_F(Refresh, never_widens_the_scope) {
  const auto token = begin();
  EXPECT_EQ(json::string_or(body_of(refresh(token, "&scope=read%20admin")), "scope"), "read");
  EXPECT_EQ(json::string_or(body_of(refresh(token)), "scope"), "openid offline_access read write");
  EXPECT_EQ(refusal(refresh(token, "&scope=admin")).substr(0, 17), "400 invalid_scope");
}
TEST_F(Refresh, never_changes_the_audience) {
  world.add_api("urn:other", {});
  const auto token = begin();
  EXPECT_EQ(refresh(token, "&audience=urn:api").status, 200);
  EXPECT_EQ(refresh(token, "&audience=urn:other").status, 403);
}
TEST_F(Refresh, tells_when_the_user_is_gone_or_blocked) {
  const auto token = begin();
  world.state.users["auth0|ada"].user.profile["blocked"] = true;
  EXPECT_EQ(refusal(refresh(token)), "403 unauthorized: user is blocked");
  world.state.users.clear();
  EXPECT_EQ(refusal(refresh(token)),
            "403 invalid_grant: The refresh_token was generated for a user who doesn't exist anymore.");
}

// ---- revocation

TEST_F(Refresh, a_revoked_token_is_gone_with_its_family) {
  const auto token = begin();
  const auto revoke = [&](std::string body) { return send(post("/oauth/revoke", body)); };
  EXPECT_EQ(revoke("client_id=web&client_secret=wrong&token=" + token).status, 401);
  EXPECT_EQ(revoke("client_id=spa&token=" + token).status, 200);  // not its own: nothing happens
  EXPECT_EQ(refresh(token).status, 200);
  EXPECT_EQ(revoke("client_id=web&client_secret=web-secret&token=" + token).status, 200);
  EXPECT_EQ(refusal(refresh(token)), unknown);
}
TEST_F(Refresh, revoking_an_unknown_token_succeeds_and_an_access_token_does_not) {
  EXPECT_EQ(send(post("/oauth/revoke", "client_id=spa&token=whatever")).status, 200);
  EXPECT_EQ(refusal(send(post("/oauth/revoke", "client_id=spa&token=eyJhbGciOi"))).substr(0, 17),
            "400 invalid_token");
  EXPECT_EQ(refusal(send(post("/oauth/revoke", "client_id=spa"))),
            "400 invalid_request: Missing required parameter: token");
}

// ---- password

TEST_F(Token, the_realm_grant_signs_a_user_in) {
  const auto response = as_web(
      "grant_type=http://auth0.com/oauth/grant-type/password-realm&realm=db&username=ada@example.com"
      "&password=secret&scope=openid%20offline_access");
  ASSERT_EQ(response.status, 200) << response.body;
  const auto body = body_of(response);
  EXPECT_TRUE(body.contains("id_token") && body.contains("refresh_token"));
  EXPECT_EQ(logged(), "sepft");
  EXPECT_EQ(world.state.commits, 1);
  EXPECT_EQ(world.state.users["auth0|ada"].user.logins_count, 1);
}
TEST_F(Token, the_password_grant_uses_the_default_directory) {
  const std::string request =
      "grant_type=password&username=ada@example.com&password=secret&audience=urn:api&scope=read";
  EXPECT_EQ(refusal(as_web(request)),
            "403 server_error: Authorization server not configured with default connection.");
  world.configuration.tenant_settings->default_directory = "db";
  const auto response = as_web(request);
  ASSERT_EQ(response.status, 200) << response.body;
  const auto claims = payload_of(json::string_or(body_of(response), "access_token"));
  EXPECT_EQ(json::string_or(claims, "gty"), "password");
  EXPECT_EQ(json::string_or(claims, "scope"), "read");
}
TEST_F(Token, a_right_password_that_leaked_is_refused_with_a_word_of_its_own) {
  world.breached.listed = {"secret", "wrong"};
  world.configuration.tenant_settings->default_directory = "db";
  world.configuration.protection = domain::AttackProtection::from_documents(
      {{"breached-password-detection", {{"enabled", true}, {"shields", json::Array{"block"}}}}});
  EXPECT_EQ(refusal(as_web("grant_type=password&password=wrong&username=ada@example.com")),
            "403 invalid_grant: Wrong email or password.");
  EXPECT_EQ(refusal(as_web("grant_type=password&password=secret&username=ada@example.com")),
            "401 password_leaked: This password is known from a data leak. Please choose another one by "
            "resetting it.");
  int leaks = 0;
  for (const auto& [id, record] : world.state.log) leaks += record.type == "pwd_leak";
  EXPECT_EQ(leaks, 1);
}
TEST_F(Token, a_password_that_must_answer_a_challenge_is_sent_to_the_pages) {
  world.configuration.tenant_settings->default_directory = "db";
  world.configuration.protection = domain::AttackProtection::from_documents(
      {{"bot-detection", {{"challenge_password_policy", "always"}}}});
  const std::string grant = "grant_type=password&password=secret&username=ada@example.com";
  EXPECT_EQ(refusal(as_web(grant)), "401 requires_verification: This request must first answer a challenge.");
  const auto told = body_of(send(post("/usernamepassword/challenge", "{}", "application/json")));
  const auto work = *json::object(told, "proof_of_work");
  const std::string answer =
      "&captcha_token=" + json::string_or(work, "token") +
      "&captcha=" + login::solve_proof(json::string_or(work, "seed"), int(json::integer_or(work, "bits", 0)));
  EXPECT_EQ(as_web(grant + answer).status, 200);
  EXPECT_EQ(refusal(as_web(grant + answer)),
            "401 requires_verification: The challenge had been answered before.");
}
TEST_F(Token, wrong_passwords_and_unknown_users_look_the_same) {
  world.configuration.tenant_settings->default_directory = "db";
  for (const char* who : {"ada@example.com", "nobody@example.com"})
    EXPECT_EQ(refusal(as_web("grant_type=password&password=wrong&username=" + std::string(who))),
              "403 invalid_grant: Wrong email or password.");
  EXPECT_EQ(logged(), "fepft");
}
TEST_F(Token, the_tenth_wrong_password_blocks_in_the_commit_of_its_refusal) {
  world.configuration.tenant_settings->default_directory = "db";
  const std::string blocked =
      "429 too_many_attempts: Your account has been blocked after multiple consecutive login attempts. We've "
      "sent "
      "you an email with instructions on how to unblock it.";
  for (const char* who : {"ada@example.com", "nobody@example.com"}) {
    const std::string wrong = "grant_type=password&password=wrong&username=" + std::string(who);
    for (int i = 0; i < 9; ++i)
      EXPECT_EQ(refusal(as_web(wrong)), "403 invalid_grant: Wrong email or password.");
    const int before = world.state.commits;
    EXPECT_EQ(refusal(as_web(wrong)), blocked);
    EXPECT_EQ(world.state.commits, before + 1);
    EXPECT_EQ(refusal(as_web(wrong)), blocked);
    EXPECT_EQ(logged(), "limit_wc");
  }
  EXPECT_EQ(world.state.blocks.all.size(), 2u);
  EXPECT_EQ(world.state.jobs.size(), 1u);
}
TEST_F(Token, a_blocked_user_and_a_disabled_connection_are_refused) {
  world.add_connection("closed", {"spa"});
  const std::string request =
      "grant_type=http://auth0.com/oauth/grant-type/"
      "password-realm&username=ada@example.com&password=secret&realm=";
  EXPECT_EQ(as_web(request + "closed").status, 400);
  EXPECT_EQ(as_web(request + "none").status, 400);
  world.state.users["auth0|ada"].user.profile["blocked"] = true;
  EXPECT_EQ(refusal(as_web(request + "db")), "403 unauthorized: user is blocked");
}

}  // namespace
}  // namespace durward::protocols::oauth2
