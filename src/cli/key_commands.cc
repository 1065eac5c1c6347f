#include "base/encoding.h"
#include "cli/handlers.h"
#include "cli/with_tenant.h"

namespace durward::cli {
namespace {

std::string_view status_of(const json::Object& key) {
  if (key.contains("revoked_at")) return "revoked";
  for (const std::string_view status : {"current", "next", "previous"})
    if (json::boolean_or(key, status, false)) return status;
  return "";
}

json::Array with_status(const json::Value& keys) {
  json::Array out;
  for (const auto& item : keys.as_array()) {
    json::Object key = item.as_object();
    key["status"] = status_of(key);
    out.push_back(std::move(key));
  }
  return out;
}

Exit call(const Invocation& invocation, http::Method method, const std::string& path) {
  auto scene = open_tenant(invocation, {});
  if (!scene) return invocation.out.fail(scene.error());
  auto answer = scene->call(method, path);
  if (!answer) return invocation.out.fail(answer.error());
  invocation.out.data(*answer);
  return Exit::ok;
}

}  // namespace

Exit run_keys_list(Invocation& invocation) {
  auto scene = open_tenant(invocation, {});
  if (!scene) return invocation.out.fail(scene.error());
  auto keys = scene->call(http::Method::get, "/keys/signing");
  if (!keys) return invocation.out.fail(keys.error());
  invocation.out.rows(with_status(*keys),
                      {"kid", "kty", "status", "thumbprint", "current_since", "current_until"});
  return Exit::ok;
}

Exit run_keys_rotate(Invocation& invocation) {
  return call(invocation, http::Method::post, "/keys/signing/rotate");
}

Exit run_keys_revoke(Invocation& invocation) {
  return call(invocation, http::Method::put,
              "/keys/signing/" + percent_encode(invocation.arguments[0]) + "/revoke");
}

}  // namespace durward::cli
