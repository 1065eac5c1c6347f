#include "notifications/action.h"

#include "extensions/events.h"
#include "extensions/trigger.h"

namespace durward::notifications {
namespace {

using End = Attempt::End;

// Members of event.tenant by those of the settings (Auth0, Actions: custom-email-provider).
constexpr std::pair<std::string_view, std::string_view> tenant_members[] = {
    {"friendly_name", "friendly_name"},
    {"home_url", "default_redirection_uri"},
    {"logo_url", "picture_url"},
    {"support_email", "support_email"},
    {"support_url", "support_url"}};

json::Object request_of(const domain::NotificationFacts& about) {
  json::Object out{
      {"ip", about.ip}, {"hostname", about.hostname}, {"query", json::Object()}, {"geoip", json::Object()}};
  if (!about.user_agent.empty()) out["user_agent"] = about.user_agent;
  if (!about.method.empty()) out["method"] = about.method;
  return out;
}

Async<json::Object> tenant_of(const ports::Services& services, domain::TenantId tenant, std::string name) {
  json::Object out{{"id", name}};
  CO_TRY(const auto settings, co_await services.configuration.settings(tenant));
  for (const auto& [shown, stored] : tenant_members)
    if (const auto text = json::string(settings->document, stored); text && !text->empty())
      out[shown] = *text;
  co_return out;
}

// Whoever is unknown, or gone meanwhile, is an object all the same: scripts look into it.
Async<json::Object> client_of(const ports::Services& services, domain::TenantId tenant, std::string id) {
  if (!id.empty()) {
    CO_TRY(const auto client, co_await services.configuration.client(tenant, id));
    if (client) co_return extensions::client_event(*client);
  }
  co_return json::Object{{"client_id", id}, {"name", ""}, {"metadata", json::Object()}};
}

Async<json::Object> user_of(const ports::Services& services, domain::TenantId tenant, std::string id) {
  if (!id.empty()) {
    CO_TRY(const auto user, co_await services.users.find(tenant, id));
    if (user) co_return extensions::user_event(*user);
  }
  co_return json::Object{{"user_metadata", json::Object()}, {"app_metadata", json::Object()}};
}

Async<json::Object> event_of(const ports::Services& services, domain::TenantId tenant,
                             std::string tenant_name, domain::NotificationFacts about,
                             json::Object notification) {
  json::Object event{{"notification", std::move(notification)}, {"request", request_of(about)}};
  CO_TRY(event["tenant"], co_await tenant_of(services, tenant, std::move(tenant_name)));
  CO_TRY(event["client"], co_await client_of(services, tenant, about.client_id));
  CO_TRY(event["user"], co_await user_of(services, tenant, about.user_id));
  if (about.connection.empty()) co_return event;
  CO_TRY(const auto connection, co_await services.configuration.connection_by_name(tenant, about.connection));
  if (connection) event["connection"] = extensions::connection_event(*connection);
  co_return event;
}

// Of several the last counts, as for every command that ends a chain (engine/README.md).
Attempt wanted(const extensions::TriggerOutcome& outcome) {
  Attempt out;
  for (const auto& performed : outcome.performed)
    for (const auto& command : performed.commands) {
      if (!command.name.starts_with("notification.")) continue;
      out.end = command.name == "notification.drop" ? End::dropped : End::asked_again;
      out.reason = command.text(0);
    }
  return out;
}

Attempt attempt_of(extensions::TriggerOutcome outcome) {
  Attempt out = wanted(outcome);
  if (outcome.execution_id.empty()) {
    out.end = End::postponed;
    out.reason = "No action of the provider's trigger is deployed.";
  } else if (outcome.failure) {
    out.end = outcome.failure->is_overload ? End::postponed : End::failed;
    out.reason = outcome.failure->to_text();
  }
  out.writes = std::move(outcome.writes);
  return out;
}

}  // namespace

Async<Attempt> run_action(const ports::Services& services, domain::TenantId tenant, std::string trigger,
                          std::string tenant_name, domain::NotificationFacts about,
                          json::Object notification) {
  CO_TRY(auto event, co_await event_of(services, tenant, std::move(tenant_name), std::move(about),
                                       std::move(notification)));
  CO_TRY(auto outcome, co_await extensions::run_trigger(services, {.tenant = tenant,
                                                                   .trigger = std::move(trigger),
                                                                   .event = std::move(event),
                                                                   .more = {},
                                                                   .resume_at = {},
                                                                   .now = services.clock.now()}));
  co_return attempt_of(std::move(outcome));
}

}  // namespace durward::notifications
