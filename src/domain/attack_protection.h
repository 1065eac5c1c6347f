#pragma once
#include <map>
#include <string>

#include "base/json.h"

namespace durward::domain {

// How a tenant defends its sign-in: the settings documents of /attack-protection, those that were never
// changed with their defaults.
struct AttackProtection {
  std::map<std::string, json::Object> documents;  // by name: "brute-force-protection" ...

  static AttackProtection from_documents(std::map<std::string, json::Object> documents);
};

}  // namespace durward::domain
