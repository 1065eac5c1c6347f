#include "standards/jose/jwk.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace durward::jose {
namespace {

json::Object object(std::string_view text) { return json::parse_object(text).value(); }

const json::Object rfc7638_key = object(
    R"({"kty":"RSA","e":"AQAB","alg":"RS256","kid":"2011-04-29","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"})");

TEST(jwk, thumbprints_match_rfc_7638_and_rfc_8037) {
  EXPECT_EQ(thumbprint(parse_jwk(rfc7638_key)->key), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  const auto ed =
      object(R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})");
  EXPECT_EQ(thumbprint(parse_jwk(ed)->key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST(jwk, keys_survive_the_way_out_and_in) {
  for (const auto& key :
       {crypto::PrivateKey::generate_rsa().value(), crypto::PrivateKey::generate_ec_p256().value(),
        crypto::PrivateKey::generate_ed25519().value()}) {
    const auto jwk = to_jwk(key.public_key(), {.kid = "k1"});
    const auto again = parse_jwk(jwk).value();
    EXPECT_EQ(again.key.to_der(), key.public_key().to_der());
    EXPECT_EQ(again.kid, "k1");
    EXPECT_EQ(again.use, "sig");
    EXPECT_FALSE(jwk.contains("d"));
  }
}

TEST(jwk, a_certificate_adds_x5t_and_x5c) {
  const auto key = crypto::PrivateKey::generate_ec_p256().value();
  const auto jwk =
      to_jwk(key.public_key(),
             {.kid = "k", .alg = crypto::SignatureAlgorithm::ES256, .certificate_der = "der bytes"});
  EXPECT_EQ(json::string(jwk, "x5t"), to_base64url(crypto::sha1("der bytes")));
  EXPECT_EQ(json::strings(jwk, "x5c"), std::vector<std::string>{to_base64("der bytes")});
  EXPECT_EQ(json::string(jwk, "alg"), "ES256");
}

TEST(jwk, private_and_symmetric_keys_are_refused) {
  auto jwk = rfc7638_key;
  jwk["d"] = "AQAB";
  EXPECT_EQ(parse_jwk(jwk).error().code, "invalid_jwk");
  EXPECT_EQ(parse_jwk(object(R"({"kty":"oct","k":"AQAB"})")).error().code, "invalid_jwk");
}

TEST(jwk, malformed_keys_are_refused) {
  for (auto text :
       {R"({})", R"({"kty":"RSA"})", R"({"kty":"RSA","n":"","e":"AQAB"})",
        R"({"kty":"RSA","n":"AQAB","e":"AQAB"})", R"({"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"})",
        R"({"kty":"EC","crv":"P-192","x":"AQAB","y":"AQAB"})",
        R"({"kty":"EC","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
        R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUR=="})",
        R"({"kty":7})"})
    EXPECT_EQ(parse_jwk(object(text)).error().code, "invalid_jwk") << text;
}

TEST(jwk, an_algorithm_that_does_not_fit_the_key_is_refused) {
  for (auto alg : {"ES256", "HS256", "none", "RSA-OAEP"}) {
    auto jwk = rfc7638_key;
    jwk["alg"] = alg;
    EXPECT_EQ(parse_jwk(jwk).error().code, "invalid_jwk") << alg;
  }
}

TEST(jwk, a_set_skips_what_it_does_not_understand) {
  json::Object set;
  set["keys"] =
      json::Array{json::Value(rfc7638_key), json::Value(object(R"({"kty":"future"})")), json::Value(7)};
  EXPECT_EQ(parse_jwks(set).value().size(), 1u);
  EXPECT_EQ(parse_jwks({}).error().code, "invalid_jwk");
  json::Array many;
  for (int i = 0; i < 101; ++i) many.emplace_back(json::Object());
  set["keys"] = many;
  EXPECT_EQ(parse_jwks(set).error().code, "invalid_jwk");
}

}  // namespace
}  // namespace durward::jose
