#include "adapters/hashing/hashing_face.h"

#include <algorithm>
#include <charconv>

#include "adapters/hashing/hashing_wire.h"
#include "base/json.h"
#include "crypto/hash.h"

namespace durward::adapters {
namespace {

constexpr int64_t within_max_ms = 60'000;
// Done by then, an answer is there in time, although measured times are not exact.
constexpr int64_t way_back_ms = 100;

http::Response refusal(const Error& error) {
  const int status = error.kind == ErrorKind::unavailable ? 503
                     : error.kind == ErrorKind::invalid   ? 400
                                                          : 500;
  auto response = http::json_response(
      status, json::serialize(json::Object{{"error", error.code}, {"error_description", error.message}}));
  if (status == 503) response.headers.set("Retry-After", std::to_string(error.retry_after));
  return response;
}

int64_t number(const http::Headers& headers, std::string_view name, int64_t otherwise) {
  const auto text = headers.get(name);
  int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  return error == std::errc() && end == text.data() + text.size() ? n : otherwise;
}

// A caller that does not say so (an older one) asks for nobody in particular, and waits as long as it is
// usual.
ports::HashOwner owner_of(const http::Headers& headers) {
  ports::HashOwner owner;
  owner.tenant.value = number(headers, tenant_header, 0);
  if (headers.get(scheme_header) == "argon2id") owner.scheme = domain::PasswordScheme::argon2id;
  const int64_t told =
      std::clamp<int64_t>(number(headers, deadline_header, owner.within.count()), 0, within_max_ms);
  owner.within = Milliseconds(told - std::min(told / 10, way_back_ms));
  return owner;
}

http::Response with_backlog(http::Response response, const ports::Hasher& hasher) {
  response.headers.set(backlog_header, std::to_string(hasher.expected_wait().count()));
  return response;
}

Task<http::Response> hash(ports::Hasher& hasher, http::Request request) {
  auto hash = co_await hasher.hash(owner_of(request.headers), std::move(request.body));
  if (!hash) co_return refusal(hash.error());
  co_return http::text_response(200, *std::move(hash));
}

Task<http::Response> verify(ports::Hasher& hasher, http::Request request) {
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

}  // namespace

Task<http::Response> serve_hash(ports::Hasher& hasher, http::Request request) {
  co_return with_backlog(co_await hash(hasher, std::move(request)), hasher);
}

Task<http::Response> serve_verify(ports::Hasher& hasher, http::Request request) {
  co_return with_backlog(co_await verify(hasher, std::move(request)), hasher);
}

}  // namespace durward::adapters
