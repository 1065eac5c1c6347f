#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "domain/attack_protection.h"

// How likely an attempt comes from a program that tries many: a table of signals, each with points. Pure.
namespace durward::login {

// What is known of one attempt. Counts are of the last minutes and fade (see the counters of bot_guard.cc).
struct Signals {
  int64_t address_failures = 0;  // wrong passwords and wrong answers to challenges of this address
  int64_t address_sign_ups = 0;  // of this address; for sign-up forms
  int64_t tenant_failures = 0;   // of the whole tenant: a spread attack
  // Of a page's request, which browsers send with more than a program does:
  int64_t no_user_agent = 0, tool_user_agent = 0, no_accept_language = 0;
};

struct Assessment {
  int score = 0;
  std::vector<std::string_view> reasons;  // names of signals that counted
};
Assessment assess(const Signals& signals);

// "curl/8.1", "python-requests/2": programs that say what they are.
bool is_tool(std::string_view user_agent);

// Whether the policy wants a challenge at this score. A higher level asks earlier.
bool wants_challenge(domain::ChallengePolicy policy, domain::BotDetectionLevel level,
                     const Assessment& assessment);
// Leading zero bits that a proof of work needs: 2^bits hashes on average.
int difficulty_for(const Assessment& assessment);
std::string_view confidence_of(
    const Assessment& assessment);  // that a person is there: "high", "medium", "low"

}  // namespace durward::login
