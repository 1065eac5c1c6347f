#include "domain/entitlements.h"

namespace durward::domain {

Entitlements Entitlements::from_json(json::Object document) {
  Entitlements out;
  if (json::string_or(document, "password_scheme") == "argon2id")
    out.password_scheme = PasswordScheme::argon2id;
  out.document = std::move(document);
  return out;
}

}  // namespace durward::domain
