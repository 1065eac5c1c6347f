#include "management/support/secrets.h"

#include <set>

#include "domain/script.h"
#include "management/support/replies.h"

namespace durward::management {
namespace {

std::string path_of(std::string_view name) {
  return std::string(domain::sealed_secret_prefix) + std::string(name);
}
std::string purpose_of(ports::Collection collection, std::string_view name) {
  return std::string(to_string(collection)) + "." + path_of(name);
}

// The secret as it was, when it stays.
json::Object known(const json::Object& body, std::string_view name) {
  if (const auto* listed = json::array(body, "secrets"))
    for (const auto& item : *listed)
      if (json::string_or(item.as_object(), "name") == name) return item.as_object();
  return {};
}

}  // namespace

Async<json::Array> seal_secrets(const ports::Services& services, ports::Collection collection,
                                domain::TenantId tenant, json::Array given) {
  json::Array out;
  for (const auto& item : given) {
    const std::string name = json::string_or(item.as_object(), "name");
    json::Object secret{{"name", name}};
    if (auto value = json::string(item.as_object(), "value")) {
      CO_TRY(secret["sealed"],
             co_await services.vault.seal(tenant, purpose_of(collection, name), *std::move(value)));
    }
    out.push_back(std::move(secret));
  }
  co_return out;
}

Result<> replace_secrets(json::Object& body, const json::Array& sealed, TimePoint now) {
  json::Array listed;
  json::Object values, before;
  if (const auto* old = json::object(body, "_sealed")) before = *old;
  std::set<std::string> names;
  for (const auto& item : sealed) {
    const std::string name = json::string_or(item.as_object(), "name"), path = path_of(name);
    if (!names.insert(name).second) return invalid_body("The secret '" + name + "' is given twice.");
    const auto value = json::string(item.as_object(), "sealed"), old = json::string(before, path);
    if (value || old) values[path] = value ? *value : *old;
    const bool stays = old && !value;
    listed.push_back(stays ? known(body, name)
                           : json::Object{{"name", name}, {"updated_at", to_iso8601_nanoseconds(now)}});
  }
  body["secrets"] = std::move(listed);
  body["_sealed"] = std::move(values);
  return {};
}

Async<json::Object> open_secrets(const ports::Services& services, ports::Collection collection,
                                 domain::TenantId tenant, json::Object body) {
  json::Object out;
  const auto* sealed = json::object(body, "_sealed");
  if (!sealed) co_return out;
  for (const auto& member : *sealed) {
    std::string_view name = member.key();
    if (!name.starts_with(domain::sealed_secret_prefix) || !member.value().is_string()) continue;
    name.remove_prefix(domain::sealed_secret_prefix.size());
    std::string text(json::view(member.value().get_string()));
    CO_TRY(out[name], co_await services.vault.open(tenant, purpose_of(collection, name), std::move(text)));
  }
  co_return out;
}

Async<json::Value> reseal_secrets(const ports::Services& services, ports::Collection from,
                                  ports::Collection to, domain::TenantId tenant, json::Object body) {
  CO_TRY(const auto values, co_await open_secrets(services, from, tenant, std::move(body)));
  json::Object out;
  for (const auto& member : values) {
    const std::string_view name = member.key();
    std::string value(json::view(member.value().as_string()));
    CO_TRY(out[path_of(name)], co_await services.vault.seal(tenant, purpose_of(to, name), std::move(value)));
  }
  if (out.empty()) co_return nullptr;
  co_return json::Value(std::move(out));
}

}  // namespace durward::management
