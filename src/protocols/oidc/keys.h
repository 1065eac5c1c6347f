#pragma once
#include <vector>

#include "domain/signing_key.h"
#include "endpoint/endpoint.h"
#include "protocols/parts.h"

namespace durward::protocols::oidc {

// GET /.well-known/jwks.json (RFC 7517 §5) and the signing certificate in the forms of /pem, /cer, /rawpem,
// /pb7 and /fingerprint.
std::vector<endpoint::Endpoint> key_rows(Parts parts);

// Current, next and previous keys in this order, without revoked ones; behind them the same keys for their
// further algorithms (tokens/key_algorithms.h).
json::Object jwks_document(const domain::KeySet& keys);

}  // namespace durward::protocols::oidc
