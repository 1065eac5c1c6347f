#pragma once
#include "management/actions/document.h"

// Code that several actions share: require("actions:NAME"). An action names a published version of a module.
namespace durward::management::actions {

// `given` as an action names modules (by id or name, a version by id or number, without one the latest),
// complete:
// [{module_id, module_name, module_version_id, module_version_number}]. invalid/"invalid_body" for one that
// is not there.
Async<json::Array> resolve_modules(const ports::Services& services, domain::TenantId tenant,
                                   json::Array given);
// JavaScript that adds them to the exports of a text of npm modules.
Async<std::string> action_modules_text(const ports::Services& services, domain::TenantId tenant,
                                       json::Array modules);
// Their secrets in the clear.
Async<json::Object> action_modules_secrets(const ports::Services& services, domain::TenantId tenant,
                                           json::Array modules);

}  // namespace durward::management::actions
