#include "management/rules/configs.h"

#include <algorithm>

namespace durward::management::rules {
namespace {

constexpr size_t key_max = 127;

constexpr endpoint::Field config_fields[] = {
    {.path = "key", .flags = endpoint::read_only},
    {.path = "value", .flags = endpoint::required | endpoint::secret, .min = 1, .max = 8192},
};
const endpoint::Schema& config_schema() {
  static const endpoint::Schema made("RulesConfig", config_fields);
  return made;
}

constexpr std::string_view secrets[] = {"value"};

std::vector<ports::DocumentKey> no_keys(const json::Object&) { return {}; }

const Resource resource = {
    .collection = ports::Collection::rules_configs,
    .id_member = "key",
    .plural = "rules_configs",
    .missing = {ErrorKind::not_found, "inexistent_rules_config", "The rules config does not exist."},
    .taken = {ErrorKind::conflict, "rules_config_conflict",
              "The key was set by somebody else at the same time."},
    .keys = no_keys,
    .secrets = secrets,
};

// ^[A-Za-z0-9_\-@*+:]*$ (Auth0 Management API)
bool is_key(std::string_view key) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-@*+:").find(c) != std::string_view::npos;
  };
  return !key.empty() && key.size() <= key_max && std::ranges::all_of(key, fits);
}

Result<std::string> key_of(const Call& call) {
  const std::string& key = call.parameter("key");
  if (!is_key(key))
    return fail(
        ErrorKind::invalid, "invalid_uri",
        "Path validation error: 'String does not match pattern ^[A-Za-z0-9_\\-@*+:]*$' on property key.");
  return key;
}

Async<Reply> list(const ports::Services& services, Call call) {
  CO_TRY(const auto found, co_await all(services, resource, call.tenant()));
  json::Array items;
  for (const auto& document : found) items.push_back(json::Object{{"key", document.id}});
  co_return ok(std::move(items));
}

Async<Reply> set(const ports::Services& services, Call call) {
  const auto tenant = call.tenant();
  CO_TRY(const auto key, key_of(call));
  const std::string value = json::string_or(call.object(), "value");
  CO_TRY(auto body, co_await seal(services, resource, tenant, json::Object{{"key", key}, {"value", value}}));
  const ports::Writes records = {api_record(services, call)};
  auto done = co_await insert(services, resource, tenant, body, records);
  if (!done && done.error().code != resource.taken.code) co_return std::unexpected(std::move(done).error());
  if (!done) CO_ENSURE(co_await update(services, resource, tenant, key, merging(body), records));
  co_return ok(json::Object{{"key", key}, {"value", value}});
}

Async<Reply> destroy(const ports::Services& services, Call call) {
  CO_TRY(auto key, key_of(call));
  CO_ENSURE(co_await remove(services, resource, call.tenant(), std::move(key), {api_record(services, call)}));
  co_return no_content();
}

}  // namespace

std::vector<Endpoint> config_rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string base = "/api/v2/rules-configs", one = base + "/{key}", tag = "rules-configs";
  const auto* schema = &config_schema();
  return {
      {.id = "list_rules_configs",
       .method = get,
       .path = base,
       .tag = tag,
       .summary = "Retrieve config variable keys for rules",
       .scopes = {"read:rules_configs"},
       .rate = management_read,
       .handler = handler<list>(services)},
      {.id = "set_rules_config",
       .method = put,
       .path = one,
       .tag = tag,
       .summary = "Set rules config for a given key",
       .scopes = {"update:rules_configs"},
       .rate = management_write,
       .body = schema,
       .reply = schema,
       .handler = handler<set>(services)},
      {.id = "delete_rules_config",
       .method = delete_,
       .path = one,
       .tag = tag,
       .summary = "Delete rules config for a given key",
       .scopes = {"delete:rules_configs"},
       .rate = management_write,
       .success = 204,
       .handler = handler<destroy>(services)},
  };
}

}  // namespace durward::management::rules
