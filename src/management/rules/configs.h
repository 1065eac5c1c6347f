#pragma once
#include "management/support/documents.h"

// What rules read as `configuration`: keys are shown, values never again.
namespace durward::management::rules {

std::vector<Endpoint> config_rows(const ports::Services& services);

}  // namespace durward::management::rules
