#include "management/actions/one_action.h"

#include "domain/notification.h"

namespace durward::management::actions {
namespace {

struct Use {
  std::string_view trigger;
  ports::Collection providers;
};
constexpr Use uses[] = {{domain::mail_trigger, ports::Collection::email_providers},
                        {domain::phone_trigger, ports::Collection::phone_providers}};

}  // namespace

Async<> check_only(const ports::Services& services, domain::TenantId tenant, std::string trigger,
                   std::string action_id) {
  const auto* known = domain::find_trigger(trigger);
  if (!known || !known->has_one_action) co_return Result<>();
  CO_TRY(const auto other,
         co_await services.documents.find_by(tenant, action_resource.collection, "only_of", trigger));
  if (!other || other->id == action_id) co_return Result<>();
  co_return fail(ErrorKind::conflict, "action_of_trigger_exists",
                 "A tenant has one action of the trigger '" + trigger + "', and '" +
                     json::string_or(other->body, "name") + "' is it already.");
}

Async<bool> is_provider(const ports::Services& services, domain::TenantId tenant, json::Object action) {
  for (const auto& use : uses) {
    if (trigger_of(action).id != use.trigger) continue;
    CO_TRY(const auto providers, co_await services.documents.list(tenant, use.providers, {.limit = 1}));
    for (const auto& provider : providers.items)
      if (json::string_or(provider.body, "name") == domain::custom_provider) co_return true;
  }
  co_return false;
}

}  // namespace durward::management::actions
