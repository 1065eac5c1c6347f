#include "extensions/notices.h"

#include "base/log.h"
#include "extensions/hooks.h"

namespace durward::extensions {
namespace {

json::Object event_of(const Notice& notice) {
  json::Object user = user_event(notice.user);
  for (const auto name : {"enrolledFactors", "multifactor", "identities"}) user.erase(name);
  json::Object transaction = notice.transaction;
  for (const auto name : {"acr_values", "requested_scopes", "ui_locales"})
    transaction.emplace(name, json::Array());
  return {{"tenant", tenant_event(*notice.context.tenant)},
          {"connection", connection_event(notice.connection)},
          {"request", request_event(notice.context, notice.request)},
          {"user", std::move(user)},
          {"transaction", std::move(transaction)}};
}

json::Object hook_context(const Notice& notice) {
  return {{"connection", connection_event(notice.connection)},
          {"request", request_event(notice.context, notice.request)}};
}

Detached begin(const ports::Services& services, Notice notice) {
  try {
    co_await run_notice(services, std::move(notice));
  } catch (const std::exception& failure) {
    log::error("scripts of a notice failed", {{"reason", failure.what()}});
  }
}

}  // namespace

Task<void> run_notice(const ports::Services& services, Notice notice) {
  const auto tenant = notice.context.tenant->id;
  const auto bound = co_await is_bound(services, tenant, notice.trigger);
  if (!bound) co_return;
  if (!*bound) {
    co_await notify_hook(services, tenant, notice.trigger, user_event(notice.user), hook_context(notice));
    co_return;
  }
  auto outcome = co_await run_trigger(
      services,
      {.tenant = tenant, .trigger = notice.trigger, .event = event_of(notice), .now = notice.context.now});
  if (!outcome) co_return;
  const auto kept = co_await services.committer.commit(tenant, std::move(outcome->writes));
  if (!kept) log::warning("a record of scripts was lost", {{"error", kept.error().code}});
}

void notify(const ports::Services& services, Notice notice) { begin(services, std::move(notice)); }

}  // namespace durward::extensions
