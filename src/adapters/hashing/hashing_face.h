#pragma once
#include "http/message.h"
#include "ports/hasher.h"

namespace durward::adapters {

// The hashing role: answers a request to hash_path or verify_path (hashing_wire.h) with `hasher`, which
// outlives it. Who asks was checked before. Wipes the request's body.
Task<http::Response> serve_hash(ports::Hasher& hasher, http::Request request);
Task<http::Response> serve_verify(ports::Hasher& hasher, http::Request request);

}  // namespace durward::adapters
