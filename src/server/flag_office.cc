#include "server/flag_office.h"

#include "base/log.h"

namespace durward::server {
namespace {

using domain::TenantId;
using operators::FlagScope;
using operators::FlagSetting;

constexpr size_t history_max = 20;
constexpr int attempts_max = 5;
constexpr auto collection = ports::Collection::flags;

std::string document_id(std::string_view key, const FlagScope& scope) {
  return scope.environment.empty() ? std::string(key) : std::string(key) + "@" + scope.environment;
}

FlagSetting setting_of(const ports::Document& document, std::string tenant) {
  const auto& body = document.body;
  FlagSetting out{.key = document.id.substr(0, document.id.find('@')),
                  .scope = {std::move(tenant), json::string_or(body, "environment")},
                  .changed_by = json::string_or(body, "changed_by"),
                  .changed_at = document.updated_at};
  if (const auto* value = body.if_contains("value")) out.rule.value = *value;
  out.rule.per_ten_thousand = json::integer(body, "per_ten_thousand").value_or(10'000);
  if (const auto* history = body.if_contains("history"); history && history->is_array())
    out.history = history->get_array();
  return out;
}

json::Object body_of(const FlagSetting& setting) {
  json::Object body{{"value", setting.rule.value},
                    {"per_ten_thousand", setting.rule.per_ten_thousand},
                    {"changed_by", setting.changed_by},
                    {"history", setting.history}};
  if (!setting.scope.environment.empty()) body["environment"] = setting.scope.environment;
  return body;
}

// What `before` was goes to the head of the history.
json::Array history_after(const FlagSetting& before) {
  json::Array out{json::Object{{"value", before.rule.value},
                               {"percentage", double(before.rule.per_ten_thousand) / 100},
                               {"changed_by", before.changed_by},
                               {"changed_at", to_iso8601(before.changed_at)}}};
  for (const auto& earlier : before.history)
    if (out.size() < history_max) out.push_back(earlier);
  return out;
}

Error no_tenant() { return {ErrorKind::not_found, "inexistent_tenant", "The tenant does not exist.", {}}; }

Result<> check(const std::string& key, const FlagScope& scope, const domain::FlagRule* rule) {
  const auto* flag = domain::find_flag(key);
  if (!flag) return fail(ErrorKind::not_found, "inexistent_flag", "The flag does not exist.");
  if (!scope.tenant.empty() && !scope.environment.empty())
    return fail(ErrorKind::invalid, "invalid_body",
                "A value is set for a tenant or for an environment, not for both.");
  if (!rule) return {};
  if (rule->per_ten_thousand < 0 || rule->per_ten_thousand > 10'000)
    return fail(ErrorKind::invalid, "invalid_body", "The percentage must be from 0 to 100.");
  return domain::check_flag_value(*flag, rule->value);
}

void tell(std::string_view what, const std::string& key, const FlagScope& scope, const operators::AskedBy& by,
          const json::Object& change) {
  log::info(what, {{"flag", key},
                   {"tenant", scope.tenant},
                   {"environment", scope.environment},
                   {"change", json::serialize(change)},
                   {"by", by.subject},
                   {"remote_ip", by.ip},
                   {"request_id", by.request_id}});
}

}  // namespace

Async<TenantId> FlagOffice::owner(const std::string& tenant) const {
  if (tenant.empty()) co_return TenantId{0};
  CO_TRY(const auto found, co_await services_.tenants.find_by_name(tenant));
  if (!found) co_return std::unexpected(no_tenant());
  co_return found->id;
}

Async<std::vector<FlagSetting>> FlagOffice::settings_of(TenantId id, std::string tenant) const {
  CO_TRY(const auto page, co_await services_.documents.list(id, collection, {.limit = 500}));
  std::vector<FlagSetting> out;
  for (const auto& document : page.items) out.push_back(setting_of(document, tenant));
  co_return out;
}

Async<std::vector<FlagSetting>> FlagOffice::list(std::string tenant) {
  CO_TRY(auto out, co_await settings_of(TenantId{0}, ""));
  if (tenant.empty()) co_return out;
  CO_TRY(const auto id, co_await owner(tenant));
  CO_TRY(auto more, co_await settings_of(id, tenant));
  std::move(more.begin(), more.end(), std::back_inserter(out));
  co_return out;
}

// The tenant's own log says what was changed for it: "sapi", as every change of its configuration.
ports::Write FlagOffice::log_record(std::string description, const operators::AskedBy& by,
                                    json::Object change) const {
  domain::LogRecord record;
  record.id = services_.sequence.next();
  record.date = services_.clock.now();
  record.type = "sapi";
  record.description = std::move(description);
  record.ip = by.ip;
  record.user_id = by.subject;
  record.details["change"] = std::move(change);
  return ports::AppendLog{std::move(record)};
}

Async<FlagSetting> FlagOffice::set(std::string key, FlagScope scope, domain::FlagRule rule,
                                   operators::AskedBy by) {
  CO_ENSURE(check(key, scope, &rule));
  CO_TRY(const auto id, co_await owner(scope.tenant));
  const std::string document = document_id(key, scope);
  for (int attempt = 1;; ++attempt) {
    CO_TRY(auto before, co_await services_.documents.find(id, collection, document));
    FlagSetting made{.key = key, .scope = scope, .rule = rule, .changed_by = by.subject};
    made.changed_at = services_.clock.now();
    if (before) made.history = history_after(setting_of(*before, scope.tenant));
    ports::Document next = before.value_or(ports::Document{.id = document, .created_at = made.changed_at});
    next.updated_at = made.changed_at;
    next.body = body_of(made);
    const json::Object change{
        {"flag", document}, {"value", rule.value}, {"percentage", double(rule.per_ten_thousand) / 100}};
    ports::Writes writes;
    if (before)
      writes.push_back(ports::ReplaceDocument{collection, std::move(next), {}});
    else
      writes.push_back(ports::InsertDocument{collection, std::move(next), {}});
    if (!scope.tenant.empty()) writes.push_back(log_record("Set a feature flag", by, change));
    const auto done = co_await services_.committer.commit(id, std::move(writes));
    if (done) {
      tell("feature flag set", key, scope, by, change);
      co_return made;
    }
    // Somebody else was first: this setting comes after theirs.
    if (done.error().kind != ErrorKind::conflict || attempt == attempts_max)
      co_return std::unexpected(done.error());
  }
}

Async<bool> FlagOffice::unset(std::string key, FlagScope scope, operators::AskedBy by) {
  CO_ENSURE(check(key, scope, nullptr));
  CO_TRY(const auto id, co_await owner(scope.tenant));
  const json::Object change{{"flag", document_id(key, scope)}};
  ports::Writes writes{ports::RemoveDocument{collection, document_id(key, scope)}};
  if (!scope.tenant.empty()) writes.push_back(log_record("Unset a feature flag", by, change));
  const auto done = co_await services_.committer.commit(id, std::move(writes));
  if (!done && done.error().kind == ErrorKind::not_found) co_return false;
  if (!done) co_return std::unexpected(done.error());
  tell("feature flag unset", key, scope, by, change);
  co_return true;
}

Async<domain::FlagResolution> FlagOffice::evaluate(std::string key, std::string tenant,
                                                   std::string targeting_key) {
  domain::FlagContext context{.tenant = {}, .targeting_key = std::move(targeting_key)};
  if (!tenant.empty()) {
    CO_TRY(const auto found, co_await services_.configuration.tenant_by_name(tenant));
    if (!found) co_return std::unexpected(no_tenant());
    context.tenant = found->id;
  }
  co_return co_await services_.flags.resolve(std::move(key), std::move(context));
}

}  // namespace durward::server
