#pragma once
#include <vector>

#include "endpoint/endpoint.h"
#include "http/router.h"
#include "http/shared_key.h"
#include "ports/hasher.h"
#include "ports/scripts.h"
#include "ports/short_cache.h"
#include "server/health.h"

namespace durward::server {

// What the internal listener answers: health for everybody who reaches it, the rest for callers that have the
// fleet's key. The public listener knows none of its rows.
class InternalFace {
 public:
  // `rows` get a context without a tenant. A row tagged "operations" needs no key. With `seen` a signature
  // counts once in the fleet, without it, or while it is away, once in this process. Everything outlives it.
  InternalFace(std::vector<endpoint::Endpoint> rows, http::SharedKeys keys, const Clock& clock,
               ports::ShortCache* seen = nullptr);

  // Thread-safe; never throws. 401 without a valid key, 404 and 405 for what is no row; errors are
  // {"error","error_description"}.
  Task<http::Response> handle(http::Request request);

 private:
  Async<> check(const endpoint::Endpoint& row, const http::Request& request);
  const std::vector<endpoint::Endpoint> rows_;
  http::Router router_;
  http::SharedKeyChecker checker_;
  const Clock& clock_;
  ports::ShortCache* seen_;
};

// The hashing role's rows on the internal listener.
std::vector<endpoint::Endpoint> hashing_rows(ports::Hasher& hasher);
// The extensions role's.
std::vector<endpoint::Endpoint> extension_rows(ports::Scripts& scripts, ports::ModuleBuilder& modules);

}  // namespace durward::server
