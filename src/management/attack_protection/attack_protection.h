#pragma once
#include "management/support/documents.h"

// /attack-protection: how a tenant defends its sign-in. One settings document each; one that was never
// changed is not stored and answers as domain/attack_protection.h says.
namespace durward::management::attack_protection {

std::vector<Endpoint> rows(const ports::Services& services);
extern const Resource resource;

}  // namespace durward::management::attack_protection
