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

bool ScriptShelf::complete(domain::TenantId tenant, std::vector<domain::ScriptPtr>& scripts) {
  const std::lock_guard lock(mutex_);
  for (auto& script : scripts) {
    if (script->digest.empty()) continue;
    if (!script->code.empty()) {
      keep(tenant, script);
      continue;
    }
    const auto found = by_digest_.find({tenant, script->digest});
    if (found == by_digest_.end()) return false;
    books_.splice(books_.begin(), books_, found->second);
    auto whole = std::make_shared<domain::Script>(*script);  // name and secrets are the call's
    whole->code = found->second->script->code;
    whole->modules = found->second->script->modules;
    script = std::move(whole);
  }
  return true;
}

// Without secrets: they are of one call.
void ScriptShelf::keep(domain::TenantId tenant, const domain::ScriptPtr& script) {
  if (by_digest_.contains({tenant, script->digest})) return;
  auto kept = std::make_shared<domain::Script>();
  kept->digest = script->digest;
  kept->code = script->code;
  kept->modules = script->modules;
  const size_t bytes = kept->code.size() + (kept->modules ? kept->modules->size() : 0);
  books_.push_front({tenant, std::move(kept), bytes});
  by_digest_[{tenant, script->digest}] = books_.begin();
  for (bytes_ += bytes; bytes_ > bytes_max_ && books_.size() > 1; books_.pop_back()) {
    bytes_ -= books_.back().bytes;
    by_digest_.erase({books_.back().tenant, books_.back().script->digest});
  }
}

Task<http::Response> serve_scripts(ports::Scripts& scripts, ScriptShelf& shelf, http::Request request) {
  auto call = call_of(request.body);
  crypto::wipe(request.body);
  if (!call) co_return bad_request(call.error());
  call->within = within(request.headers);
  const domain::TenantId tenant{number(request.headers, tenant_field, 0)};
  if (!shelf.complete(tenant, call->scripts)) co_return http::json_response(200, missing_to_wire());
  co_return http::json_response(200, to_wire(co_await scripts.run(tenant, *std::move(call))));
}

Task<http::Response> serve_modules(ports::ModuleBuilder& modules, http::Request request) {
  auto names = modules_of(request.body);
  if (!names) co_return bad_request(names.error());
  co_return http::json_response(200, bundle_to_wire(co_await modules.bundle(*std::move(names))));
}

}  // namespace durward::adapters::sandbox
