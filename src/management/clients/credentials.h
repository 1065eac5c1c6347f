#pragma once
#include "management/support/documents.h"

// Public keys and certificates that a client authenticates with. They live in its document, in
// "_credentials"; what uses one names its id.
namespace durward::management::clients {

std::vector<Endpoint> credential_rows(const ports::Services& services);

// A stored credential of a checked body. invalid/"invalid_body" for a key or certificate that is none.
Result<json::Object> new_credential(json::Object body, TimePoint now, Random& random);

// Turns credentials that are given in full inside client_authentication_methods, signed_request_object and
// token_vault_privileged_access into stored ones and leaves their ids behind.
Result<> adopt_credentials(json::Object& client, TimePoint now, Random& random);
// The reply to a creation shows them in full again.
void expand_credentials(json::Object& shown, const json::Object& stored);

}  // namespace durward::management::clients
