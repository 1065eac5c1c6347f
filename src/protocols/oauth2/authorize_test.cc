#include "protocols/oauth2/authorize.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "login/rows.h"
#include "login/testing/browser.h"
#include "protocols/oauth2/authorize_steps.h"
#include "tokens/testing/world.h"

namespace durward::protocols::oauth2 {
namespace {

using testing::Browser;
using testing::form;
using testing::location_of;
using testing::parameter_of;

constexpr std::string_view challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

using Query = std::map<std::string, std::string>;

struct AuthorizeHouse : testing::World {
  connections::database::Database database{services};
  tokens::Issuer issuer{services};
  std::shared_ptr<login::Machine> machine = std::make_shared<login::Machine>(
      services, database, login::Protocols{{"oauth2", authorization_protocol(services, issuer)}});

  AuthorizeHouse() {
    const json::Array callbacks{"https://app.example/cb"};
    add_client("spa", "", "spa", {"authorization_code", "implicit", "refresh_token"},
               {{"callbacks", callbacks}});
    add_client("web", "secret", "regular_web", {"authorization_code", "implicit"},
               {{"callbacks", callbacks}, {"token_endpoint_auth_method", "client_secret_post"}});
    add_client("code-only", "secret", "regular_web", {"authorization_code"},
               {{"callbacks", callbacks}, {"token_endpoint_auth_method", "client_secret_post"}});
    add_client("machine", "secret", "non_interactive", {"client_credentials"},
               {{"callbacks", callbacks}, {"token_endpoint_auth_method", "client_secret_post"}});
    add_client("stranger", "secret", "regular_web", {"authorization_code"},
               {{"callbacks", callbacks},
                {"is_first_party", false},
                {"token_endpoint_auth_method", "client_secret_post"}});
    add_client("org", "secret", "regular_web", {"authorization_code"},
               {{"callbacks", callbacks},
                {"organization_usage", "require"},
                {"token_endpoint_auth_method", "client_secret_post"}});
    add_connection("db", {"spa", "web", "code-only", "stranger", "org"});
    add_user("1", "ada@example.com", "Secret-1");
    add_api("https://api.example", {"read:x"},
            {{"allow_offline_access", true}, {"skip_consent_for_verifiable_first_party_clients", true}});
    add_api("https://closed.example", {"read:x"},
            {{"subject_type_authorization", json::Object{{"user", json::Object{{"policy", "deny_all"}}}}}});
    add_api("https://asking.example", {"read:x"},
            {{"skip_consent_for_verifiable_first_party_clients", false}});
  }

  Browser browser() {
    auto rows = login::login_rows(machine);
    for (auto& row : authorize_rows(services, machine)) rows.push_back(std::move(row));
    return Browser(std::move(rows), [this] { return context(); });
  }
};

Query spa() {
  return {{"client_id", "spa"},
          {"response_type", "code"},
          {"redirect_uri", "https://app.example/cb"},
          {"scope", "openid profile"},
          {"state", "st/ate&1"},
          {"code_challenge", std::string(challenge)},
          {"code_challenge_method", "S256"}};
}
Query web(std::string response_type = "code") {
  return {{"client_id", "web"},
          {"response_type", std::move(response_type)},
          {"redirect_uri", "https://app.example/cb"},
          {"scope", "openid email"},
          {"state", "s"},
          {"nonce", "n"}};
}
Query changed(Query query, const Query& changes) {
  for (const auto& [name, value] : changes) {
    query.erase(name);
    if (value != "-") query[name] = value;
  }
  return query;
}
std::string url_of(const Query& query, std::string_view more = {}) {
  http::Parameters parameters;
  for (const auto& [name, value] : query) parameters.add(name, value);
  return "/authorize?" + http::encode_form(parameters) + std::string(more);
}
http::Response sign_in(Browser& browser, const Query& query) {
  const auto page = location_of(browser.get(url_of(query)));
  return browser.post(page, form({{"username", "ada@example.com"}, {"password", "Secret-1"}}));
}

// ---- refusals

struct Refusal {
  const char* name;
  Query query;
  std::string_view error;
  std::string_view more = {};
};

TEST(Authorize, errors_before_the_callback_is_known_never_redirect) {
  AuthorizeHouse house;
  auto browser = house.browser();
  struct Row {
    const char* name;
    std::string url;
    int status;
  };
  const Row rows[] = {
      {"no client", url_of(changed(spa(), {{"client_id", "-"}})), 400},
      {"unknown client", url_of(changed(spa(), {{"client_id", "nobody"}})), 403},
      {"two clients", url_of(spa(), "&client_id=web"), 400},
      {"two callbacks", url_of(spa(), "&redirect_uri=https%3A%2F%2Fevil.example"), 400},
      {"no callback", url_of(changed(spa(), {{"redirect_uri", "-"}})), 400},
      {"other host", url_of(changed(spa(), {{"redirect_uri", "https://evil.example/cb"}})), 403},
      {"longer path", url_of(changed(spa(), {{"redirect_uri", "https://app.example/cb/x"}})), 403},
      {"more query", url_of(changed(spa(), {{"redirect_uri", "https://app.example/cb?x=1"}})), 403},
      {"user information", url_of(changed(spa(), {{"redirect_uri", "https://app.example@evil.example/cb"}})),
       403},
      {"backslash", url_of(changed(spa(), {{"redirect_uri", "https://app.example\\@evil.example/cb"}})), 403},
      {"dot segments", url_of(changed(spa(), {{"redirect_uri", "https://app.example/x/../cb"}})), 403},
      {"plain http", url_of(changed(spa(), {{"redirect_uri", "http://app.example/cb"}})), 403},
      {"broken escape", "/authorize?client_id=%zz", 400},
      {"not UTF-8", "/authorize?client_id=%ff", 400},
  };
  for (const Row& row : rows) {
    const auto response = browser.get(row.url);
    EXPECT_EQ(response.status, row.status) << row.name;
    EXPECT_FALSE(response.headers.has("Location")) << row.name;
  }
  EXPECT_NE(browser.get(rows[5].url).body.find("Callback URL mismatch."), std::string::npos);
}

std::vector<Refusal> refusals() {
  return {
      {"response_type missing", changed(spa(), {{"response_type", "-"}}), "invalid_request"},
      {"response_type unknown", changed(spa(), {{"response_type", "magic"}}), "unsupported_response_type"},
      {"scope twice", spa(), "invalid_request", "&scope=openid"},
      {"state twice", spa(), "invalid_request", "&state=x"},
      {"response_mode unknown", changed(spa(), {{"response_mode", "pigeon"}}), "invalid_request"},
      {"tokens in the query", changed(web("id_token"), {{"response_mode", "query"}}), "invalid_request"},
      {"request object", changed(spa(), {{"request", "x.y.z"}}), "request_not_supported"},
      {"request_uri", changed(spa(), {{"request_uri", "urn:x"}}), "request_uri_not_supported"},
      {"no PKCE from a public client",
       changed(spa(), {{"code_challenge", "-"}, {"code_challenge_method", "-"}}), "invalid_request"},
      {"method without challenge", changed(spa(), {{"code_challenge", "-"}}), "invalid_request"},
      {"unknown method", changed(spa(), {{"code_challenge_method", "S512"}}), "invalid_request"},
      {"short challenge", changed(spa(), {{"code_challenge", "abc"}}), "invalid_request"},
      {"no PKCE from a third party", changed(web(), {{"client_id", "stranger"}}), "invalid_request"},
      {"no code grant", changed(web(), {{"client_id", "machine"}}), "unauthorized_client"},
      {"no implicit grant", changed(web("id_token"), {{"client_id", "code-only"}}), "unauthorized_client"},
      {"no nonce", changed(web("id_token"), {{"nonce", "-"}}), "invalid_request"},
      {"no nonce in hybrid", changed(web("code id_token"), {{"nonce", "-"}}), "invalid_request"},
      {"id_token without openid", changed(web("id_token"), {{"scope", "email"}}), "invalid_request"},
      {"scope grammar", changed(spa(), {{"scope", "open\"id"}}), "invalid_scope"},
      {"both accesses", changed(spa(), {{"scope", "openid offline_access online_access"}}),
       "invalid_request"},
      {"unknown API", changed(spa(), {{"audience", "https://nowhere"}}), "access_denied"},
      {"closed API", changed(spa(), {{"audience", "https://closed.example"}}), "access_denied"},
      {"prompt=none login", changed(spa(), {{"prompt", "none login"}}), "invalid_request"},
      {"prompt unknown", changed(spa(), {{"prompt", "shout"}}), "invalid_request"},
      {"prompt with quotes", changed(spa(), {{"prompt", "\"login\""}}), "invalid_request"},
      {"max_age word", changed(spa(), {{"max_age", "soon"}}), "invalid_request"},
      {"max_age negative", changed(spa(), {{"max_age", "-1"}}), "invalid_request"},
      {"hint forged", changed(spa(), {{"id_token_hint", "a.b.c"}}), "invalid_request"},
      {"connection unknown", changed(spa(), {{"connection", "ldap"}}), "invalid_request"},
      {"organization denied", changed(spa(), {{"organization", "org_1"}}), "invalid_request"},
      {"organization missing", changed(web(), {{"client_id", "org"}}), "invalid_request"},
      {"state too long", changed(spa(), {{"state", std::string(5000, 'x')}}), "invalid_request"},
      {"silent without session", changed(spa(), {{"prompt", "none"}}), "login_required"},
  };
}

TEST(Authorize, each_refusal_goes_to_the_application) {
  AuthorizeHouse house;
  auto browser = house.browser();
  for (const Refusal& row : refusals()) {
    const auto response = browser.get(url_of(row.query, row.more));
    const auto location = location_of(response);
    EXPECT_EQ(response.status, 302) << row.name;
    EXPECT_TRUE(location.starts_with("https://app.example/cb")) << row.name << ": " << location;
    EXPECT_EQ(parameter_of(location, "error"), row.error) << row.name << ": " << location;
    if (row.query.contains("state"))
      EXPECT_EQ(parameter_of(location, "state"), row.query.at("state")) << row.name;
  }
  EXPECT_TRUE(house.state.codes.empty());
}

TEST(Authorize, service_not_found_names_the_audience) {
  AuthorizeHouse house;
  auto browser = house.browser();
  const auto location = location_of(browser.get(url_of(changed(spa(), {{"audience", "https://nowhere"}}))));
  EXPECT_EQ(parameter_of(location, "error_description"), "Service not found: https://nowhere");
}

TEST(Authorize, every_step_has_a_clause) {
  for (const auto steps : {entry_steps(), request_steps()})
    for (const Step& step : steps) EXPECT_FALSE(step.clause.empty()) << step.name;
}

// ---- success

TEST(Authorize, code_comes_back_with_state_after_the_password) {
  AuthorizeHouse house;
  auto browser = house.browser();
  const auto back =
      sign_in(browser, changed(spa(), {{"audience", "https://api.example"},
                                       {"scope", "openid profile read:x offline_access nonsense"},
                                       {"nonce", "n-1"},
                                       {"max_age", "100"}}));
  const auto location = location_of(back);
  ASSERT_TRUE(location.starts_with("https://app.example/cb?code=")) << location;
  EXPECT_EQ(parameter_of(location, "state"), "st/ate&1");
  EXPECT_TRUE(parameter_of(location, "iss").empty());
  EXPECT_EQ(back.headers.get("Cache-Control"), "no-store");
  EXPECT_EQ(back.headers.get("Referrer-Policy"), "no-referrer");

  const auto handle = domain::Handle::parse(parameter_of(location, "code"));
  ASSERT_TRUE(handle);
  const auto& code = house.state.codes.at(handle->id);
  EXPECT_EQ(code.secret_sha256, crypto::sha256(handle->secret));
  EXPECT_EQ(code.redirect_uri, "https://app.example/cb");
  EXPECT_EQ(code.code_challenge, challenge);
  EXPECT_EQ(code.code_challenge_method, "S256");
  EXPECT_TRUE(code.max_age_requested);
  EXPECT_NE(code.grant_id, 0);
  EXPECT_EQ(code.authorization.audience, "https://api.example");
  EXPECT_EQ(code.authorization.scope,
            (std::vector<std::string>{"openid", "profile", "read:x", "offline_access"}));
  EXPECT_EQ(code.authorization.nonce, "n-1");
  EXPECT_EQ(code.authorization.sid, house.state.sessions.begin()->second.sid());
  EXPECT_EQ(house.state.commits, 1);
  EXPECT_EQ(house.state.reads, 1);
}

TEST(Authorize, the_management_api_is_known_under_every_host_of_the_tenant) {
  AuthorizeHouse house;
  const std::string first = "https://first.test/api/v2/", here = "https://acme.test/api/v2/";
  house.add_api(first, {"read:current_user"},
                {{"is_system", true}, {"skip_consent_for_verifiable_first_party_clients", true}});
  house.documents.system_api = first;
  auto browser = house.browser();
  const auto back = sign_in(browser, changed(spa(), {{"audience", here}, {"response_type", "code token"}}));
  const auto location = location_of(back);
  ASSERT_NE(location.find("code="), location.npos) << location;
  const auto handle = domain::Handle::parse(parameter_of(location, "code"));
  ASSERT_TRUE(handle);
  EXPECT_EQ(house.state.codes.at(handle->id).authorization.audience, first);
  const auto token = parameter_of(location, "access_token");
  const auto payload =
      from_base64url(token.substr(token.find('.') + 1, token.rfind('.') - token.find('.') - 1));
  ASSERT_TRUE(payload) << token;
  EXPECT_NE(payload->find(here), payload->npos) << *payload;
}

TEST(Authorize, iss_is_in_good_and_bad_answers_when_the_tenant_wants_it) {
  AuthorizeHouse house;
  house.configuration.tenant_settings->authorization_response_iss = true;
  auto browser = house.browser();
  EXPECT_EQ(parameter_of(location_of(sign_in(browser, spa())), "iss"), "https://acme.test/");
  const auto bad = location_of(browser.get(url_of(changed(spa(), {{"response_type", "magic"}}))));
  EXPECT_EQ(parameter_of(bad, "iss"), "https://acme.test/");
}

TEST(Authorize, the_second_visit_needs_no_page) {
  AuthorizeHouse house;
  auto browser = house.browser();
  sign_in(browser, spa());
  const auto location = location_of(browser.get(url_of(web())));
  EXPECT_TRUE(location.starts_with("https://app.example/cb?code="));
  EXPECT_EQ(house.state.sessions.begin()->second.clients, (std::vector<std::string>{"spa", "web"}));
  EXPECT_EQ(house.state.commits, 2);
}

TEST(Authorize, silent_sign_in_answers_by_web_message_to_the_callbacks_origin) {
  AuthorizeHouse house;
  auto browser = house.browser();
  sign_in(browser, spa());
  const auto query = changed(spa(), {{"prompt", "none"}, {"response_mode", "web_message"}});
  const auto page = browser.get(url_of(query));
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("\"type\":\"authorization_response\""), std::string::npos);
  EXPECT_NE(page.body.find("\"code\":\""), std::string::npos);
  EXPECT_NE(page.body.find("\"https://app.example\""), std::string::npos);
  EXPECT_FALSE(page.headers.has("X-Frame-Options"));
  EXPECT_NE(page.headers.get("Content-Security-Policy").find("frame-ancestors https://app.example"),
            std::string_view::npos);
  EXPECT_EQ(house.state.last_log().type, "ssa");
}

TEST(Authorize, a_web_message_cannot_close_its_script) {
  AuthorizeHouse house;
  auto browser = house.browser();
  const auto page = browser.get(url_of(changed(
      spa(), {{"prompt", "none"}, {"response_mode", "web_message"}, {"state", "</script><script>x()"}})));
  EXPECT_NE(page.body.find("login_required"), std::string::npos);
  EXPECT_EQ(page.body.find("</script><script>"), std::string::npos);
}

TEST(Authorize, form_post_submits_itself_and_has_a_button) {
  AuthorizeHouse house;
  auto browser = house.browser();
  const auto page = sign_in(browser, changed(web("id_token"), {{"response_mode", "form_post"}}));
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("<form method=\"post\" action=\"https://app.example/cb\">"), std::string::npos);
  EXPECT_NE(page.body.find("name=\"id_token\""), std::string::npos);
  EXPECT_NE(page.body.find("<button type=\"submit\">"), std::string::npos);
  EXPECT_NE(page.body.find("<script nonce=\""), std::string::npos);
  EXPECT_NE(page.headers.get("Content-Security-Policy").find("script-src 'nonce-"), std::string_view::npos);
}

TEST(Authorize, response_types_return_what_they_name) {
  for (const std::string type : {"code", "token", "id_token", "code token", "code id_token", "token id_token",
                                 "id_token code token"}) {
    AuthorizeHouse house;
    auto browser = house.browser();
    const auto location = location_of(sign_in(browser, web(type)));
    const bool code = type.find("code") != std::string::npos;
    const bool id_token = type.find("id_token") != std::string::npos;
    const bool token = (" " + type + " ").find(" token ") != std::string::npos;
    EXPECT_EQ(parameter_of(location, "code").empty(), !code) << type;
    EXPECT_EQ(parameter_of(location, "access_token").empty(), !token) << type;
    EXPECT_EQ(parameter_of(location, "expires_in").empty(), !token) << type;
    EXPECT_EQ(parameter_of(location, "token_type"), token ? "Bearer" : "") << type;
    EXPECT_EQ(parameter_of(location, "id_token").empty(), !id_token) << type;
    EXPECT_EQ(location.find('#') != std::string::npos, type != "code") << type;
    if (!id_token) continue;
    const auto claims = testing::payload_of(parameter_of(location, "id_token"));
    EXPECT_EQ(json::string_or(claims, "nonce"), "n") << type;
    EXPECT_EQ(claims.contains("at_hash"), token) << type;
    EXPECT_EQ(claims.contains("c_hash"), code) << type;
  }
}

TEST(Authorize, third_parties_and_asking_apis_get_the_consent_page) {
  AuthorizeHouse house;
  auto browser = house.browser();
  sign_in(browser, spa());
  const auto third = browser.get(url_of(changed(spa(), {{"client_id", "stranger"}})));
  EXPECT_TRUE(location_of(third).starts_with("/u/consent?state="));
  const auto asking = browser.get(url_of(changed(spa(), {{"audience", "https://asking.example"}})));
  EXPECT_TRUE(location_of(asking).starts_with("/u/consent?state="));
  const auto silent = browser.get(url_of(changed(spa(), {{"client_id", "stranger"}, {"prompt", "none"}})));
  EXPECT_EQ(parameter_of(location_of(silent), "error"), "consent_required");
  const auto back = browser.post(location_of(third), form({{"action", "accept"}}));
  EXPECT_TRUE(location_of(back).starts_with("https://app.example/cb?code="));
  EXPECT_EQ(house.state.grants.at(0).audience, "https://acme.test/userinfo");
}

TEST(Authorize, denied_consent_is_access_denied) {
  AuthorizeHouse house;
  auto browser = house.browser();
  sign_in(browser, spa());
  const auto page = location_of(browser.get(url_of(changed(spa(), {{"client_id", "stranger"}}))));
  const auto back = location_of(browser.post(page, form({{"action", "deny"}})));
  EXPECT_EQ(parameter_of(back, "error"), "access_denied");
  EXPECT_EQ(parameter_of(back, "state"), "st/ate&1");
}

TEST(Authorize, localhost_is_not_verifiable) {
  domain::Client client;
  domain::ResourceServer api;
  domain::TenantSettings settings;
  EXPECT_TRUE(needs_consent(client, &api, "http://localhost:3000/cb", settings));
  EXPECT_TRUE(needs_consent(client, &api, "com.example.app://cb", settings));
  EXPECT_FALSE(needs_consent(client, &api, "https://app.example/cb", settings));
  EXPECT_FALSE(needs_consent(client, nullptr, "http://localhost:3000/cb", settings));
  client.document["skip_non_verifiable_callback_uri_confirmation_prompt"] = true;
  EXPECT_FALSE(needs_consent(client, &api, "http://localhost:3000/cb", settings));
}

TEST(Authorize, accepts_a_form_as_well) {
  AuthorizeHouse house;
  auto browser = house.browser();
  http::Parameters parameters;
  for (const auto& [name, value] : spa()) parameters.add(name, value);
  EXPECT_TRUE(location_of(browser.post("/authorize", parameters)).starts_with("/u/login?state="));
  browser.extra.set("Content-Type", "application/json");
  EXPECT_EQ(browser.post("/authorize", parameters).status, 400);
}

TEST(Authorize, a_single_callback_may_be_left_out_without_openid) {
  AuthorizeHouse house;
  auto browser = house.browser();
  const auto location =
      location_of(sign_in(browser, changed(web(), {{"redirect_uri", "-"}, {"scope", "profile"}})));
  const auto handle = domain::Handle::parse(parameter_of(location, "code"));
  ASSERT_TRUE(handle) << location;
  EXPECT_EQ(house.state.codes.at(handle->id).redirect_uri, "");
}

TEST(Authorize, a_blocked_user_is_sent_back_with_unauthorized) {
  AuthorizeHouse house;
  auto browser = house.browser();
  sign_in(browser, spa());
  house.state.users["auth0|1"].user.profile["blocked"] = true;
  const auto location = location_of(browser.get(url_of(spa())));
  EXPECT_EQ(parameter_of(location, "error"), "unauthorized");
  EXPECT_EQ(parameter_of(location, "error_description"), "user is blocked");
}

TEST(Authorize, a_request_survives_its_own_serialization) {
  AuthorizationRequest request;
  request.client_id = "c";
  request.redirect_uri = "https://app.example/cb";
  request.redirect_uri_given = false;
  request.response_type = {.code = true, .id_token = true};
  request.response_mode = oauth::ResponseMode::form_post;
  request.scope = {"openid"};
  request.challenge = oauth::CodeChallenge{oauth::ChallengeMethod::S256, std::string(challenge)};
  request.max_age_requested = true;
  const auto again = AuthorizationRequest::from_json(request.to_json());
  ASSERT_TRUE(again);
  EXPECT_EQ(json::serialize(again->to_json()), json::serialize(request.to_json()));
}

}  // namespace
}  // namespace durward::protocols::oauth2
