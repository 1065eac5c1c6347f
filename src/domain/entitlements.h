#pragma once
#include "base/json.h"

namespace durward::domain {

enum class PasswordScheme { bcrypt, argon2id };

// What the installation grants a tenant; its operator decides, the tenant's own administrators cannot.
struct Entitlements {
  PasswordScheme password_scheme = PasswordScheme::bcrypt;
  json::Object document;  // as the operator's API shows it

  static Entitlements from_json(json::Object document);
};

}  // namespace durward::domain
