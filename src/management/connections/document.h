#pragma once
#include "management/support/documents.h"

// The document of a connection: the table of strategies with their defaults, the rules of database options,
// its place in the store. No request is known here.
namespace durward::management::connection {

extern const Resource resource;

// Completes a checked body: id, realms, and the defaults of its strategy. Fails with invalid/"invalid_body".
Result<json::Object> new_connection(json::Object body, Random& random, std::string_view issuer);

// Rules and defaults of `options` for a strategy; `options` is always given whole.
// `issuer`: of the tenant, for the addresses that follow from it.
Result<> complete_options(std::string_view strategy, json::Object& options, std::string_view issuer);

// A patch of `options` replaces it whole: a secret that is not in it again is gone.
void forget_missing_secrets(json::Object& patch);

void enable_client(json::Object& body, std::string_view client_id);
void disable_client(json::Object& body, std::string_view client_id);

}  // namespace durward::management::connection
