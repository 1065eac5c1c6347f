#include "adapters/hashing/hashing_face.h"

#include <charconv>

#include "adapters/hashing/hashing_wire.h"
#include "base/json.h"
#include "crypto/hash.h"

namespace durward::adapters {
namespace {

http::Response refusal(const Error& error) {
  const int status = error.kind == ErrorKind::unavailable ? 503
                     : error.kind == ErrorKind::invalid   ? 400
                                                          : 500;
  auto response = http::json_response(
      status, json::serialize(json::Object{{"error", error.code}, {"error_description", error.message}}));
  if (status == 503) response.headers.set("Retry-After", "1");
  return response;
}

// A caller that does not say so (an older one) asks for nobody in particular.
ports::HashOwner owner_of(const http::Headers& headers) {
  ports::HashOwner owner;
  const auto tenant = headers.get(tenant_header);
  std::from_chars(tenant.data(), tenant.data() + tenant.size(), owner.tenant.value);
  if (headers.get(scheme_header) == "argon2id") owner.scheme = domain::PasswordScheme::argon2id;
  return owner;
}

}  // namespace

Task<http::Response> serve_hash(ports::Hasher& hasher, http::Request request) {
  auto hash = co_await hasher.hash(owner_of(request.headers), std::move(request.body));
  if (!hash) co_return refusal(hash.error());
  co_return http::text_response(200, *std::move(hash));
}

Task<http::Response> serve_verify(ports::Hasher& hasher, http::Request request) {
  const size_t end = request.body.find('\n');
  if (end == request.body.npos)
    co_return refusal(
        {ErrorKind::invalid, "invalid_request", "The body must be a hash, a new line and a password.", {}});
  std::string hash = request.body.substr(0, end), password = request.body.substr(end + 1);
  crypto::wipe(request.body);
  const auto match = co_await hasher.verify(owner_of(request.headers), std::move(password), std::move(hash));
  if (!match) co_return refusal(match.error());
  co_return http::text_response(200, *match ? "true" : "false");
}

}  // namespace durward::adapters
