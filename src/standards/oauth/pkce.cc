#include "standards/oauth/pkce.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "standards/oauth/errors.h"

namespace durward::oauth {

namespace {

constexpr size_t verifier_min = 43, verifier_max = 128, s256_size = 43;

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

std::optional<ChallengeMethod> parse_method(std::string_view text) {
  if (text.empty() || text == "plain") return ChallengeMethod::plain;  // RFC 7636 §4.3: the default
  if (text == "S256") return ChallengeMethod::S256;
  return {};
}

}  // namespace

std::string_view to_string(ChallengeMethod method) {
  return method == ChallengeMethod::plain ? "plain" : "S256";
}

bool is_code_verifier(std::string_view text) {
  // RFC 7636 §4.1.
  return text.size() >= verifier_min && text.size() <= verifier_max &&
         std::ranges::all_of(text, is_unreserved);
}

std::string s256_challenge(std::string_view verifier) { return to_base64url(crypto::sha256(verifier)); }

Result<std::optional<CodeChallenge>> parse_challenge(std::string_view challenge, std::string_view method) {
  if (challenge.empty()) {
    if (method.empty()) return std::nullopt;
    return refuse("invalid_request", "Missing required parameter: code_challenge");
  }
  const auto parsed = parse_method(method);
  // RFC 7636 §4.4.1.
  if (!parsed)
    return refuse("invalid_request", "Parameter 'code_challenge_method' must be 'S256' or 'plain'");
  // RFC 7636 §4.2: the same characters and length as a verifier; a SHA-256 has 43.
  if (!is_code_verifier(challenge) || (*parsed == ChallengeMethod::S256 && challenge.size() != s256_size))
    return refuse("invalid_request", "Parameter 'code_challenge' is malformed");
  return CodeChallenge{*parsed, std::string(challenge)};
}

Result<> verify_challenge(const std::optional<CodeChallenge>& challenge, std::string_view verifier) {
  if (!challenge) {
    if (verifier.empty()) return {};
    // RFC 9700 §4.8.2: a verifier without a challenge is the mark of a downgrade.
    return refuse("invalid_request", "The authorization request had no code_challenge");
  }
  // RFC 9700 §2.1.1: once a challenge was sent, the verifier is compulsory.
  if (verifier.empty()) return refuse("invalid_request", "Missing required parameter: code_verifier");
  if (!is_code_verifier(verifier)) return refuse("invalid_request", "Parameter 'code_verifier' is malformed");
  const std::string expected =
      challenge->method == ChallengeMethod::S256 ? s256_challenge(verifier) : std::string(verifier);
  // RFC 7636 §4.6.
  if (!crypto::equal_constant_time(expected, challenge->value))
    return refuse("invalid_grant", "Failed to verify code verifier");
  return {};
}

}  // namespace durward::oauth
