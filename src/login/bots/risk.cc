#include "login/bots/risk.h"

#include "base/encoding.h"

namespace durward::login {
namespace {

// Of the rows of one signal the first that fits counts.
struct Row {
  std::string_view name;
  int64_t Signals::* signal;
  int64_t at_least;
  int points;
};
constexpr Row rows[] = {
    {"failures of the address", &Signals::address_failures, 50, 4},
    {"failures of the address", &Signals::address_failures, 10, 2},
    {"failures of the address", &Signals::address_failures, 3, 1},
    {"sign-ups of the address", &Signals::address_sign_ups, 20, 4},
    {"sign-ups of the address", &Signals::address_sign_ups, 5, 2},
    {"failures of the tenant", &Signals::tenant_failures, 1000, 3},
    {"failures of the tenant", &Signals::tenant_failures, 200, 2},
    {"no User-Agent", &Signals::no_user_agent, 1, 2},
    {"User-Agent of a tool", &Signals::tool_user_agent, 1, 2},
    {"no Accept-Language", &Signals::no_accept_language, 1, 1},
};

constexpr std::string_view tools[] = {"curl/",  "wget/", "python-", "go-http-client", "java/", "libwww-perl",
                                      "scrapy", "httpx", "aiohttp", "okhttp",         "guzzle"};

// The score from which each level asks, in the order of BotDetectionLevel: low, medium, high.
constexpr int asks_from[] = {6, 4, 2};

struct Step {
  int from_score, bits;
};
constexpr Step difficulties[] = {{6, 20}, {4, 18}, {0, 16}};

}  // namespace

Assessment assess(const Signals& signals) {
  Assessment out;
  for (const Row& row : rows) {
    const bool counted = !out.reasons.empty() && out.reasons.back() == row.name;
    if (counted || signals.*row.signal < row.at_least) continue;
    out.score += row.points;
    out.reasons.push_back(row.name);
  }
  return out;
}

bool is_tool(std::string_view user_agent) {
  const std::string lower = to_lower(user_agent);
  for (const std::string_view tool : tools)
    if (lower.starts_with(tool)) return true;
  return false;
}

bool wants_challenge(domain::ChallengePolicy policy, domain::BotDetectionLevel level,
                     const Assessment& assessment) {
  if (policy == domain::ChallengePolicy::when_risky) return assessment.score >= asks_from[size_t(level)];
  return policy == domain::ChallengePolicy::always;
}

int difficulty_for(const Assessment& assessment) {
  for (const Step& step : difficulties)
    if (assessment.score >= step.from_score) return step.bits;
  return difficulties[0].bits;
}

std::string_view confidence_of(const Assessment& assessment) {
  if (assessment.score >= asks_from[size_t(domain::BotDetectionLevel::medium)]) return "low";
  return assessment.score >= asks_from[size_t(domain::BotDetectionLevel::high)] ? "medium" : "high";
}

}  // namespace durward::login
