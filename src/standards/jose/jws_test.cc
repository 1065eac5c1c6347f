#include "standards/jose/jws.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "standards/jose/jwk.h"

namespace durward::jose {
namespace {

using enum Algorithm;
using crypto::SignatureAlgorithm;

json::Object object(std::string_view text) { return json::parse_object(text).value(); }

// RFC 7515 appendix A: one payload, three keys.
const std::string rfc_payload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

VerificationKey rfc_jwk(std::string_view text) { return {.material = parse_jwk(object(text))->key}; }

const crypto::PrivateKey& rsa() {
  static const auto key = crypto::PrivateKey::generate_rsa().value();
  return key;
}
const crypto::PrivateKey& ec() {
  static const auto key = crypto::PrivateKey::generate_ec_p256().value();
  return key;
}

std::string refusal(std::string_view token, const VerificationKey& key, std::vector<Algorithm> allowed) {
  const auto result = verify_compact(token, std::span(&key, 1), {.allowed = std::move(allowed)});
  if (result) return "";
  EXPECT_EQ(result.error().code, "invalid_token");
  return result.error().message;
}

const VerificationKey rsa_key{.kid = "k1", .material = rsa().public_key()};
const SigningKeyRef rsa_signing{SignatureAlgorithm::RS256, "k1", rsa()};

// A token of our key with any header text, so that each rule meets a well-signed violation.
std::string rsa_token(std::string_view header, std::string_view payload = R"({"sub":"u"})") {
  const std::string input = to_base64url(header) + "." + to_base64url(payload);
  return input + "." + to_base64url(rsa().sign(SignatureAlgorithm::RS256, input).value());
}

TEST(jws, verifies_rfc_7515_a_1) {
  const std::string token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + rfc_payload +
                            ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const VerificationKey key{
      .material = *from_base64url(
          "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")};
  EXPECT_EQ(refusal(token, key, {HS256}), "");
}

TEST(jws, verifies_rfc_7515_a_2) {
  const auto key = rfc_jwk(
      R"({"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"})");
  const std::string token =
      "eyJhbGciOiJSUzI1NiJ9." + rfc_payload +
      ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
      "O8W2Fp5jujGbds9uJdbF9CU"
      "Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_"
      "eSN9383LcOLn6_dO-"
      "-xi12jzDwusC-"
      "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_I"
      "oypGlUPQGe77Rw";
  EXPECT_EQ(refusal(token, key, {RS256}), "");
}

TEST(jws, verifies_rfc_7515_a_3) {
  const auto key = rfc_jwk(
      R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})");
  const std::string token =
      "eyJhbGciOiJFUzI1NiJ9." + rfc_payload +
      ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
  EXPECT_EQ(refusal(token, key, {ES256}), "");
}

TEST(jws, verifies_rfc_8037_a_4) {
  const auto key =
      parse_jwk(object(R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})"));
  EXPECT_TRUE(key->key.verify(
      SignatureAlgorithm::EdDSA, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
      *from_base64url("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7s"
                      "VvpAr_MuM0KAg")));
}

TEST(jws, what_was_signed_verifies_with_its_header_and_claims) {
  const auto token = sign_compact({{"typ", "at+jwt"}}, {{"sub", "user"}}, rsa_signing).value();
  const auto jwt = verify_compact(token, std::span(&rsa_key, 1), {.allowed = {RS256}}).value();
  EXPECT_EQ(jwt.alg, RS256);
  EXPECT_EQ(jwt.kid, "k1");
  EXPECT_EQ(json::string(jwt.header, "typ"), "at+jwt");
  EXPECT_EQ(json::string(jwt.payload, "sub"), "user");
}

TEST(jws, a_signer_writes_the_same_token_as_sign_compact) {
  const json::Object payload = {{"sub", "user"}};
  const auto token = Signer(rsa_signing).sign(payload).value();
  EXPECT_EQ(token, sign_compact({{"alg", "RS256"}, {"typ", "JWT"}}, payload, rsa_signing).value());
  EXPECT_EQ(from_base64url(token.substr(0, token.find('.'))), R"({"alg":"RS256","typ":"JWT","kid":"k1"})");
}

TEST(jws, hmac_tokens_verify_with_their_secret_only) {
  for (auto alg : {HS256, HS384, HS512}) {
    const auto token = sign_compact({{"typ", "JWT"}}, {{"sub", "u"}}, alg, "secret").value();
    EXPECT_EQ(refusal(token, {.material = "secret"}, {alg}), "");
    EXPECT_NE(refusal(token, {.material = "Secret"}, {alg}), "");
    EXPECT_NE(refusal(token, {.material = ""}, {alg}), "");
  }
  EXPECT_EQ(sign_compact({}, {}, HS256, "").error().code, "invalid_algorithm");
  EXPECT_EQ(sign_compact({}, {}, RS256, "secret").error().code, "invalid_algorithm");
}

TEST(jws, a_key_that_does_not_fit_signs_nothing) {
  const SigningKeyRef key{SignatureAlgorithm::ES256, "k", rsa()};
  EXPECT_EQ(sign_compact({}, {}, key).error().code, "invalid_algorithm");
  EXPECT_EQ(Signer(key).sign({}).error().code, "invalid_algorithm");
}

TEST(jws, every_changed_character_is_refused) {
  const SigningKeyRef signing{SignatureAlgorithm::ES256, "", ec()};
  const VerificationKey key{.material = ec().public_key()};
  const auto token = Signer(signing).sign({{"sub", "user"}}).value();
  ASSERT_EQ(refusal(token, key, {ES256}), "");
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(refusal(changed, key, {ES256}), "") << i;
  }
}

TEST(jws, none_is_refused_in_every_spelling) {
  for (std::string_view alg : {"none", "None", "NONE", "nOnE", ""}) {
    const std::string input =
        to_base64url("{\"alg\":\"" + std::string(alg) + "\"}") + "." + to_base64url(R"({"sub":"u"})");
    EXPECT_EQ(refusal(input + ".", rsa_key, {RS256}), "The algorithm of the token is not supported") << alg;
    EXPECT_FALSE(parse_algorithm(alg));
  }
}

TEST(jws, a_public_key_is_never_an_hmac_secret) {
  for (const auto& secret : {rsa().public_key().to_pem(), rsa().public_key().to_der()}) {
    const auto token = sign_compact({{"kid", "k1"}}, {{"sub", "u"}}, HS256, secret).value();
    EXPECT_EQ(refusal(token, rsa_key, {RS256}), "The algorithm of the token is not allowed");
    EXPECT_EQ(refusal(token, rsa_key, {RS256, HS256}), "The signature of the token is not valid");
  }
}

TEST(jws, a_secret_never_verifies_an_asymmetric_token) {
  const auto token = Signer(rsa_signing).sign({{"sub", "u"}}).value();
  EXPECT_NE(refusal(token, {.material = rsa().public_key().to_pem()}, {RS256, HS256}), "");
}

TEST(jws, only_allowed_algorithms_verify) {
  const auto token = Signer(rsa_signing).sign({{"sub", "u"}}).value();
  EXPECT_EQ(refusal(token, rsa_key, {}), "The algorithm of the token is not allowed");
  EXPECT_EQ(refusal(token, rsa_key, {PS256, ES256}), "The algorithm of the token is not allowed");
  auto bound = rsa_key;
  bound.alg = PS256;
  EXPECT_EQ(refusal(token, bound, {RS256, PS256}), "The signature of the token is not valid");
}

TEST(jws, unknown_extensions_are_refused) {
  EXPECT_EQ(refusal(rsa_token(R"({"alg":"RS256"})"), rsa_key, {RS256}), "");
  for (auto header : {R"({"alg":"RS256","crit":["x"],"x":1})", R"({"alg":"RS256","crit":[]})",
                      R"({"alg":"RS256","crit":["b64"],"b64":false})", R"({"alg":"RS256","b64":false})"})
    EXPECT_EQ(refusal(rsa_token(header), rsa_key, {RS256}),
              "The token uses an extension that is not supported");
}

TEST(jws, malformed_headers_are_refused) {
  for (auto header : {R"([])", R"("x")", R"({)", R"({"alg":7})", R"({})", R"({"alg":"RS256","kid":7})",
                      R"({"alg":"RS256","typ":null})", R"({"alg":"RS256","alg":"RS256"})"})
    EXPECT_NE(refusal(rsa_token(header), rsa_key, {RS256}), "") << header;
}

TEST(jws, payloads_that_are_no_objects_or_repeat_members_are_refused) {
  for (auto payload : {R"([])", R"(7)", R"()", R"({"sub":"a","sub":"b"})", "{\"sub\":\"\xff\"}"})
    EXPECT_NE(refusal(rsa_token(R"({"alg":"RS256"})", payload), rsa_key, {RS256}), "") << payload;
}

TEST(jws, other_encodings_of_the_same_bytes_are_refused) {
  const auto token = rsa_token(R"({"alg":"RS256"})");
  const auto last = token.substr(token.rfind('.') + 1);
  ASSERT_EQ(last.size() % 4, 2u);  // 256 bytes leave four unused bits
  EXPECT_NE(refusal(token + "==", rsa_key, {RS256}), "");
  EXPECT_NE(refusal(token + "\n", rsa_key, {RS256}), "");
  EXPECT_NE(refusal(" " + token, rsa_key, {RS256}), "");
  std::string stray = token;
  stray.back() = char(stray.back() + 1);  // the unused bits are not zero
  EXPECT_NE(refusal(stray, rsa_key, {RS256}), "");
}

TEST(jws, tokens_with_other_than_three_parts_are_refused) {
  const auto token = rsa_token(R"({"alg":"RS256"})");
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), token + ".", token + ".a.b",
        token.substr(0, token.rfind('.')), token.substr(0, token.rfind('.') + 1)})
    EXPECT_NE(refusal(bad, rsa_key, {RS256}), "") << bad;
}

TEST(jws, oversized_tokens_are_refused) {
  const auto token = Signer(rsa_signing).sign({{"x", std::string(token_size_max, 'x')}}).value();
  EXPECT_EQ(refusal(token, rsa_key, {RS256}), "The token is too large");
}

TEST(jws, a_key_of_another_name_is_not_tried) {
  const auto token = Signer(rsa_signing).sign({{"sub", "u"}}).value();
  auto other = rsa_key;
  other.kid = "k2";
  EXPECT_NE(refusal(token, other, {RS256}), "");
  other.kid = "";
  EXPECT_EQ(refusal(token, other, {RS256}), "");
}

TEST(jws, the_right_key_is_found_among_several) {
  const std::vector<VerificationKey> keys = {{.material = ec().public_key()},
                                             {.material = crypto::PrivateKey::generate_rsa()->public_key()},
                                             {.material = rsa().public_key()}};
  const auto token = Signer(rsa_signing).sign({{"sub", "u"}}).value();
  EXPECT_TRUE(verify_compact(token, keys, {.allowed = {RS256}}));
}

TEST(jws, a_resolver_sees_the_token_and_its_error_is_passed_on) {
  const auto token = Signer(rsa_signing).sign({{"iss", "client"}}).value();
  const KeyResolver good = [](const UnverifiedJwt& jwt) -> Result<VerificationKey> {
    EXPECT_EQ(json::string(jwt.payload, "iss"), "client");
    EXPECT_EQ(jwt.kid, "k1");
    return rsa_key;
  };
  EXPECT_TRUE(verify_compact(token, good, {.allowed = {RS256}}));
  const KeyResolver bad = [](const UnverifiedJwt&) -> Result<VerificationKey> {
    return fail(ErrorKind::unauthenticated, "invalid_client", "Unknown client");
  };
  EXPECT_EQ(verify_compact(token, bad, {.allowed = {RS256}}).error().code, "invalid_client");
  const KeyResolver wrong = [](const UnverifiedJwt&) -> Result<VerificationKey> {
    return VerificationKey{.material = ec().public_key()};
  };
  EXPECT_EQ(verify_compact(token, wrong, {.allowed = {RS256}}).error().code, "invalid_token");
}

TEST(jws, refusals_never_repeat_the_token) {
  const auto token = rsa_token(R"({"alg":"hunter2"})", R"({"secret":"hunter2"})");
  const auto error = verify_compact(token, std::span(&rsa_key, 1), {.allowed = {RS256}}).error();
  EXPECT_FALSE((error.message + error.debug).contains("hunter2"));
}

// ---- claims

const TimePoint now = from_unix_seconds(1'800'000'000);

std::string claim_refusal(std::string_view payload, const ClaimRules& rules, std::string_view header = "{}") {
  const auto result = check_claims({object(header), object(payload), RS256, ""}, rules);
  return result ? "" : result.error().message;
}

TEST(jwt_claims, a_token_is_expired_from_the_second_of_exp) {
  EXPECT_EQ(claim_refusal(R"({"exp":1800000001})", {.now = now}), "");
  EXPECT_EQ(claim_refusal(R"({"exp":1800000000})", {.now = now}), "The token is expired");
  EXPECT_EQ(claim_refusal(R"({"exp":1799999999})", {.now = now, .leeway = Seconds(2)}), "");
  EXPECT_EQ(claim_refusal(R"({"exp":1})", {.now = now, .check_exp = false}), "");
  EXPECT_EQ(claim_refusal(R"({})", {.now = now}), "The token has no expiry");
  EXPECT_EQ(claim_refusal(R"({})", {.now = now, .require_exp = false}), "");
}

TEST(jwt_claims, a_token_of_the_future_is_refused) {
  const ClaimRules rules{.now = now, .require_exp = false};
  EXPECT_EQ(claim_refusal(R"({"nbf":1800000000,"iat":1800000000})", rules), "");
  EXPECT_EQ(claim_refusal(R"({"nbf":1800000001})", rules), "The token is not valid yet");
  EXPECT_EQ(claim_refusal(R"({"iat":1800000001})", rules), "The token was issued in the future");
}

TEST(jwt_claims, a_token_may_be_too_old) {
  const ClaimRules rules{.now = now, .require_exp = false, .age_max = Seconds(60)};
  EXPECT_EQ(claim_refusal(R"({"iat":1799999940})", rules), "");
  EXPECT_EQ(claim_refusal(R"({"iat":1799999939})", rules), "The token is too old");
  EXPECT_EQ(claim_refusal(R"({})", rules), "The token has no time of issue");
}

TEST(jwt_claims, times_must_be_numbers_of_this_age) {
  const ClaimRules rules{.now = now};
  EXPECT_EQ(claim_refusal(R"({"exp":1800000000.5})", rules), "");
  for (auto payload : {R"({"exp":"1900000000"})", R"({"exp":null})", R"({"exp":1e300})", R"({"exp":true})",
                       R"({"exp":18446744073709551615})"})
    EXPECT_EQ(claim_refusal(payload, rules), "The claim 'exp' of the token is not a time") << payload;
}

TEST(jwt_claims, issuer_audience_and_type_must_be_the_expected) {
  const ClaimRules rules{
      .now = now, .issuer = "https://a/", .audiences = {"x", "y"}, .typ = "at+jwt", .require_exp = false};
  const std::string_view header = R"({"typ":"application/AT+jwt"})";
  EXPECT_EQ(claim_refusal(R"({"iss":"https://a/","aud":"y"})", rules, header), "");
  EXPECT_EQ(claim_refusal(R"({"iss":"https://a/","aud":["z","x"]})", rules, header), "");
  EXPECT_EQ(claim_refusal(R"({"iss":"https://a","aud":"x"})", rules, header),
            "The token is from another issuer");
  EXPECT_EQ(claim_refusal(R"({"aud":"x"})", rules, header), "The token is from another issuer");
  for (auto payload : {R"({"iss":"https://a/","aud":"z"})", R"({"iss":"https://a/","aud":[]})",
                       R"({"iss":"https://a/","aud":[7]})", R"({"iss":"https://a/"})"})
    EXPECT_EQ(claim_refusal(payload, rules, header), "The token is for another audience") << payload;
  EXPECT_EQ(claim_refusal(R"({"iss":"https://a/","aud":"x"})", rules, R"({"typ":"JWT"})"),
            "The token is of another type");
  EXPECT_EQ(claim_refusal(R"({"iss":"https://a/","aud":"x"})", rules), "The token is of another type");
}

}  // namespace
}  // namespace durward::jose
