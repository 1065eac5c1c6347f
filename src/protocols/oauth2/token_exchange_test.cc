#include "domain/script.h"
#include "protocols/oauth2/token.h"
#include "protocols/testing/face.h"

namespace durward::protocols::oauth2 {
namespace {

using testing::payload_of;

json::Object asks(std::string_view name, json::Array args) {
  return {{"name", name}, {"args", std::move(args)}};
}
json::Object by_id(std::string_view id = "auth0|ada") { return asks("authentication.setUserById", {id}); }
json::Object by_connection(json::Object attributes, std::string_view create = "create_if_not_exists",
                           std::string_view update = "none", std::string_view connection = "db") {
  return asks("authentication.setUserByConnection",
              {connection, std::move(attributes),
               json::Object{{"creationBehavior", create}, {"updateBehavior", update}}});
}
json::Object person(std::string_view id, std::string_view email, json::Object more = {}) {
  more["user_id"] = id;
  more["email"] = email;
  return more;
}

class TokenExchange : public testing::Face {
 protected:
  TokenExchange() {
    const json::Object allowed{
        {"token_exchange", json::Object{{"allow_any_profile_of_type", json::Array{"custom_authentication"}}}},
        {"oidc_conformant", true}};
    client = world.add_client("web", "web-secret", "regular_web", {"refresh_token"}, allowed);
    world.add_api(
        "urn:api", {"read", "write"},
        {{"allow_offline_access", true}, {"skip_consent_for_verifiable_first_party_clients", true}});
    world.add_connection("db", {"web"});
    world.add_user("ada", "ada@example.com");
    auto script = std::make_shared<domain::Script>();
    script->id = script->name = "judge";
    auto& scripts = world.configuration.tenant_scripts;
    scripts.actions["act_1"] = script;
    scripts.token_exchange_profiles["urn:partner:token"] = {"tep_1", "act_1"};
    world.scripts.played = [this](domain::TenantId, const ports::ScriptCall& call) {
      ports::ScriptOutcome out;
      out.results.push_back({.id = "judge", .name = "judge", .commands = commands});
      event = call.input.at("event").as_object();
      return out;
    };
  }

  http::Response exchange(std::string more = {}, std::string ip = {}) {
    auto request = post("/oauth/token",
                        "client_id=web&client_secret=web-secret&subject_token=partner-1&"
                        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange"
                        "&subject_token_type=urn:partner:token" +
                            more);
    if (!ip.empty()) request.headers.set("auth0-forwarded-for", ip);
    return send(request);
  }
  http::Response exchange(json::Array wanted, std::string more = {}) {
    commands = std::move(wanted);
    return exchange(std::move(more));
  }
  static json::Object tokens_of(const http::Response& response, std::string_view name) {
    return payload_of(json::string_or(body_of(response), name));
  }
  std::string logged() { return world.state.log.empty() ? "" : world.state.last_log().type; }
  domain::User& user(const std::string& id) { return world.state.users[id].user; }

  std::shared_ptr<domain::Client> client;
  json::Array commands{by_id()};
  json::Object event;
};

// ---- the request

TEST_F(TokenExchange, gives_tokens_for_the_user_of_the_action) {
  const auto response = exchange("&audience=urn:api&scope=openid email offline_access read&device=phone");
  ASSERT_EQ(response.status, 200) << response.body;
  const auto body = body_of(response);
  EXPECT_EQ(json::string_or(body, "issued_token_type"), "urn:ietf:params:oauth:token-type:access_token");
  EXPECT_EQ(json::string_or(body, "token_type"), "Bearer");
  EXPECT_TRUE(body.contains("refresh_token"));
  const auto access = tokens_of(response, "access_token");
  EXPECT_EQ(json::string_or(access, "sub"), "auth0|ada");
  EXPECT_EQ(json::string_or(access, "gty"), "urn:ietf:params:oauth:grant-type:token-exchange");
  EXPECT_EQ(json::string_or(access, "scope"), "openid email offline_access read");
  EXPECT_EQ(json::string_or(tokens_of(response, "id_token"), "email"), "ada@example.com");
  EXPECT_EQ(logged(), "secte");
  EXPECT_EQ(world.state.commits, 1);
  EXPECT_EQ(user("auth0|ada").logins_count, 1);
}

TEST_F(TokenExchange, tells_the_action_of_the_request_and_no_token_twice) {
  exchange("&scope=openid read&device=phone");
  const auto& transaction = event.at("transaction").as_object();
  EXPECT_EQ(json::string_or(transaction, "subject_token"), "partner-1");
  EXPECT_EQ(json::string_or(transaction, "requested_token_type"),
            "urn:ietf:params:oauth:token-type:access_token");
  EXPECT_EQ(json::serialize(transaction.at("requested_scopes")), R"(["openid","read"])");
  const auto& body = event.at("request").at("body").as_object();
  EXPECT_EQ(json::string_or(body, "device"), "phone");
  EXPECT_FALSE(body.contains("subject_token") || body.contains("client_secret"));
  EXPECT_EQ(json::string_or(event.at("resource_server").as_object(), "identifier"),
            "https://acme.test/userinfo");
}

TEST_F(TokenExchange, needs_a_profile_and_whole_parameters) {
  EXPECT_EQ(refusal(send(post("/oauth/token",
                              "client_id=web&client_secret=web-secret&grant_type=urn:ietf:params:oauth:grant-"
                              "type:token-exchange&subject_token=x"))),
            "400 invalid_request: Missing required parameter: subject_token_type");
  EXPECT_EQ(refusal(exchange("&requested_token_type=urn:ietf:params:oauth:token-type:saml2")),
            "400 invalid_request: The requested_token_type is not supported.");
  const std::string pair = "400 invalid_request: actor_token and actor_token_type belong together.";
  EXPECT_EQ(refusal(exchange("&actor_token=x")), pair);
  EXPECT_EQ(refusal(exchange("&actor_token_type=urn:x:y")), pair);
  EXPECT_EQ(refusal(exchange("&organization=org_1")),
            "400 invalid_request: parameter organization is not allowed for this client");
  EXPECT_EQ(refusal(exchange("&audience=urn:unknown")),
            "403 access_denied: Service not enabled within domain: urn:unknown");
  EXPECT_EQ(logged(), "fecte");
  world.configuration.tenant_scripts.token_exchange_profiles.clear();
  EXPECT_EQ(refusal(exchange()),
            "400 invalid_request: There is no token exchange profile for this subject_token_type.");
  EXPECT_TRUE(world.scripts.calls.empty());
}

TEST_F(TokenExchange, is_for_first_party_conformant_clients_with_the_setting) {
  const std::string refused =
      "403 unauthorized_client: Grant type 'urn:ietf:params:oauth:grant-type:token-exchange' not allowed for "
      "the client.";
  for (bool domain::Client::* setting : {&domain::Client::exchanges_custom_tokens,
                                         &domain::Client::oidc_conformant, &domain::Client::is_first_party}) {
    client.get()->*setting = false;
    EXPECT_EQ(refusal(exchange()), refused);
    client.get()->*setting = true;
  }
  EXPECT_EQ(exchange().status, 200);
}

// ---- the user

TEST_F(TokenExchange, an_unknown_or_blocked_user_gets_nothing) {
  EXPECT_EQ(refusal(exchange({by_id("auth0|nobody")})), "400 invalid_request: The user does not exist.");
  user("auth0|ada").profile["blocked"] = true;
  EXPECT_EQ(refusal(exchange({by_id()})), "403 unauthorized: user is blocked");
  EXPECT_EQ(refusal(exchange({by_connection(person("ada", "ada@example.com"))})),
            "403 unauthorized: user is blocked");
  EXPECT_EQ(world.state.users.size(), 1u);
}

TEST_F(TokenExchange, creates_who_is_missing_once) {
  const json::Array wanted{by_connection(person("7", "New@Example.com", {{"name", "New"}})),
                           asks("user.setAppMetadata", {"partner", true})};
  ASSERT_EQ(exchange(wanted).status, 200);
  EXPECT_EQ(world.state.commits, 2);
  const auto made = user("auth0|7");
  EXPECT_EQ(made.email(), "new@example.com");
  EXPECT_FALSE(made.email_verified());
  EXPECT_TRUE(made.profile.at("app_metadata").at("partner").as_bool());
  EXPECT_TRUE(world.state.users["auth0|7"].password_hash.empty());
  ASSERT_EQ(exchange(wanted).status, 200);
  EXPECT_EQ(world.state.commits, 3);
  EXPECT_EQ(user("auth0|7").logins_count, 2);
  EXPECT_EQ(refusal(exchange({by_connection(person("8", "other@example.com"), "none")})),
            "400 invalid_request: The user does not exist.");
}

TEST_F(TokenExchange, replaces_the_root_of_a_profile_and_nothing_else) {
  auto& ada = user("auth0|ada");
  ada.profile["given_name"] = "Ada";
  ada.profile["user_metadata"] = json::Object{{"kept", 1}};
  ASSERT_EQ(exchange({by_connection(person("ada", "ada@new.example"), "none", "none")}).status, 200);
  EXPECT_EQ(user("auth0|ada").email(), "ada@example.com");
  ASSERT_EQ(
      exchange({by_connection(person("ada", "ada@new.example", {{"name", "A"}}), "none", "replace")}).status,
      200);
  const auto& profile = user("auth0|ada").profile;
  EXPECT_EQ(json::string_or(profile, "email"), "ada@new.example");
  EXPECT_EQ(json::string_or(profile, "name"), "A");
  EXPECT_FALSE(profile.contains("given_name"));
  EXPECT_TRUE(profile.contains("user_metadata"));
}

TEST_F(TokenExchange, of_two_at_the_same_time_both_are_answered_and_no_action_runs_twice) {
  world.committer.before_commit = [this] { world.add_user("7", "new@example.com"); };
  EXPECT_EQ(exchange({by_connection(person("7", "new@example.com"))}).status, 200);
  EXPECT_EQ(world.scripts.calls.size(), 1u);
}

TEST_F(TokenExchange, an_address_of_somebody_else_is_not_taken) {
  EXPECT_EQ(refusal(exchange({by_connection(person("7", "ada@example.com"))})),
            "400 invalid_request: A user with this identifier exists already.");
  EXPECT_EQ(refusal(exchange({by_connection(person("7", "no address"))})),
            "400 invalid_request: Payload validation error: 'Object didn't pass validation for format email: "
            "no address' on property email");
}

TEST_F(TokenExchange, an_id_opens_no_account_of_another_connection) {
  world.add_connection("other", {"web"});
  EXPECT_EQ(refusal(exchange({by_connection(person("ada", "ada@example.com"), "none", "none", "other")})),
            "400 invalid_request: The user_id belongs to a user of another connection.");
}

TEST_F(TokenExchange, a_linked_identity_is_its_user) {
  auto& ada = user("auth0|ada");
  ada.identities.push_back({.connection = "db", .provider = "auth0", .user_id = "7"});
  ASSERT_EQ(exchange({by_connection(person("7", "ada@example.com", {{"name", "Other"}}), "none", "replace")})
                .status,
            200);
  EXPECT_EQ(json::string_or(user("auth0|ada").profile, "name"), "Ada");
}

TEST_F(TokenExchange, only_connections_whose_users_are_made_here_take_attributes) {
  world.add_connection("closed", {"spa"});
  world.add_connection("migrating", {"web"},
                       {{"enabledDatabaseCustomization", true},
                        {"import_mode", true},
                        {"customScripts", json::Object{{"login", "function login() {}"}}}});
  world.configuration.connections.push_back(domain::Connection::from_json(
      {{"id", "con_o"}, {"name", "okta"}, {"strategy", "oidc"}, {"enabled_clients", json::Array{"web"}}}));
  const auto at = [&](std::string_view name) {
    return refusal(
        exchange({by_connection(person("7", "n@example.com"), "create_if_not_exists", "none", name)}));
  };
  const std::string unknown =
      "400 invalid_request: The connection does not exist or is not enabled for the client.";
  EXPECT_EQ(at("closed"), unknown);
  EXPECT_EQ(at("none"), unknown);
  EXPECT_EQ(at("migrating"),
            "400 invalid_request: Users of the connection migrating cannot be set by their attributes.");
  EXPECT_EQ(at("okta"),
            "400 invalid_request: Users of the connection okta cannot be set by their attributes.");
}

TEST_F(TokenExchange, a_new_address_is_verified_by_mail_when_the_action_wants_it) {
  ASSERT_EQ(exchange({by_connection(person("7", "n@example.com", {{"verify_email", true}}))}).status, 200);
  EXPECT_EQ(world.state.jobs.size(), 1u);
  ASSERT_EQ(exchange({by_connection(person("7", "n@example.com", {{"verify_email", true}}))}).status, 200);
  EXPECT_EQ(world.state.jobs.size(), 1u) << "only when the user was written";
}

TEST_F(TokenExchange, metadata_of_a_user_by_id_is_written) {
  ASSERT_EQ(exchange({by_id(), asks("user.setUserMetadata", {"via", "partner"})}).status, 200);
  EXPECT_EQ(json::serialize(user("auth0|ada").profile.at("user_metadata")), R"({"via":"partner"})");
}

// ---- refusals of the action

TEST_F(TokenExchange, what_the_action_refuses_is_400_with_its_words) {
  EXPECT_EQ(refusal(exchange({asks("access.deny", {"server_error", "partner is away"})})),
            "400 server_error: partner is away");
  EXPECT_EQ(refusal(exchange({asks("access.rejectInvalidSubjectToken", {"forged"})})),
            "400 invalid_request: forged");
  EXPECT_EQ(logged(), "fecte");
  EXPECT_EQ(refusal(exchange(json::Array{})),
            "403 access_denied: The token exchange could not be completed.");
  EXPECT_EQ(json::string_or(world.state.last_log().details, "reason"),
            "the action has to set the user exactly once");
}

TEST_F(TokenExchange, the_eleventh_invalid_token_of_an_address_is_not_looked_at) {
  const std::string blocked =
      "429 too_many_attempts: We have detected suspicious login behavior and further attempts will be "
      "blocked. "
      "Please contact the administrator.";
  for (int i = 0; i < 12; ++i)
    EXPECT_EQ(refusal(exchange({asks("access.deny", {"no", "no"})})), "400 no: no");
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(refusal(exchange({asks("access.rejectInvalidSubjectToken", {"forged"})})),
              "400 invalid_request: forged");
  const size_t before = world.scripts.calls.size();
  EXPECT_EQ(refusal(exchange({by_id()})), blocked);
  EXPECT_EQ(world.scripts.calls.size(), before);
  EXPECT_EQ(logged(), "limit_mu");
  world.clock.advance(Milliseconds(600'000));
  EXPECT_EQ(exchange({by_id()}).status, 200);
  EXPECT_EQ(exchange({by_id()}).status, 200) << "a right token gives its attempt back";
}

TEST_F(TokenExchange, without_the_shield_an_address_is_only_noted) {
  world.configuration.protection = domain::AttackProtection::from_documents(
      {{"suspicious-ip-throttling", {{"enabled", true}, {"shields", json::Array()}}}});
  for (int i = 0; i < 10; ++i) exchange({asks("access.rejectInvalidSubjectToken", {"forged"})});
  EXPECT_EQ(exchange({by_id()}).status, 200);
  int noted = 0;
  for (const auto& [id, record] : world.state.log) noted += record.type == "limit_mu";
  EXPECT_EQ(noted, 1);
}

TEST_F(TokenExchange, an_api_that_wants_consent_needs_one_given_before) {
  world.add_api("urn:careful", {"read"});
  const std::string more = "&audience=urn:careful&scope=read";
  EXPECT_EQ(refusal(exchange(more)), "403 consent_required: Consent required");
  world.state.grants.push_back(
      {.user_id = "auth0|ada", .client_id = "web", .audience = "urn:careful", .scope = {"read"}});
  EXPECT_EQ(exchange(more).status, 200);
}

// ---- the actor

TEST_F(TokenExchange, the_actor_is_in_both_tokens_and_in_those_of_a_refresh) {
  const json::Object actor{{"sub", "agent"}, {"act", json::Object{{"sub", "robot"}}}};
  const auto response = exchange({by_id(), asks("authentication.setActor", {actor})},
                                 "&audience=urn:api&scope=openid offline_access read");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(tokens_of(response, "access_token").at("act"), actor);
  EXPECT_EQ(tokens_of(response, "id_token").at("act"), actor);
  const auto refreshed = send(post("/oauth/token",
                                   "client_id=web&client_secret=web-secret&grant_type=refresh_token&"
                                   "refresh_token=" +
                                       json::string_or(body_of(response), "refresh_token")));
  ASSERT_EQ(refreshed.status, 200) << refreshed.body;
  EXPECT_EQ(tokens_of(refreshed, "access_token").at("act"), actor);
}

TEST_F(TokenExchange, an_actor_token_of_another_type_is_the_business_of_the_action) {
  ASSERT_EQ(exchange("&actor_token=opaque&actor_token_type=urn:partner:agent").status, 200);
  const auto& transaction = event.at("transaction").as_object();
  EXPECT_EQ(json::string_or(transaction, "actor_token"), "opaque");
  EXPECT_FALSE(transaction.contains("actor_token_user"));
}

TEST_F(TokenExchange, an_actor_token_that_is_an_id_token_of_the_tenant_names_its_user) {
  const std::string type = "&actor_token_type=urn:ietf:params:oauth:token-type:id_token&actor_token=";
  const auto first = exchange("&scope=openid&audience=urn:api");
  const std::string id_token = json::string_or(body_of(first), "id_token");
  ASSERT_EQ(exchange(type + id_token).status, 200);
  EXPECT_EQ(json::string_or(event.at("transaction").at("actor_token_user").as_object(), "user_id"),
            "auth0|ada");

  const std::string refused = "400 invalid_request: The actor_token is not a valid ID token of this tenant.";
  EXPECT_EQ(refusal(exchange(type + "x")), refused);
  EXPECT_EQ(refusal(exchange(type + json::string_or(body_of(first), "access_token"))), refused);
  user("auth0|ada").profile["blocked"] = true;
  EXPECT_EQ(refusal(exchange(type + id_token)), refused);
  user("auth0|ada").profile.erase("blocked");
  world.clock.advance(Seconds(36001));
  EXPECT_EQ(refusal(exchange(type + id_token)), refused);
}

}  // namespace
}  // namespace durward::protocols::oauth2
