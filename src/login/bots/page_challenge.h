#pragma once
#include "login/bots/bot_guard.h"
#include "login/visit.h"

// What the pages call: one line where a page is shown, one where its form arrives, one where it was wrong.
namespace durward::login {

// Puts a challenge on the page when this visitor needs one. A store of settings that is away asks nothing:
// the page itself says so.
Task<> offer_challenge(Visit& visit, GuardedForm form);

// Nothing when the form may go on, else what the page says. When a challenge is needed a fresh one is on the
// page either way, for it may be shown again.
Task<std::optional<Text>> meet_challenge(Visit& visit, GuardedForm form);

// A wrong password: counts, and looks again whether the page that says so carries a challenge.
Task<> count_failure(Visit& visit, GuardedForm form);

}  // namespace durward::login
