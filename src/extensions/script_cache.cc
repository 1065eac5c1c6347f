#include "extensions/script_cache.h"

namespace durward::extensions {
namespace {

// Auth0, Actions limits.
constexpr size_t entries_max = 20, key_max = 64, value_max = 4096, total_max = 8192;
constexpr int64_t life_max_ms = int64_t(24) * 3600 * 1000;

std::string key_of(domain::TenantId tenant, const std::string& trigger) {
  return "actions-cache:" + std::to_string(tenant.value) + ":" + trigger;
}

size_t size_of(const json::Object& entries) {
  size_t sum = 0;
  for (const auto& entry : entries)
    sum += entry.key().size() + json::string_or(entry.value().as_object(), "value").size();
  return sum;
}

void set(json::Object& entries, const Command& command, int64_t now) {
  const std::string key = command.text(0), value = command.text(1);
  const int64_t expires_at = std::min(command.integer(2), now + life_max_ms);
  if (key.size() > key_max || value.size() > value_max || expires_at <= now) return;
  json::Object next = entries;
  next[key] = json::Object{{"value", value}, {"expires_at", expires_at}};
  if (next.size() <= entries_max && size_of(next) <= total_max) entries = std::move(next);
}

bool is_live(const json::Value& entry, int64_t now) {
  const auto* object = entry.if_object();
  return object && json::string(*object, "value") && json::integer_or(*object, "expires_at", 0) > now;
}

}  // namespace

Task<json::Object> read_cache(const ports::Services& services, domain::TenantId tenant, std::string trigger,
                              TimePoint now) {
  json::Object out;
  const auto text = co_await services.cache.get(key_of(tenant, trigger));
  if (!text || !*text) co_return out;
  const auto stored = json::parse_object(**text);
  if (!stored) co_return out;
  for (const auto& entry : *stored)
    if (is_live(entry.value(), to_unix_ms(now))) out.emplace(entry.key(), entry.value());
  co_return out;
}

Task<void> write_cache(const ports::Services& services, domain::TenantId tenant, std::string trigger,
                       json::Object entries) {
  const std::string key = key_of(tenant, trigger);
  if (entries.empty())
    (void)co_await services.cache.remove(key);
  else
    (void)co_await services.cache.put(key, json::serialize(entries), Milliseconds(life_max_ms));
}

void change_cache(json::Object& entries, const std::vector<Command>& commands, TimePoint now) {
  for (const auto& command : commands) {
    if (command.name == "cache.set") set(entries, command, to_unix_ms(now));
    if (command.name == "cache.delete") entries.erase(command.text(0));
  }
}

}  // namespace durward::extensions
