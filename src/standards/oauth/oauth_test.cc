#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "standards/jose/jws.h"
#include "standards/oauth/client_authentication.h"
#include "standards/oauth/errors.h"
#include "standards/oauth/pkce.h"
#include "standards/oauth/response_types.h"
#include "standards/oauth/scope.h"

namespace durward::oauth {
namespace {

// ---- errors

TEST(oauth_errors, words_have_their_status_and_kind) {
  EXPECT_EQ(error_status("invalid_grant"), 403);
  EXPECT_EQ(error_status("invalid_client"), 401);
  EXPECT_EQ(error_status("too_many_attempts"), 429);
  EXPECT_EQ(error_status("of_a_script"), 400);
  EXPECT_EQ(error_status("of_a_script", 403), 403);
  const Error error = refuse("invalid_grant", "Invalid authorization code").error();
  EXPECT_EQ(error.kind, ErrorKind::forbidden);
  EXPECT_EQ(error.code, "invalid_grant");
  EXPECT_EQ(error.message, "Invalid authorization code");
  EXPECT_EQ(refuse("method_not_allowed", "").error().kind, ErrorKind::invalid);
  EXPECT_EQ(refuse("temporarily_unavailable", "").error().kind, ErrorKind::unavailable);
}

// ---- scopes

TEST(scope, parsing_keeps_the_order_and_drops_repetition) {
  const auto scopes = ScopeSet::parse("openid  profile openid email ").value();
  EXPECT_EQ(scopes.join(), "openid profile email");
  EXPECT_TRUE(ScopeSet::parse("")->empty());
  EXPECT_TRUE(scopes.contains("email"));
  EXPECT_FALSE(scopes.contains("Email"));
}

TEST(scope, set_operations) {
  const ScopeSet asked{"openid", "read:a", "write:a"}, granted{"write:a", "openid"};
  EXPECT_EQ(asked.intersect(granted).join(), "openid write:a");
  EXPECT_EQ(asked.without(granted).join(), "read:a");
  EXPECT_EQ(granted.unite(asked).join(), "write:a openid read:a");
  EXPECT_TRUE(granted.is_subset_of(asked));
  EXPECT_FALSE(asked.is_subset_of(granted));
  EXPECT_EQ((ScopeSet{"a", "b"}), (ScopeSet{"b", "a"}));
  ScopeSet changed = asked;
  EXPECT_FALSE(changed.add("openid"));
  changed.remove("openid");
  EXPECT_EQ(changed.join(), "read:a write:a");
}

TEST(scope, characters_outside_the_grammar_are_refused) {
  for (std::string_view bad : {"a\"b", "a\\b", "a\tb", "a\nb", "\xc3\xa9", "a\x7f"})
    EXPECT_EQ(ScopeSet::parse(bad).error().code, "invalid_scope") << bad;
}

TEST(scope, too_many_and_too_long_words_are_refused) {
  std::string many;
  for (size_t i = 0; i <= scope_count_max; ++i) many += "s" + std::to_string(i) + " ";
  EXPECT_EQ(ScopeSet::parse(many).error().code, "invalid_scope");
  EXPECT_EQ(ScopeSet::parse(std::string(scope_length_max + 1, 's')).error().code, "invalid_scope");
}

// ---- PKCE

const std::string verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const std::string challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

TEST(pkce, s256_matches_rfc_7636_appendix_b) {
  EXPECT_EQ(s256_challenge(verifier), challenge);
  EXPECT_TRUE(verify_challenge(parse_challenge(challenge, "S256").value(), verifier));
}

TEST(pkce, plain_is_the_default_method) {
  const auto parsed = parse_challenge(verifier, "").value();
  EXPECT_EQ(parsed->method, ChallengeMethod::plain);
  EXPECT_TRUE(verify_challenge(parsed, verifier));
}

TEST(pkce, a_wrong_verifier_is_an_invalid_grant) {
  EXPECT_EQ(
      verify_challenge(CodeChallenge{ChallengeMethod::S256, challenge}, std::string(43, 'a')).error().code,
      "invalid_grant");
  EXPECT_EQ(
      verify_challenge(CodeChallenge{ChallengeMethod::plain, verifier}, std::string(43, 'a')).error().code,
      "invalid_grant");
  // The challenge itself is no verifier of an S256 challenge.
  EXPECT_EQ(verify_challenge(CodeChallenge{ChallengeMethod::S256, challenge}, challenge).error().code,
            "invalid_grant");
}

TEST(pkce, verifiers_have_43_to_128_unreserved_characters) {
  EXPECT_FALSE(is_code_verifier(std::string(42, 'a')));
  EXPECT_TRUE(is_code_verifier(std::string(43, '~')));
  EXPECT_TRUE(is_code_verifier(std::string(128, '.')));
  EXPECT_FALSE(is_code_verifier(std::string(129, 'a')));
  EXPECT_FALSE(is_code_verifier(std::string(42, 'a') + "+"));
  EXPECT_EQ(verify_challenge(CodeChallenge{ChallengeMethod::plain, verifier}, "short").error().code,
            "invalid_request");
}

TEST(pkce, a_missing_verifier_and_an_unexpected_one_are_refused) {
  EXPECT_EQ(verify_challenge(CodeChallenge{ChallengeMethod::S256, challenge}, "").error().message,
            "Missing required parameter: code_verifier");
  EXPECT_EQ(verify_challenge(std::nullopt, verifier).error().code, "invalid_request");
  EXPECT_TRUE(verify_challenge(std::nullopt, ""));
}

TEST(pkce, malformed_challenges_are_refused) {
  EXPECT_EQ(parse_challenge("", "").value(), std::nullopt);
  for (const auto& [value, method] :
       std::vector<std::pair<std::string, std::string>>{{"", "S256"},
                                                        {challenge, "s256"},
                                                        {challenge, "S512"},
                                                        {"short", "S256"},
                                                        {challenge + "a", "S256"},
                                                        {std::string(43, '!'), "plain"}})
    EXPECT_EQ(parse_challenge(value, method).error().code, "invalid_request") << value << " " << method;
}

// ---- response types and modes

TEST(response_type, words_come_in_any_order) {
  const auto type = parse_response_type("id_token code").value();
  EXPECT_TRUE(type.code && type.id_token && !type.token);
  EXPECT_TRUE(type.is_hybrid());
  EXPECT_EQ(to_string(type), "code id_token");
  EXPECT_EQ(to_string(parse_response_type("token id_token code").value()), "code token id_token");
}

TEST(response_type, unknown_repeated_and_missing_words_are_refused) {
  EXPECT_EQ(parse_response_type("").error().code, "invalid_request");
  for (auto bad : {"none", "code code", "code  token", "code ", "Code", "code,token"})
    EXPECT_EQ(parse_response_type(bad).error().code, "unsupported_response_type") << bad;
}

TEST(response_mode, defaults_follow_the_type) {
  EXPECT_EQ(parse_response_mode("", {.code = true}).value(), ResponseMode::query);
  EXPECT_EQ(parse_response_mode("", {.token = true}).value(), ResponseMode::fragment);
  EXPECT_EQ(parse_response_mode("", {.code = true, .id_token = true}).value(), ResponseMode::fragment);
  EXPECT_EQ(parse_response_mode("form_post", {.code = true}).value(), ResponseMode::form_post);
  EXPECT_EQ(parse_response_mode("web_message", {.token = true}).value(), ResponseMode::web_message);
  EXPECT_EQ(parse_response_mode("fragment", {.code = true}).value(), ResponseMode::fragment);
}

TEST(response_mode, query_never_carries_tokens) {
  for (const ResponseType& type : {ResponseType{.token = true}, ResponseType{.id_token = true},
                                   ResponseType{.code = true, .id_token = true}})
    EXPECT_EQ(parse_response_mode("query", type).error().code, "invalid_request");
  EXPECT_EQ(parse_response_mode("Query", {.code = true}).error().code, "invalid_request");
}

// ---- client authentication

std::string basic(std::string_view text) { return "Basic " + to_base64(text); }

TEST(client_authentication, basic_halves_are_percent_decoded) {
  const auto client = parse_client_authentication({.authorization = basic("my%3Aid:s%2Fe+c%25ret")}).value();
  EXPECT_EQ(client.method, ClientAuthenticationMethod::client_secret_basic);
  EXPECT_EQ(client.client_id, "my:id");
  EXPECT_EQ(client.secret, "s/e c%ret");
}

TEST(client_authentication, an_undecodable_half_is_taken_as_it_stands) {
  const auto client = parse_client_authentication({.authorization = basic("id:50%off")}).value();
  EXPECT_EQ(client.secret, "50%off");
}

TEST(client_authentication, the_scheme_has_no_case_and_other_schemes_are_not_read) {
  EXPECT_EQ(parse_client_authentication({.authorization = "bAsIc " + to_base64("id:s")})->client_id, "id");
  const auto client = parse_client_authentication({.authorization = "Bearer abc", .client_id = "id"}).value();
  EXPECT_EQ(client.method, ClientAuthenticationMethod::none);
}

TEST(client_authentication, the_body_carries_id_and_secret) {
  const auto client = parse_client_authentication({.client_id = "id", .client_secret = "s"}).value();
  EXPECT_EQ(client.method, ClientAuthenticationMethod::client_secret_post);
  EXPECT_EQ(client.secret, "s");
  EXPECT_EQ(parse_client_authentication({.client_id = "id"})->method, ClientAuthenticationMethod::none);
}

TEST(client_authentication, basic_with_an_empty_secret_proves_nothing) {
  const auto client = parse_client_authentication({.authorization = basic("id:")}).value();
  EXPECT_EQ(client.method, ClientAuthenticationMethod::none);
  EXPECT_EQ(client.client_id, "id");
}

TEST(client_authentication, the_same_client_id_twice_is_fine_and_two_different_are_not) {
  EXPECT_TRUE(parse_client_authentication({.authorization = basic("id:s"), .client_id = "id"}));
  EXPECT_EQ(parse_client_authentication({.authorization = basic("id:s"), .client_id = "other"}).error().code,
            "invalid_request");
}

TEST(client_authentication, two_methods_at_once_are_refused) {
  const std::string header = basic("id:s");
  for (const auto& input : {ClientAuthenticationInput{.authorization = header, .client_secret = "s"},
                            ClientAuthenticationInput{.authorization = header,
                                                      .client_assertion_type = jwt_bearer_assertion,
                                                      .client_assertion = "a.b.c"},
                            ClientAuthenticationInput{.client_id = "id",
                                                      .client_secret = "s",
                                                      .client_assertion_type = jwt_bearer_assertion,
                                                      .client_assertion = "a.b.c"}})
    EXPECT_EQ(parse_client_authentication(input).error().message,
              "More than one client authentication method was used");
}

TEST(client_authentication, a_missing_client_id_is_refused) {
  EXPECT_EQ(parse_client_authentication({}).error().message, "Missing required parameter: client_id");
  EXPECT_EQ(parse_client_authentication({.client_secret = "s"}).error().code, "invalid_request");
}

TEST(client_authentication, unreadable_basic_credentials_are_refused) {
  for (const std::string& header :
       {std::string("Basic "), std::string("Basic !!!"), basic("no colon"), basic(":s"), basic("id:a\nb"),
        basic("i%00d:s"), "Basic " + std::string(9000, 'A')})
    EXPECT_EQ(parse_client_authentication({.authorization = header}).error().code, "invalid_client")
        << header;
}

TEST(client_authentication, an_assertion_names_its_client) {
  const auto assertion = jose::sign_compact({}, {{"sub", "id"}}, jose::Algorithm::HS256, "k").value();
  ClientAuthenticationInput input{.client_assertion_type = jwt_bearer_assertion,
                                  .client_assertion = assertion};
  const auto client = parse_client_authentication(input).value();
  EXPECT_EQ(client.method, ClientAuthenticationMethod::private_key_jwt);
  EXPECT_EQ(client.client_id, "id");
  EXPECT_EQ(client.assertion, assertion);
  input.client_id = "other";
  EXPECT_EQ(parse_client_authentication(input).error().code, "invalid_request");
}

TEST(client_authentication, incomplete_or_malformed_assertions_are_refused) {
  const auto nameless = jose::sign_compact({}, {{"iss", "id"}}, jose::Algorithm::HS256, "k").value();
  for (const auto& input :
       {ClientAuthenticationInput{.client_assertion_type = jwt_bearer_assertion},
        ClientAuthenticationInput{.client_assertion = nameless},
        ClientAuthenticationInput{.client_assertion_type = "urn:other", .client_assertion = nameless},
        ClientAuthenticationInput{.client_assertion_type = jwt_bearer_assertion,
                                  .client_assertion = nameless},
        ClientAuthenticationInput{.client_assertion_type = jwt_bearer_assertion, .client_assertion = "abc"}})
    EXPECT_EQ(parse_client_authentication(input).error().code, "invalid_request");
}

}  // namespace
}  // namespace durward::oauth
