#include "domain/trigger.h"

#include <algorithm>

namespace durward::domain {
namespace {

constexpr Trigger all[] = {
    {"post-login", "v3", "onExecutePostLogin", "onContinuePostLogin"},
    {"credentials-exchange", "v2", "onExecuteCredentialsExchange"},
    {"pre-user-registration", "v2", "onExecutePreUserRegistration"},
    {"post-user-registration", "v2", "onExecutePostUserRegistration"},
    {"post-change-password", "v2", "onExecutePostChangePassword"},
    {"send-phone-message", "v2", "onExecuteSendPhoneMessage"},
    {"custom-phone-provider", "v1", "onExecuteCustomPhoneProvider", "", true, true},
    {"custom-email-provider", "v1", "onExecuteCustomEmailProvider", "", true, true},
    {"password-reset-post-challenge", "v1", "onExecutePostChallenge", "onContinuePostChallenge"},
    {"custom-token-exchange", "v1", "onExecuteCustomTokenExchange", "", true},
    {"event-stream", "v1", "onExecuteEventStream", "", true},
    {"password-hash-migration", "v1", "onExecutePasswordHashMigration"},
};

}  // namespace

std::span<const Trigger> triggers() { return all; }

const Trigger* find_trigger(std::string_view id) {
  const auto found = std::ranges::find(all, id, &Trigger::id);
  return found == std::end(all) ? nullptr : found;
}

}  // namespace durward::domain
