#include "domain/script.h"

namespace durward::domain {

const std::vector<BoundScript>& TenantScripts::bound_to(std::string_view trigger) const {
  static const std::vector<BoundScript> none;
  const auto found = triggers.find(trigger);
  return found == triggers.end() ? none : found->second;
}

}  // namespace durward::domain
