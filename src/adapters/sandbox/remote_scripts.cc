#include "adapters/sandbox/remote_scripts.h"

#include "adapters/sandbox/scripts_wire.h"
#include "base/log.h"

namespace durward::adapters::sandbox {
namespace {

constexpr Milliseconds modules_within{150'000};

http::ClientRequest request_to(std::string_view path, std::string body) {
  http::ClientRequest request;
  request.method = http::Method::post;
  request.target = path;
  request.body = std::move(body);
  request.headers.set("Content-Type", "application/json");
  return request;
}

// What came instead of an answer; an operator reads the cause.
std::unexpected<Error> unreached(const Result<http::Response>& answer) {
  const std::string why =
      answer ? "status " + std::to_string(answer->status) : answer.error().code + ": " + answer.error().debug;
  log::warning("the extensions role does not answer", {{"reason", why}});
  return fail(ErrorKind::unavailable, "extensions_unavailable", "Scripts cannot be run at the moment.", why);
}

}  // namespace

Async<ports::ScriptOutcome> RemoteScripts::run(domain::TenantId tenant, ports::ScriptCall call) {
  auto request = request_to(scripts_path, to_wire(call));
  request.headers.set(tenant_field, std::to_string(tenant.value));
  request.secret = true;
  const auto answer = co_await upstream_.send(std::move(request), call.within + way_spare);
  if (!answer || answer->status != 200) co_return unreached(answer);
  co_return outcome_of(answer->body);
}

Async<std::string> RemoteModuleBuilder::bundle(std::vector<ports::ModuleName> modules) {
  auto request = request_to(modules_path, to_wire(modules));
  request.idempotent = true;
  const auto answer = co_await upstream_.send(std::move(request), modules_within);
  if (!answer || answer->status != 200) co_return unreached(answer);
  co_return bundle_of(answer->body);
}

}  // namespace durward::adapters::sandbox
