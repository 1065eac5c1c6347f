#pragma once
#include "management/support/documents.h"

// Customers' code: drafts, versions, bindings, modules, executions (Auth0 Management API).
namespace durward::management::actions {

std::vector<Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::actions
