#include "domain/attack_protection.h"

namespace durward::domain {

AttackProtection AttackProtection::from_documents(std::map<std::string, json::Object> documents) {
  return {std::move(documents)};
}

}  // namespace durward::domain
