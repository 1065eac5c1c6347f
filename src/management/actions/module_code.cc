#include "management/actions/modules.h"
#include "management/support/scripts.h"
#include "management/support/secrets.h"

namespace durward::management::actions {
namespace {

// Evaluated when it is first asked for, with its own npm modules; a module cannot require another module.
constexpr std::string_view before_npm = "module.exports[", after_name = R"(] = (() => {
  const bundle = { exports: {} };
  ((module, exports) => {
)";
constexpr std::string_view after_npm = R"(
  })(bundle, bundle.exports);
  const own = name => Object.hasOwn(bundle.exports, name) ? bundle.exports[name]() : require(name);
  let made;
  return () => {
    if (!made) {
      made = { exports: {} };
      ((module, exports, require) => {
)";
constexpr std::string_view after_code = R"(
      })(made, made.exports, own);
    }
    return made.exports;
  };
})();
)";

std::unexpected<Error> unknown_module(const json::Object& given) {
  std::string name = json::string_or(given, "module_name");
  if (name.empty()) name = json::string_or(given, "module_id");
  return invalid_body("There is no published version of the module '" + name + "' like that.");
}

Async<std::optional<ports::Document>> find_module(const ports::Services& services, domain::TenantId tenant,
                                                  json::Object given) {
  const std::string id = json::string_or(given, "module_id");
  if (!id.empty()) co_return co_await services.documents.find(tenant, module_resource.collection, id);
  co_return co_await services.documents.find_by(tenant, module_resource.collection, "name",
                                                json::string_or(given, "module_name"));
}

Async<std::optional<ports::Document>> find_version(const ports::Services& services, domain::TenantId tenant,
                                                   json::Object module, json::Object given) {
  std::string id = json::string_or(given, "module_version_id");
  const auto number = json::integer(given, "module_version_number");
  if (id.empty() && number)
    co_return co_await services.documents.find_by(
        tenant, module_version_resource.collection, "number",
        json::string_or(module, "id") + "\n" + std::to_string(*number));
  if (id.empty()) id = json::string_or(module, "latest_version_id");
  co_return co_await services.documents.find(tenant, module_version_resource.collection, id);
}

Async<json::Object> resolve(const ports::Services& services, domain::TenantId tenant, json::Object given) {
  CO_TRY(const auto module, co_await find_module(services, tenant, given));
  if (!module) co_return unknown_module(given);
  CO_TRY(const auto version, co_await find_version(services, tenant, module->body, given));
  if (!version || json::string_or(version->body, "module_id") != module->id) co_return unknown_module(given);
  co_return json::Object{{"module_id", module->id},
                         {"module_name", json::string_or(module->body, "name")},
                         {"module_version_id", version->id},
                         {"module_version_number", json::integer_or(version->body, "version_number", 0)}};
}

Async<json::Object> version_of(const ports::Services& services, domain::TenantId tenant, json::Object named) {
  CO_TRY(auto found, co_await services.documents.find(tenant, module_version_resource.collection,
                                                      json::string_or(named, "module_version_id")));
  if (!found) co_return unknown_module(named);
  co_return std::move(found->body);
}

}  // namespace

Async<json::Array> resolve_modules(const ports::Services& services, domain::TenantId tenant,
                                   json::Array given) {
  json::Array out;
  for (const auto& item : given) {
    CO_TRY(auto resolved, co_await resolve(services, tenant, item.as_object()));
    out.push_back(std::move(resolved));
  }
  co_return out;
}

Async<std::string> action_modules_text(const ports::Services& services, domain::TenantId tenant,
                                       json::Array modules) {
  std::string out;
  for (const auto& item : modules) {
    CO_TRY(const auto version, co_await version_of(services, tenant, item.as_object()));
    CO_TRY(const auto npm,
           co_await bundle_text(services, tenant, json::string_or(version, "script_modules")));
    const std::string name = "actions:" + json::string_or(item.as_object(), "module_name");
    out += std::string(before_npm) + json::serialize(json::Value(name)) + std::string(after_name) + npm +
           std::string(after_npm) + json::string_or(version, "built_code") + std::string(after_code);
  }
  co_return out;
}

Async<json::Object> action_modules_secrets(const ports::Services& services, domain::TenantId tenant,
                                           json::Array modules) {
  json::Object out;
  for (const auto& item : modules) {
    CO_TRY(auto version, co_await version_of(services, tenant, item.as_object()));
    CO_TRY(const auto secrets,
           co_await open_secrets(services, module_version_resource.collection, tenant, std::move(version)));
    for (const auto& member : secrets) out[member.key()] = member.value();
  }
  co_return out;
}

}  // namespace durward::management::actions
