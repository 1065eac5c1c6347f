#include "standards/oidc/claims.h"

#include <gtest/gtest.h>

namespace durward::oidc {
namespace {

const json::Object profile = json::parse_object(R"({
  "sub":"auth0|1","user_id":"auth0|1","name":"Ada","nickname":"ada","picture":"https://p/","middle_name":null,
  "email":"ada@example.com","email_verified":true,"phone_number":"+1","phone_number_verified":false,
  "address":{"country":"GB"},"updated_at":"2026-01-31T09:30:00.000Z","app_metadata":{"plan":"gold"}})")
                                 .value();

TEST(claims, each_scope_releases_its_claims_and_no_others) {
  EXPECT_EQ(json::serialize(claims_for({"openid"}, profile)), R"({"sub":"auth0|1"})");
  EXPECT_EQ(json::serialize(claims_for({"email"}, profile)),
            R"({"email":"ada@example.com","email_verified":true})");
  EXPECT_EQ(json::serialize(claims_for({"phone"}, profile)),
            R"({"phone_number":"+1","phone_number_verified":false})");
  EXPECT_EQ(json::serialize(claims_for({"address"}, profile)), R"({"address":{"country":"GB"}})");
  EXPECT_EQ(
      json::serialize(claims_for({"profile"}, profile)),
      R"({"nickname":"ada","name":"Ada","picture":"https://p/","updated_at":"2026-01-31T09:30:00.000Z"})");
  EXPECT_TRUE(claims_for({"offline_access", "read:all"}, profile).empty());
}

TEST(claims, metadata_and_ids_are_never_released) {
  const auto all = claims_for({"openid", "profile", "email", "phone", "address"}, profile);
  EXPECT_FALSE(all.contains("app_metadata"));
  EXPECT_FALSE(all.contains("user_id"));
}

TEST(half_hash, matches_the_examples_of_openid_connect_core_appendix_a) {
  EXPECT_EQ(half_hash(jose::Algorithm::RS256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
            "77QmUPtjPfzWtF2AnpK9RQ");
  EXPECT_EQ(half_hash(jose::Algorithm::RS256, "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"),
            "LDktKdoQak3Pk0cnXxCltA");
  EXPECT_EQ(half_hash(jose::Algorithm::ES384, "x").size(), 32u);
  EXPECT_EQ(half_hash(jose::Algorithm::HS512, "x").size(), 43u);
}

jose::VerifiedJwt hint(std::string_view payload) { return {.payload = json::parse_object(payload).value()}; }
const TimePoint now = from_unix_seconds(1'800'000'000);

TEST(id_token_hint, an_expired_one_is_still_a_hint) {
  const auto read = read_id_token_hint(hint(R"({"iss":"https://a/","sub":"u","aud":"c","sid":"s","exp":1})"),
                                       "https://a/", now);
  EXPECT_EQ(read->subject, "u");
  EXPECT_EQ(read->session_id, "s");
  EXPECT_EQ(read->audiences, std::vector<std::string>{"c"});
}

TEST(id_token_hint, other_issuers_and_other_tokens_are_refused) {
  for (auto payload :
       {R"({"iss":"https://b/","sub":"u","aud":"c","exp":1})", R"({"sub":"u","aud":"c","exp":1})",
        R"({"iss":"https://a/","aud":"c","exp":1})", R"({"iss":"https://a/","sub":"u","exp":1})",
        R"({"iss":"https://a/","sub":"u","aud":"c"})"})
    EXPECT_EQ(read_id_token_hint(hint(payload), "https://a/", now).error().code, "invalid_request")
        << payload;
}

TEST(custom_claims, names_of_the_server_are_restricted) {
  for (auto name :
       {"iss", "sub", "exp", "acr", "x5t#S256", "org_id", "permissions", "scope", "internalService"})
    EXPECT_EQ(classify_custom_claim(name), CustomClaim::restricted) << name;
}

TEST(custom_claims, platform_namespaces_are_dropped) {
  for (auto name :
       {"https://auth0.com/role", "https://x.AUTH0.com/role", "http://webtask.io",
        "https://a.webtask.run:1/x", "urn:auth0:role", "https://u@auth0.com/x", "https://auth0.com./x"})
    EXPECT_EQ(classify_custom_claim(name), CustomClaim::dropped) << name;
}

TEST(custom_claims, other_names_are_allowed_and_profile_names_are_marked) {
  for (auto name : {"https://example.com/role", "https://notauth0.com/role",
                    "https://auth0.com.example.com/x", "plan", "urn:auth0x"})
    EXPECT_EQ(classify_custom_claim(name), CustomClaim::allowed) << name;
  EXPECT_EQ(classify_custom_claim("email"), CustomClaim::standard);
  EXPECT_EQ(classify_custom_claim("nickname"), CustomClaim::standard);
}

}  // namespace
}  // namespace durward::oidc
