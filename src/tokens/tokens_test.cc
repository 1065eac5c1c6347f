#include "tokens/tokens.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "standards/oidc/claims.h"
#include "tokens/claims.h"
#include "tokens/opaque.h"
#include "tokens/testing/world.h"
#include "tokens/verify.h"

namespace durward::tokens {
namespace {

using testing::payload_of;

class Tokens : public ::testing::Test {
 protected:
  testing::World world;
  Issuer issuer{world.services};

  std::shared_ptr<domain::Client> app =
      world.add_client("app", "app-secret", "regular_web", {"authorization_code", "refresh_token"});

  AccessTokenRequest request(std::shared_ptr<const domain::ResourceServer> api,
                             std::vector<std::string> scope) {
    const auto context = world.context();
    return {.tenant = world.tenant_id,
            .issuer = context.issuer,
            .now = context.now,
            .client = app,
            .api = std::move(api),
            .subject = "auth0|ada",
            .scope = std::move(scope)};
  }
  AccessToken issue(AccessTokenRequest r) { return *run_sync(issuer.access_token(std::move(r))); }
  std::string id_token(IdTokenRequest r) { return *run_sync(issuer.id_token(std::move(r))); }
  IdTokenRequest id_request(std::vector<std::string> scope) {
    const auto context = world.context();
    return {.tenant = world.tenant_id,
            .issuer = context.issuer,
            .now = context.now,
            .client = app,
            .user = world.add_user("ada", "ada@example.com"),
            .scope = std::move(scope)};
  }
  json::Object header_of(std::string_view jwt) { return jose::decode_unverified(jwt)->header; }
};

// ---- access tokens by dialect

TEST_F(Tokens, of_rules_reads_and_updates_users_for_a_minute_and_nothing_else) {
  const auto context = world.context();
  const auto token = run_sync(users_token(issuer, world.tenant_id, context.issuer, context.now)).value();
  const auto payload = payload_of(token);
  EXPECT_EQ(json::string_or(payload, "aud"), context.issuer + "api/v2/");
  EXPECT_EQ(json::string_or(payload, "scope"), "read:users update:users");
  EXPECT_EQ(json::integer_or(payload, "exp", 0) - json::integer_or(payload, "iat", 0), 60);
  const auto principal = run_sync(management_authenticator(world.services)(context, token));
  ASSERT_TRUE(principal) << principal.error().message;
  EXPECT_EQ(principal->subject, "auth0-rules@clients");
}

TEST_F(Tokens, the_default_dialect_has_azp_and_gty_and_no_jti) {
  auto r = request(world.add_api("urn:api", {"read"}), {"read"});
  r.gty = gty_password;
  const auto token = issue(r);
  const auto claims = payload_of(token.text);
  EXPECT_EQ(
      json::serialize(claims),
      R"({"iss":"https://acme.test/","sub":"auth0|ada","aud":"urn:api","iat":1700000000,"exp":1700086400,)"
      R"("scope":"read","gty":"password","azp":"app"})");
  EXPECT_EQ(json::serialize(header_of(token.text)), R"({"alg":"RS256","typ":"JWT","kid":"rsa-acme"})");
}

TEST_F(Tokens, the_rfc9068_dialect_has_client_id_and_jti_and_no_gty) {
  auto r = request(world.add_api("urn:api", {"read"}, {{"token_dialect", "rfc9068_profile"}}), {"read"});
  r.gty = gty_password;
  const auto token = issue(r);
  const auto claims = payload_of(token.text);
  EXPECT_EQ(json::string_or(claims, "client_id"), "app");
  EXPECT_EQ(json::string_or(claims, "jti").size(), 22u);
  EXPECT_FALSE(claims.contains("gty") || claims.contains("azp") || claims.contains("permissions"));
  EXPECT_EQ(json::string_or(header_of(token.text), "typ"), "at+jwt");
}

TEST_F(Tokens, authz_dialects_list_permissions_and_rbac_cuts_the_scope) {
  for (const char* dialect : {"access_token_authz", "rfc9068_profile_authz"}) {
    auto api =
        world.add_api("urn:api", {"read", "write"}, {{"token_dialect", dialect}, {"enforce_policies", true}});
    world.state.permissions["auth0|ada"] = {{{"urn:api", "read"}, true, {}},
                                            {{"urn:api", "admin"}, false, {}}};
    const auto token = issue(request(api, {"openid", "read", "write"}));
    const auto claims = payload_of(token.text);
    EXPECT_EQ(json::string_or(claims, "scope"), "openid read") << dialect;
    EXPECT_EQ(json::strings(claims, "permissions"), (std::vector<std::string>{"read", "admin"})) << dialect;
    EXPECT_EQ(token.scope, (std::vector<std::string>{"openid", "read"}));
  }
}

TEST_F(Tokens, rbac_costs_one_read_and_nothing_when_it_is_off) {
  issue(request(world.add_api("urn:api", {"read"}), {"read"}));
  EXPECT_EQ(world.state.reads, 0);
  issue(request(world.add_api("urn:rbac", {"read"}, {{"enforce_policies", true}}), {"read"}));
  EXPECT_EQ(world.state.reads, 1);
}

TEST_F(Tokens, enforced_policies_without_authz_dialect_cut_the_scope_but_list_nothing) {
  auto api = world.add_api("urn:api", {"read"}, {{"enforce_policies", true}});
  const auto claims = payload_of(issue(request(api, {"read"})).text);
  EXPECT_FALSE(claims.contains("scope"));
  EXPECT_FALSE(claims.contains("permissions"));
}

TEST_F(Tokens, a_client_has_its_granted_scopes_as_permissions) {
  auto r = request(world.add_api("urn:api", {"read"},
                                 {{"token_dialect", "access_token_authz"}, {"enforce_policies", true}}),
                   {"read"});
  r.of_user = false;
  EXPECT_EQ(json::strings(payload_of(issue(r).text), "permissions"), std::vector<std::string>{"read"});
  EXPECT_EQ(world.state.reads, 0);
}

// ---- the audience array

TEST_F(Tokens, openid_with_rs256_adds_the_userinfo_audience) {
  const auto claims = payload_of(issue(request(world.add_api("urn:api", {}), {"openid"})).text);
  EXPECT_EQ(json::strings(claims, "aud"),
            (std::vector<std::string>{"urn:api", "https://acme.test/userinfo"}));
}
TEST_F(Tokens, the_audience_is_a_string_without_openid_or_with_another_algorithm_or_for_a_client) {
  auto rs256 = world.add_api("urn:api", {});
  EXPECT_EQ(json::string_or(payload_of(issue(request(rs256, {"profile"})).text), "aud"), "urn:api");
  for (const char* alg : {"ES256", "PS256", "RS512", "HS256"}) {
    auto api = world.add_api("urn:api", {}, {{"signing_alg", alg}}, "a-secret-of-the-api");
    EXPECT_EQ(json::string_or(payload_of(issue(request(api, {"openid"})).text), "aud"), "urn:api") << alg;
  }
  auto r = request(rs256, {"openid"});
  r.of_user = false;
  EXPECT_EQ(json::string_or(payload_of(issue(r).text), "aud"), "urn:api");
}

// ---- algorithms

TEST_F(Tokens, each_algorithm_signs_with_its_key) {
  const std::pair<const char*, const char*> cases[] = {
      {"RS256", "rsa-acme"}, {"RS512", "rsa-acme.RS512"}, {"PS256", "rsa-acme.PS256"}, {"ES256", "ec-acme"}};
  for (const auto& [alg, kid] : cases) {
    const auto token = issue(request(world.add_api("urn:api", {}, {{"signing_alg", alg}}), {}));
    const auto header = header_of(token.text);
    EXPECT_EQ(json::string_or(header, "alg"), alg);
    EXPECT_EQ(json::string_or(header, "kid"), kid);
    EXPECT_TRUE(verify_own_jwt(*world.configuration.key_sets[1], token.text)) << alg;
  }
}
TEST_F(Tokens, hs256_uses_the_secret_of_the_api_and_has_no_kid) {
  auto api = world.add_api("urn:api", {}, {{"signing_alg", "HS256"}}, "a-secret-of-the-api");
  const auto token = issue(request(api, {}));
  EXPECT_FALSE(header_of(token.text).contains("kid"));
  const jose::VerificationKey key{{}, jose::Algorithm::HS256, std::string("a-secret-of-the-api")};
  EXPECT_TRUE(jose::verify_compact(token.text, std::span(&key, 1), {.allowed = {jose::Algorithm::HS256}}));
}
TEST_F(Tokens, a_missing_secret_or_key_is_an_internal_error) {
  auto hs = world.add_api("urn:api", {}, {{"signing_alg", "HS256"}});
  EXPECT_EQ(run_sync(issuer.access_token(request(hs, {}))).error().kind, ErrorKind::internal);
  auto es = world.add_api("urn:es", {}, {{"signing_alg", "ES256"}});
  world.configuration.key_sets.clear();
  EXPECT_EQ(run_sync(issuer.access_token(request(es, {}))).error().kind, ErrorKind::internal);
}
TEST_F(Tokens, front_channel_tokens_live_shorter) {
  auto r = request(world.add_api("urn:api", {}), {});
  r.front_channel = true;
  EXPECT_EQ(issue(r).lifetime, Seconds(7200));
  r.api = nullptr;
  EXPECT_EQ(issue(r).lifetime, Seconds(7200));
}

// ---- ID tokens

TEST_F(Tokens, an_id_token_has_the_profile_its_scopes_release) {
  auto r = id_request({"openid", "email"});
  r.sid = "sid-1";
  r.nonce = "n";
  const auto claims = payload_of(id_token(r));
  EXPECT_EQ(json::string_or(claims, "email"), "ada@example.com");
  EXPECT_FALSE(claims.contains("name"));
  EXPECT_EQ(json::string_or(claims, "aud"), "app");
  EXPECT_EQ(json::string_or(claims, "sub"), "auth0|ada");
  EXPECT_EQ(json::string_or(claims, "sid"), "sid-1");
  EXPECT_EQ(json::string_or(claims, "nonce"), "n");
  EXPECT_EQ(json::integer_or(claims, "exp", 0) - json::integer_or(claims, "iat", 0), 36000);
  EXPECT_FALSE(claims.contains("auth_time") || claims.contains("at_hash") || claims.contains("amr"));
}
TEST_F(Tokens, hashes_bind_code_and_access_token) {
  auto r = id_request({"openid"});
  r.access_token = "token";
  r.code = "code";
  r.state = "state";
  r.auth_time = testing::start;
  const auto claims = payload_of(id_token(r));
  EXPECT_EQ(json::string_or(claims, "at_hash"), oidc::half_hash(jose::Algorithm::RS256, "token"));
  EXPECT_EQ(json::string_or(claims, "c_hash"), oidc::half_hash(jose::Algorithm::RS256, "code"));
  EXPECT_EQ(json::string_or(claims, "s_hash"), oidc::half_hash(jose::Algorithm::RS256, "state"));
  EXPECT_EQ(json::integer_or(claims, "auth_time", 0), 1700000000);
}
TEST_F(Tokens, an_hs256_id_token_is_signed_with_the_client_secret) {
  app->id_token_alg = "HS256";
  const auto token = id_token(id_request({"openid"}));
  const jose::VerificationKey key{{}, jose::Algorithm::HS256, std::string("app-secret")};
  EXPECT_TRUE(jose::verify_compact(token, std::span(&key, 1), {.allowed = {jose::Algorithm::HS256}}));
}
TEST_F(Tokens, further_claims_never_replace_those_of_the_protocol) {
  auto r = id_request({"openid"});
  r.claims = {{"sub", "somebody-else"}, {"org_id", "org_1"}};
  const auto claims = payload_of(id_token(r));
  EXPECT_EQ(json::string_or(claims, "sub"), "auth0|ada");
  EXPECT_EQ(json::string_or(claims, "org_id"), "org_1");
}

// ---- refresh tokens and scopes

TEST_F(Tokens, a_refresh_token_begins_with_v1_and_is_stored_as_a_digest) {
  app->refresh_token = {.rotating = true, .infinite_lifetime = false, .infinite_idle_lifetime = false};
  const auto made = make_refresh_token(world.services, *app, {}, 0, {}, testing::start);
  ASSERT_TRUE(made.text.starts_with("v1."));
  const auto handle = parse_refresh_token(made.text);
  ASSERT_TRUE(handle);
  EXPECT_EQ(handle->id, made.token.id);
  EXPECT_EQ(crypto::sha256(handle->secret), made.token.secret_sha256);
  EXPECT_EQ(made.token.family, made.token.id);
  EXPECT_EQ(made.token.idle_expires_at, testing::start + Seconds(2592000));
  EXPECT_EQ(made.token.expires_at, testing::start + Seconds(31557600));
  EXPECT_FALSE(parse_refresh_token(made.text.substr(3)));
  EXPECT_FALSE(parse_refresh_token("v1.x"));
}
TEST_F(Tokens, scopes_are_granted_as_far_as_api_and_client_allow) {
  auto api = world.add_api("urn:api", {"read", "write"}, {{"allow_offline_access", true}});
  using Words = std::vector<std::string>;
  const Words wanted{"openid", "offline_access", "read", "unknown", "read"};
  EXPECT_EQ(grantable_scopes(wanted, *app, api.get(), nullptr), (Words{"openid", "offline_access", "read"}));
  EXPECT_EQ(grantable_scopes(wanted, *app, nullptr, nullptr), (Words{"openid", "offline_access"}));
  api->allow_offline_access = false;
  EXPECT_EQ(grantable_scopes(wanted, *app, api.get(), nullptr), (Words{"openid", "read"}));
  app->grant_types = {"authorization_code"};
  EXPECT_EQ(grantable_scopes(wanted, *app, nullptr, nullptr), Words{"openid"});
}
TEST_F(Tokens, a_user_policy_asks_for_a_client_grant_or_denies) {
  auto api = world.add_api("urn:api", {"read", "write"});
  using Words = std::vector<std::string>;
  domain::ClientGrant grant;
  grant.scope = {"write"};
  api->user_policy = "require_client_grant";
  EXPECT_EQ(grantable_scopes({"read", "write"}, *app, api.get(), &grant), Words{"write"});
  EXPECT_EQ(grantable_scopes({"read", "write"}, *app, api.get(), nullptr), Words{});
  api->user_policy = "deny_all";
  EXPECT_EQ(grantable_scopes({"read", "write"}, *app, api.get(), &grant), Words{});
}

TEST_F(Tokens, at_the_management_api_a_user_gets_what_concerns_the_own_account_and_no_more) {
  auto api =
      world.add_api("https://acme.test/api/v2/", {"read:users", "read:current_user", "create:clients"});
  api->is_system = true;
  using Words = std::vector<std::string>;
  const Words wanted{"openid", "read:users", "read:current_user", "create:clients"};
  EXPECT_EQ(grantable_scopes(wanted, *app, api.get(), nullptr), (Words{"openid", "read:current_user"}));
  domain::ClientGrant grant;
  grant.allow_all_scopes = true;
  api->user_policy = "require_client_grant";
  EXPECT_EQ(grantable_scopes(wanted, *app, api.get(), &grant), (Words{"openid", "read:current_user"}));
}

// ---- tokens that come back

class Verification : public Tokens {
 protected:
  std::shared_ptr<domain::ResourceServer> api2 = world.add_api("https://acme.test/api/v2/", {"read:users"});
  std::string management_token(endpoint::RequestContext context) {
    auto r = request(api2, {"read:users"});
    r.issuer = context.issuer;
    r.of_user = false;
    r.subject = "app@clients";
    return issue(r).text;
  }
  Result<endpoint::Principal> authenticate(std::string token) {
    return run_sync(management_authenticator(world.services)(world.context(), std::move(token)));
  }
  Result<UserInfoAccess> userinfo(std::string token) {
    return run_sync(verify_for_userinfo(world.services, world.context(), std::move(token)));
  }
  // A management token's claims, changed, under a header of the attacker's choice.
  json::Object claims(json::Object changes = {}) {
    json::Object out{
        {"iss", "https://acme.test/"}, {"sub", "app@clients"}, {"aud", "https://acme.test/api/v2/"},
        {"iat", 1700000000},           {"exp", 1700086400},    {"scope", "read:users"}};
    for (const auto& member : changes) out[member.key()] = member.value();
    return out;
  }
  std::string signed_by(const domain::SigningKey& key, const json::Object& payload) {
    return *jose::sign_compact({{"typ", "JWT"}}, payload,
                               {crypto::SignatureAlgorithm::RS256, key.kid, key.key});
  }
  const domain::SigningKey& own_key() { return world.configuration.key_sets[1]->keys[0]; }
};

TEST_F(Verification, a_management_token_names_its_principal) {
  const auto principal = authenticate(management_token(world.context()));
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->subject, "app@clients");
  EXPECT_EQ(principal->client_id, "app");
  EXPECT_EQ(principal->scopes, std::vector<std::string>{"read:users"});
}
TEST_F(Verification, hand_made_claims_under_the_own_key_are_fine_which_proves_the_refusals_below) {
  EXPECT_TRUE(authenticate(signed_by(own_key(), claims())));
}
TEST_F(Verification, an_unsigned_token_is_refused) {
  const auto none = to_base64url(R"({"alg":"none","kid":"rsa-acme"})") + "." +
                    to_base64url(json::serialize(claims())) + ".";
  EXPECT_EQ(authenticate(none).error().kind, ErrorKind::unauthenticated);
}
TEST_F(Verification, a_public_key_taken_for_an_hmac_secret_is_refused) {
  const auto pem = own_key().key.public_key().to_pem();
  const auto forged =
      jose::sign_compact({{"typ", "JWT"}, {"kid", "rsa-acme"}}, claims(), jose::Algorithm::HS256, pem);
  EXPECT_EQ(authenticate(*forged).error().kind, ErrorKind::unauthenticated);
}
TEST_F(Verification, a_key_of_another_tenant_is_refused_also_under_our_kid) {
  world.add_keys(2);
  auto foreign = world.configuration.key_sets[2]->keys[0];
  EXPECT_FALSE(authenticate(signed_by(foreign, claims())));
  foreign.kid = "rsa-acme";
  EXPECT_FALSE(authenticate(signed_by(foreign, claims())));
}
TEST_F(Verification, expired_foreign_issuer_and_wrong_audience_are_refused) {
  EXPECT_FALSE(authenticate(signed_by(own_key(), claims({{"exp", 1700000000}}))));
  EXPECT_FALSE(authenticate(signed_by(own_key(), claims({{"iss", "https://evil.test/"}}))));
  EXPECT_FALSE(authenticate(signed_by(own_key(), claims({{"aud", "https://acme.test/userinfo"}}))));
  EXPECT_FALSE(authenticate(signed_by(own_key(), claims({{"aud", "https://other.test/api/v2/"}}))));
}
TEST_F(Verification, a_revoked_key_and_a_token_without_kid_are_refused) {
  EXPECT_FALSE(authenticate(signed_by({.kid = "", .kty = "RSA", .key = own_key().key}, claims())));
  auto keys = *world.configuration.key_sets[1];
  keys.keys[0].revoked_at = testing::start;
  const auto token = signed_by(own_key(), claims());
  world.configuration.key_sets[1] = std::make_shared<const domain::KeySet>(keys);
  EXPECT_FALSE(authenticate(token));
}
TEST_F(Verification, a_kid_stands_for_one_algorithm) {
  const auto as = [&](crypto::SignatureAlgorithm alg, std::string kid) {
    return *jose::sign_compact({{"typ", "JWT"}}, claims(), {alg, std::move(kid), own_key().key});
  };
  EXPECT_TRUE(authenticate(as(crypto::SignatureAlgorithm::PS256, "rsa-acme.PS256")));
  EXPECT_FALSE(authenticate(as(crypto::SignatureAlgorithm::PS256, "rsa-acme")));
  EXPECT_FALSE(authenticate(as(crypto::SignatureAlgorithm::RS256, "rsa-acme.PS256")));
  EXPECT_FALSE(authenticate(as(crypto::SignatureAlgorithm::RS384, "rsa-acme.RS384")));
}
TEST_F(Verification, a_changed_payload_and_garbage_are_refused) {
  auto token = signed_by(own_key(), claims());
  const auto other = signed_by(own_key(), claims({{"scope", "delete:users"}}));
  const auto dot = token.find('.'), other_dot = other.find('.');
  const auto mixed = token.substr(0, dot) + other.substr(other_dot, other.rfind('.') - other_dot) +
                     token.substr(token.rfind('.'));
  EXPECT_FALSE(authenticate(mixed));
  for (const char* text : {"", ".", "..", "a.b.c", "....", "eyJ.eyJ.x"})
    EXPECT_FALSE(authenticate(text)) << text;
}

TEST_F(Verification, userinfo_takes_a_jwt_with_its_audience_only) {
  auto api = world.add_api("urn:api", {});
  const auto access = userinfo(issue(request(api, {"openid", "email"})).text);
  ASSERT_TRUE(access);
  EXPECT_EQ(access->user_id, "auth0|ada");
  EXPECT_EQ(access->client_id, "app");
  EXPECT_EQ(access->scope, (std::vector<std::string>{"openid", "email"}));
  EXPECT_FALSE(userinfo(issue(request(api, {"email"})).text));
  EXPECT_FALSE(userinfo(management_token(world.context())));
}
TEST_F(Verification, an_id_token_is_no_access_token) {
  EXPECT_FALSE(userinfo(id_token(id_request({"openid"}))));
}
TEST_F(Verification, an_opaque_token_works_without_a_read) {
  const auto token = issue(request(nullptr, {"openid", "profile"})).text;
  EXPECT_TRUE(token.starts_with("eyJ"));
  const auto access = userinfo(token);
  ASSERT_TRUE(access);
  EXPECT_EQ(access->user_id, "auth0|ada");
  EXPECT_EQ(access->scope, (std::vector<std::string>{"openid", "profile"}));
  EXPECT_EQ(world.state.reads, 0);
}
TEST_F(Verification, an_opaque_token_brings_the_claims_of_its_id_token_unless_they_are_many) {
  auto r = request(nullptr, {"openid"});
  r.id_claims = {{"https://acme.test/plan", "gold"}};
  EXPECT_EQ(userinfo(issue(r).text)->claims, r.id_claims);
  r.id_claims["https://acme.test/much"] = std::string(5000, 'x');
  const auto without = userinfo(issue(r).text);
  ASSERT_TRUE(without);
  EXPECT_TRUE(without->claims.empty());
}
TEST_F(Verification, an_opaque_token_without_openid_is_forbidden) {
  EXPECT_EQ(userinfo(issue(request(nullptr, {"profile"})).text).error().code, "insufficient_scope");
}
TEST_F(Verification, an_opaque_token_ends_to_the_second) {
  const auto token = issue(request(nullptr, {"openid"})).text;
  world.clock.advance(Seconds(86400) - Milliseconds(1));
  EXPECT_TRUE(userinfo(token));
  world.clock.advance(Milliseconds(1));
  EXPECT_FALSE(userinfo(token));
}
TEST_F(Verification, an_opaque_token_of_a_revoked_grant_is_refused) {
  auto r = request(nullptr, {"openid"});
  r.grant_id = 9;
  const auto token = issue(r).text;
  EXPECT_TRUE(userinfo(token));
  world.state.revoked_grants[9] = true;
  EXPECT_EQ(userinfo(token).error().code, "invalid_token");
}
TEST_F(Verification, an_opaque_token_does_not_open_for_another_tenant_or_when_touched) {
  auto token = issue(request(nullptr, {"openid"})).text;
  EXPECT_FALSE(run_sync(verify_for_userinfo(world.services, world.context(2), token)));
  auto touched = token;
  touched[touched.size() - 4] = touched[touched.size() - 4] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(userinfo(touched));
  EXPECT_FALSE(userinfo("eyJ....."));
  EXPECT_FALSE(userinfo(std::string(20000, '.')));
}

}  // namespace
}  // namespace durward::tokens
