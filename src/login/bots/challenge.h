#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "ports/vault.h"

// A challenge is a sealed token: the server remembers nothing until it is answered. It opens for the tenant,
// form and browser it was made for and nowhere else.
namespace durward::login {

enum class ChallengeKind {
  proof,    // the answer is 8 hex digits c so that SHA-256(seed c) begins with so many zero bits
  written,  // the answer is one of `answers`: a question, or the text of a picture
};

struct Challenge {
  ChallengeKind kind = ChallengeKind::proof;
  std::string seed;                  // 32 hex digits; also its name once it is spent
  int bits = 0;                      // of a proof
  std::vector<std::string> answers;  // of a written one, in lower case
  TimePoint made_at;
};

// Longer than a person needs for a form, shorter than a stock of solved ones is worth keeping.
inline constexpr Seconds challenge_life{1800};
// Nobody reads a question, answers it and types a password faster.
inline constexpr Seconds written_wait{3};

// Why an answer does not count. Each has its sentence for the log (flaw_text).
enum class Flaw { missing, foreign, expired, early, wrong, replayed, exhausted, provider, unavailable };
std::string_view flaw_text(Flaw flaw);

Challenge make_proof(Random& random, int bits, TimePoint now);
Challenge make_written(Random& random, std::vector<std::string> answers, TimePoint now);

// `scope` names form and browser: a token opens under the scope it was sealed under only.
std::string seal_challenge(ports::Vault& vault, domain::TenantId tenant, std::string_view scope,
                           const Challenge& challenge);
std::expected<Challenge, Flaw> open_challenge(ports::Vault& vault, domain::TenantId tenant,
                                              std::string_view scope, std::string_view token, TimePoint now);

// Whether the answer is right, by one hash or one comparison. Not whether it was given before.
std::expected<void, Flaw> check_answer(const Challenge& challenge, std::string_view answer, TimePoint now);

// For tests, benchmarks and programs: tries 0, 1, 2 ... until one fits.
std::string solve_proof(std::string_view seed, int bits);

}  // namespace durward::login
