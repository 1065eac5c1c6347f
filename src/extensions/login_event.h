#pragma once
#include "extensions/post_login.h"

namespace durward::extensions {

// The event of post-login. Pure.
json::Object login_event(const LoginFacts& facts, const Progress& progress, const json::Array& roles);

}  // namespace durward::extensions
