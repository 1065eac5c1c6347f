#include "adapters/sandbox/remote_scripts.h"

#include <algorithm>

#include "adapters/sandbox/scripts_wire.h"
#include "base/log.h"

namespace durward::adapters::sandbox {
namespace {

constexpr Milliseconds modules_within{150'000};
constexpr size_t known_max = 20'000;

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

Async<std::string> RemoteScripts::ask(domain::TenantId tenant, const ports::ScriptCall& call,
                                      bool with_code) {
  auto request = request_to(scripts_path, to_wire(call, with_code));
  request.headers.set(tenant_field, std::to_string(tenant.value));
  request.secret = true;
  auto answer = co_await upstream_.send(std::move(request), call.within + way_spare);
  if (!answer || answer->status != 200) co_return unreached(answer);
  co_return std::move(answer->body);
}

Async<ports::ScriptOutcome> RemoteScripts::run(domain::TenantId tenant, ports::ScriptCall call) {
  const bool with_code = !are_known(tenant, call);
  CO_TRY(std::string answer, co_await ask(tenant, call, with_code));
  if (is_missing(answer)) {
    CO_TRY(answer, co_await ask(tenant, call, true));
  } else if (with_code) {
    remember(tenant, call);
  }
  co_return outcome_of(answer);
}

bool RemoteScripts::are_known(domain::TenantId tenant, const ports::ScriptCall& call) {
  const std::lock_guard lock(mutex_);
  return std::ranges::all_of(call.scripts,
                             [&](const auto& script) { return known_.contains({tenant, script->digest}); });
}

// When there are too many all are forgotten: the next calls bring their code once more.
void RemoteScripts::remember(domain::TenantId tenant, const ports::ScriptCall& call) {
  const std::lock_guard lock(mutex_);
  if (known_.size() >= known_max) known_.clear();
  for (const auto& script : call.scripts)
    if (!script->digest.empty()) known_.insert({tenant, script->digest});
}

Async<std::string> RemoteModuleBuilder::bundle(std::vector<ports::ModuleName> modules) {
  auto request = request_to(modules_path, to_wire(modules));
  request.idempotent = true;
  const auto answer = co_await upstream_.send(std::move(request), modules_within);
  if (!answer || answer->status != 200) co_return unreached(answer);
  co_return bundle_of(answer->body);
}

}  // namespace durward::adapters::sandbox
