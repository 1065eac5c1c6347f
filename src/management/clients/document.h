#pragma once
#include "management/support/documents.h"

// The document of a client: its defaults, its rules, its place in the store. No request is known here.
namespace durward::management::clients {

extern const Resource resource;

// Completes a checked body: client_id, client_secret and the defaults of its app_type.
json::Object new_client(json::Object body, Random& random);
std::string new_client_secret(Random& random);

// Members that are never absent, also after a nested object was replaced.
void complete(json::Object& body);
// Rules between members and inside URLs. invalid/"invalid_body".
Result<> check(const json::Object& body);

}  // namespace durward::management::clients
