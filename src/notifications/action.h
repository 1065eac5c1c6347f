#pragma once
#include "notifications/attempt.h"

// The tenant's own code behind the provider "custom": the triggers custom-email-provider and
// custom-phone-provider.
namespace durward::notifications {

// Runs the tenant's deployed action of the trigger. `notification` is event.notification, `tenant` the name.
// It is sent when the action returns; dropped and asked again as its command says; failed when it throws;
// postponed when no action is deployed or nothing can be run now. Error: of what the event is made of.
Async<Attempt> run_action(const ports::Services& services, domain::TenantId tenant, std::string trigger,
                          std::string tenant_name, domain::NotificationFacts about,
                          json::Object notification);

}  // namespace durward::notifications
