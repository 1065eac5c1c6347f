#pragma once
#include "management/actions/document.h"

// How a draft becomes what runs.
namespace durward::management::actions {

// `built` unless the code cannot be deployed: invalid with the reason, or unavailable when nobody could build
// it.
Result<std::string> deployable(Result<std::string> built);

// A new version of the draft that runs from now on, as the API shows it. The code is built, declared modules
// are fetched, all of it is frozen in one commit with the record of `call`. Errors: invalid for code or
// modules that cannot be used, unavailable when there is nobody to build it.
Async<json::Object> deploy_draft(const ports::Services& services, Call call, std::string action_id);

// The same with the content of an earlier version; `update_draft`: and the draft becomes that too.
Async<json::Object> deploy_again(const ports::Services& services, Call call, std::string action_id,
                                 std::string version_id, bool update_draft);

// What a draft would run with: the text of its npm modules and action modules.
Async<std::string> modules_text(const ports::Services& services, domain::TenantId tenant,
                                json::Object action);
// Its secrets and those of its action modules, in the clear.
Async<json::Object> draft_secrets(const ports::Services& services, domain::TenantId tenant,
                                  json::Object action);

}  // namespace durward::management::actions
