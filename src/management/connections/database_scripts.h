#pragma once
#include "management/support/documents.h"

// Custom database scripts in the options of a connection and the configuration they read.
namespace durward::management::connection {

// The body with options.configuration sealed where it stands; text that was sealed before, as the API shows
// it, stays. invalid/"invalid_body" for a script with a syntax error and for text that another tenant sealed.
Async<json::Object> prepare_scripts(const ports::Services& services, domain::TenantId tenant,
                                    json::Object body);

}  // namespace durward::management::connection
