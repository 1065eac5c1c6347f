#pragma once
#include "extensions/credentials_exchange.h"
#include "extensions/registration.h"

// Hooks: the contracts before Actions, one enabled hook a trigger. They run where no action is bound.
namespace durward::extensions {

Async<ProgramVerdict> credentials_exchange_hook(const ports::Services& services, ProgramFacts facts,
                                                ProgramVerdict verdict);
Async<RegistrationVerdict> pre_user_registration_hook(const ports::Services& services,
                                                      RegistrationFacts facts, RegistrationVerdict verdict);
// post-user-registration and post-change-password: what they answer changes nothing.
Task<void> notify_hook(const ports::Services& services, domain::TenantId tenant, std::string trigger,
                       json::Object user, json::Object context);

}  // namespace durward::extensions
