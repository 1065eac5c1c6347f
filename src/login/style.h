#pragma once
#include <string>

#include "domain/tenant.h"

namespace durward::login {

// The one style sheet of all pages with the tenant's colours. Safe to put into a style element: colours are
// checked, nothing else of the tenant gets in.
std::string style_sheet(const domain::Branding& branding);

}  // namespace durward::login
