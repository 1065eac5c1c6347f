#include "adapters/sandbox/scripts_face.h"

#include <algorithm>
#include <charconv>

#include "adapters/sandbox/scripts_wire.h"
#include "base/json.h"
#include "crypto/hash.h"

namespace durward::adapters::sandbox {
namespace {

constexpr int64_t within_max_ms = 60'000;

int64_t number(const http::Headers& headers, std::string_view name, int64_t otherwise) {
  const auto text = headers.get(name);
  int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  return error == std::errc() && end == text.data() + text.size() ? n : otherwise;
}

Milliseconds within(const http::Headers& headers) {
  const int64_t told = std::clamp<int64_t>(number(headers, deadline_field, 0), 0, within_max_ms);
  return std::max(Milliseconds(told) - way_spare, Milliseconds(0));
}

http::Response bad_request(const Error& error) {
  return http::json_response(
      400, json::serialize(json::Object{{"error", error.code}, {"error_description", error.message}}));
}

}  // namespace

Task<http::Response> serve_scripts(ports::Scripts& scripts, http::Request request) {
  auto call = call_of(request.body);
  crypto::wipe(request.body);
  if (!call) co_return bad_request(call.error());
  call->within = within(request.headers);
  const domain::TenantId tenant{number(request.headers, tenant_field, 0)};
  co_return http::json_response(200, to_wire(co_await scripts.run(tenant, *std::move(call))));
}

Task<http::Response> serve_modules(ports::ModuleBuilder& modules, http::Request request) {
  auto names = modules_of(request.body);
  if (!names) co_return bad_request(names.error());
  co_return http::json_response(200, bundle_to_wire(co_await modules.bundle(*std::move(names))));
}

}  // namespace durward::adapters::sandbox
