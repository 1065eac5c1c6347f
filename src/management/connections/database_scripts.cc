#include "management/connections/database_scripts.h"

#include "domain/connection.h"
#include "management/support/scripts.h"

namespace durward::management::connection {
namespace {

constexpr size_t value_max = 8192;  // before it is sealed

json::Object* object_in(json::Object& body, std::string_view name) {
  auto* found = body.if_contains(name);
  return found ? found->if_object() : nullptr;
}

Async<> check_scripts(const ports::Services& services, domain::TenantId tenant, json::Object scripts) {
  for (const auto& script : scripts) {
    if (!script.value().is_string()) continue;  // the field table has the say
    std::string code(json::view(script.value().get_string()));
    std::string where = "options.customScripts." + std::string(script.key());
    CO_ENSURE(co_await check_syntax(services, tenant, std::move(code), CodeForm::function, std::move(where)));
  }
  co_return Result<>();
}

// Sealed text is taken back only when this tenant can open it: otherwise a login would find that out.
Async<std::string> sealed(const ports::Services& services, domain::TenantId tenant, std::string name,
                          std::string text) {
  const std::string prefix(domain::sealed_configuration_prefix),
      purpose(domain::sealed_configuration_purpose);
  if (!text.starts_with(prefix)) {
    if (text.size() > value_max)
      co_return invalid_body("options.configuration." + name + " is longer than 8192 characters.");
    CO_TRY(const auto made, co_await services.vault.seal(tenant, purpose, std::move(text)));
    co_return prefix + made;
  }
  const auto opened = co_await services.vault.open(tenant, purpose, text.substr(prefix.size()));
  if (!opened && opened.error().kind == ErrorKind::unavailable) co_return std::unexpected(opened.error());
  if (!opened)
    co_return invalid_body("options.configuration." + name +
                           " was encrypted for another tenant: give the value itself.");
  co_return text;
}

Async<json::Object> seal_configuration(const ports::Services& services, domain::TenantId tenant,
                                       json::Object configuration) {
  for (auto& member : configuration) {
    if (!member.value().is_string()) continue;
    CO_TRY(member.value(), co_await sealed(services, tenant, std::string(member.key()),
                                           std::string(json::view(member.value().get_string()))));
  }
  co_return configuration;
}

}  // namespace

Async<json::Object> prepare_scripts(const ports::Services& services, domain::TenantId tenant,
                                    json::Object body) {
  auto* options = object_in(body, "options");
  if (!options) co_return body;
  if (const auto* scripts = object_in(*options, "customScripts"))
    CO_ENSURE(co_await check_scripts(services, tenant, *scripts));
  if (auto* configuration = object_in(*options, "configuration")) {
    CO_TRY(*configuration, co_await seal_configuration(services, tenant, *configuration));
  }
  co_return body;
}

}  // namespace durward::management::connection
