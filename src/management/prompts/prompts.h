#pragma once
#include "management/support/documents.h"

// How the login pages ask (Auth0 Management API).
namespace durward::management::prompts {

extern const Resource resource;

json::Object new_prompts();

std::vector<Endpoint> rows(const ports::Services& services);

}  // namespace durward::management::prompts
