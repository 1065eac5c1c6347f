#pragma once
#include "management/actions/document.h"

// Triggers of which a tenant has one action, chosen by a provider that is called "custom".
namespace durward::management::actions {

// Refuses a second action of such a trigger: conflict/"action_of_trigger_exists". Who loses a race learns it
// from the commit (action_resource.taken).
Async<> check_only(const ports::Services& services, domain::TenantId tenant, std::string trigger,
                   std::string action_id);
// Whether the tenant's mail or phone provider runs this action.
Async<bool> is_provider(const ports::Services& services, domain::TenantId tenant, json::Object action);

}  // namespace durward::management::actions
