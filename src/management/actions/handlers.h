#pragma once
#include "management/actions/document.h"

namespace durward::management::actions {

using Handled = Async<Reply>;

// drafts.cc
Handled list_actions(const ports::Services& services, Call call);
Handled read_action(const ports::Services& services, Call call);
Handled create_action(const ports::Services& services, Call call);
Handled change_action(const ports::Services& services, Call call);
Handled destroy_action(const ports::Services& services, Call call);
// versions.cc
Handled list_versions(const ports::Services& services, Call call);
Handled read_version(const ports::Services& services, Call call);
Handled deploy(const ports::Services& services, Call call);
Handled deploy_version(const ports::Services& services, Call call);
// bindings.cc
Handled list_triggers(const ports::Services& services, Call call);
Handled list_bindings(const ports::Services& services, Call call);
Handled change_bindings(const ports::Services& services, Call call);
// modules.cc
Handled list_modules(const ports::Services& services, Call call);
Handled read_module(const ports::Services& services, Call call);
Handled create_module(const ports::Services& services, Call call);
Handled change_module(const ports::Services& services, Call call);
Handled destroy_module(const ports::Services& services, Call call);
Handled list_module_actions(const ports::Services& services, Call call);
Handled list_module_versions(const ports::Services& services, Call call);
Handled read_module_version(const ports::Services& services, Call call);
Handled publish_module(const ports::Services& services, Call call);
Handled roll_module_back(const ports::Services& services, Call call);
// runs.cc
Handled test(const ports::Services& services, Call call);
Handled read_execution(const ports::Services& services, Call call);
Handled tail(const ports::Services& services, Call call);

// An action with the version that runs.
Async<json::Object> render_action(const ports::Services& services, domain::TenantId tenant,
                                  json::Object action);
// One page of the documents with a key, newest first.
Async<ports::DocumentPage> newest_first(const ports::Services& services, const Resource& resource,
                                        domain::TenantId tenant, Filter equals, endpoint::Paging paging);
// The bindings that name the action, by the documents they stand in.
Async<std::vector<ports::Document>> bindings_of(const ports::Services& services, domain::TenantId tenant,
                                                std::string action_id);

}  // namespace durward::management::actions
