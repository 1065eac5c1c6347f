#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

// Proof Key for Code Exchange (RFC 7636).
namespace durward::oauth {

enum class ChallengeMethod { plain, S256 };
std::string_view to_string(ChallengeMethod method);

struct CodeChallenge {
  ChallengeMethod method = ChallengeMethod::S256;
  std::string value;
};

bool is_code_verifier(std::string_view text);  // 43..128 unreserved characters
std::string s256_challenge(std::string_view verifier);

// The authorization request's parameters; empty text means absent. Nothing when both are absent. Errors:
// invalid_request.
Result<std::optional<CodeChallenge>> parse_challenge(std::string_view challenge, std::string_view method);

// The token request's side: `challenge` is what the code was bound to. Errors: invalid_request for a missing,
// malformed or unexpected verifier, invalid_grant for a wrong one; the comparison takes constant time.
Result<> verify_challenge(const std::optional<CodeChallenge>& challenge, std::string_view verifier);

}  // namespace durward::oauth
