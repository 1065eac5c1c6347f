#include "login/bots/challenge.h"

#include <algorithm>
#include <bit>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/hash.h"

namespace durward::login {
namespace {

constexpr size_t seed_digits = 32, counter_digits = 8, answer_max = 100;

std::string associated(domain::TenantId tenant, std::string_view scope) {
  return "bot challenge " + std::to_string(tenant.value) + " " + std::string(scope);
}

int leading_zero_bits(std::string_view digest) {
  int out = 0;
  for (const char c : digest) {
    const int zeros = std::countl_zero(uint8_t(c));
    out += zeros;
    if (zeros < 8) break;
  }
  return out;
}

bool is_proof(const Challenge& challenge, std::string_view counter) {
  const bool digits =
      counter.size() == counter_digits && counter.find_first_not_of("0123456789abcdef") == counter.npos;
  return digits && leading_zero_bits(crypto::sha256(challenge.seed + std::string(counter))) >= challenge.bits;
}

bool is_answer(const Challenge& challenge, std::string_view answer) {
  const std::string given = to_lower(trim(answer.substr(0, answer_max)));
  return std::ranges::find(challenge.answers, given) != challenge.answers.end();
}

}  // namespace

std::string_view flaw_text(Flaw flaw) {
  switch (flaw) {
    case Flaw::missing:
      return "The challenge was not answered.";
    case Flaw::foreign:
      return "The challenge was made for another form, browser or tenant.";
    case Flaw::expired:
      return "The challenge had expired.";
    case Flaw::early:
      return "The challenge was answered too fast.";
    case Flaw::wrong:
      return "The answer to the challenge was wrong.";
    case Flaw::replayed:
      return "The challenge had been answered before.";
    case Flaw::exhausted:
      return "Too many questions were answered from this address.";
    case Flaw::provider:
      return "The captcha provider refused the answer.";
    case Flaw::unavailable:
      return "The answer to the challenge could not be checked.";
  }
  return {};
}

Challenge make_proof(Random& random, int bits, TimePoint now) {
  return {.kind = ChallengeKind::proof, .seed = random.hex(seed_digits), .bits = bits, .made_at = now};
}

Challenge make_written(Random& random, std::vector<std::string> answers, TimePoint now) {
  return {.kind = ChallengeKind::written,
          .seed = random.hex(seed_digits),
          .answers = std::move(answers),
          .made_at = now};
}

std::string seal_challenge(ports::Vault& vault, domain::TenantId tenant, std::string_view scope,
                           const Challenge& challenge) {
  json::Object out{{"s", challenge.seed}, {"t", to_unix_ms(challenge.made_at)}};
  if (challenge.kind == ChallengeKind::proof)
    out["b"] = challenge.bits;
  else
    out["a"] = json::array_of(challenge.answers);
  return vault.seal_local(associated(tenant, scope), json::serialize(out));
}

std::expected<Challenge, Flaw> open_challenge(ports::Vault& vault, domain::TenantId tenant,
                                              std::string_view scope, std::string_view token, TimePoint now) {
  const auto text = vault.open_local(associated(tenant, scope), token);
  const auto object = text ? json::parse_object(*text) : Result<json::Object>(std::unexpected(text.error()));
  if (!object) return std::unexpected(Flaw::foreign);
  Challenge out{.seed = json::string_or(*object, "s"),
                .bits = int(json::integer_or(*object, "b", 0)),
                .answers = json::strings(*object, "a"),
                .made_at = from_unix_ms(json::integer_or(*object, "t", 0))};
  if (!out.answers.empty()) out.kind = ChallengeKind::written;
  if (now >= out.made_at + challenge_life) return std::unexpected(Flaw::expired);
  return out;
}

std::expected<void, Flaw> check_answer(const Challenge& challenge, std::string_view answer, TimePoint now) {
  if (trim(answer).empty()) return std::unexpected(Flaw::missing);
  if (challenge.kind == ChallengeKind::proof)
    return is_proof(challenge, answer) ? std::expected<void, Flaw>() : std::unexpected(Flaw::wrong);
  if (now < challenge.made_at + written_wait) return std::unexpected(Flaw::early);
  return is_answer(challenge, answer) ? std::expected<void, Flaw>() : std::unexpected(Flaw::wrong);
}

std::string solve_proof(std::string_view seed, int bits) {
  Challenge challenge{.seed = std::string(seed), .bits = bits};
  for (uint32_t n = 0;; ++n) {
    std::string counter(counter_digits, '0');
    for (size_t i = 0; i < counter_digits; ++i)
      counter[counter_digits - 1 - i] = "0123456789abcdef"[n >> (4 * i) & 15];
    if (is_proof(challenge, counter)) return counter;
  }
}

}  // namespace durward::login
