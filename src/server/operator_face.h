#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/memory/memory_limiter.h"
#include "base/random.h"
#include "endpoint/endpoint.h"
#include "http/router.h"
#include "server/options.h"
#include "server/slots.h"

namespace durward::server {

// The keys that open the operator's API; what is kept of them is their SHA-256.
class OperatorKeys {
 public:
  // One to four, separated by commas or new lines: several while they are exchanged. Error: invalid /
  // bad_operator_key, which never shows the text.
  static Result<OperatorKeys> parse(std::string_view text);
  // What to call the key in logs, when the text is one: 8 hex digits of its SHA-256. Compares in constant
  // time.
  std::optional<std::string> name_of(std::string_view text) const;

 private:
  std::vector<std::string> digests_;
};

// The option, else <data>/operator.key, which the first process makes (0600). Errors: those of the file,
// invalid / bad_operator_key; an ephemeral run needs the option.
Result<OperatorKeys> operator_keys(const Settings& settings, Random& random);

// What the operator's listener answers: health and the interface's description for everybody who reaches it,
// the rest for callers with a key. No other listener knows its rows, and it knows no row of a tenant.
class OperatorFace {
 public:
  // Management rows get a context without a tenant, and a principal with every scope of the table. Everything
  // outlives it. Beyond `in_flight_max` requests at once are refused with 503.
  OperatorFace(std::vector<endpoint::Endpoint> rows, OperatorKeys keys, const Clock& clock,
               int64_t in_flight_max);

  // Thread-safe; never throws. 401 without a valid key, 429 for an address that showed too many wrong ones
  // (ten, then one a second), 404 and 405 for what is no row; errors in the shape of the management API.
  Task<http::Response> handle(http::Request request);

 private:
  Result<endpoint::Principal> principal_of(const endpoint::RequestContext& context, std::string_view bearer);
  Task<http::Response> run(const endpoint::Endpoint& row, http::Request request, http::RouteMatch match);

  const std::vector<endpoint::Endpoint> rows_;
  http::Router router_;
  const OperatorKeys keys_;
  const Clock& clock_;
  std::vector<std::string> scopes_;
  adapters::MemoryLimiter wrong_keys_;
  Slots slots_;
};

}  // namespace durward::server
