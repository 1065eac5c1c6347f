#include <algorithm>

#include "management/actions/handlers.h"
#include "management/support/scripts.h"

namespace durward::management::actions {
namespace {

json::Object render_trigger(const domain::Trigger& trigger) {
  json::Array runtimes;
  for (const auto runtime : domain::runtimes) runtimes.push_back(json::Value(runtime));
  return {{"id", trigger.id},
          {"version", trigger.version},
          {"status", "CURRENT"},
          {"runtimes", std::move(runtimes)},
          {"default_runtime", domain::runtimes[0]},
          {"binding_policy", trigger.is_entity_bound ? "entity-bound" : "trigger-bound"},
          {"compatible_triggers", json::Array()}};
}

Result<const domain::Trigger*> known_trigger(const std::string& id) {
  const auto* trigger = domain::find_trigger(id);
  if (!trigger) return std::unexpected(bindings_resource.missing);
  return trigger;
}

const json::Array& bindings_in(const json::Object& body) {
  static const json::Array none;
  const auto* found = json::array(body, "bindings");
  return found ? *found : none;
}

// The stored document, or an empty one that is not stored yet.
Async<std::optional<ports::Document>> stored(const ports::Services& services, domain::TenantId tenant,
                                             std::string trigger) {
  co_return co_await services.documents.find(tenant, bindings_resource.collection, std::move(trigger));
}

Async<json::Object> render(const ports::Services& services, domain::TenantId tenant, json::Object binding) {
  CO_TRY(auto action, co_await services.documents.find(tenant, action_resource.collection,
                                                       json::string_or(binding, "action_id")));
  binding.stable_erase("action_id");
  if (!action) co_return binding;
  CO_TRY(auto shown, co_await render_action(services, tenant, std::move(action->body)));
  binding["action"] = std::move(shown);
  co_return binding;
}

Async<json::Array> render_all(const ports::Services& services, domain::TenantId tenant,
                              json::Array bindings) {
  json::Array out;
  for (const auto& binding : bindings) {
    CO_TRY(auto shown, co_await render(services, tenant, binding.as_object()));
    out.push_back(std::move(shown));
  }
  co_return out;
}

const json::Object* with_id(const json::Array& bindings, const std::string& id) {
  for (const auto& binding : bindings)
    if (json::string_or(binding.as_object(), "id") == id) return &binding.as_object();
  return nullptr;
}

std::unexpected<Error> unknown_reference(const std::string& type, const std::string& value) {
  return invalid_body("There is no binding or action with the " + type + " '" + value + "'.");
}

Async<std::string> action_of(const ports::Services& services, domain::TenantId tenant, json::Object ref,
                             json::Array before) {
  const std::string type = json::string_or(ref, "type"), value = json::string_or(ref, "value");
  if (type == "binding_id") {
    const auto* known = with_id(before, value);
    if (!known) co_return unknown_reference(type, value);
    co_return json::string_or(*known, "action_id");
  }
  std::optional<ports::Document> found;
  if (type == "action_id") {
    CO_TRY(found, co_await services.documents.find(tenant, action_resource.collection, value));
  } else {
    CO_TRY(found, co_await services.documents.find_by(tenant, action_resource.collection, "name", value));
  }
  if (!found) co_return unknown_reference(type, value);
  co_return found->id;
}

Result<> check_action(const json::Object& action, const domain::Trigger& trigger) {
  const std::string name = json::string_or(action, "name");
  if (trigger_of(action).id != trigger.id)
    return invalid_body("The action '" + name + "' is not written for the trigger '" +
                        std::string(trigger.id) + "'.");
  if (json::string_or(action, "deployed_version_id").empty())
    return invalid_body("The action '" + name + "' has to be deployed before it can be bound.");
  return {};
}

// The binding this item stands for: the one that is there keeps its id and age.
json::Object settle(const json::Object& item, const json::Object& action, const json::Array& before,
                    std::string_view trigger, const ports::Services& services) {
  const std::string now = to_iso8601_nanoseconds(services.clock.now()), id = json::string_or(action, "id");
  const auto& ref = item.at("ref").as_object();
  const json::Object* known = nullptr;
  if (json::string_or(ref, "type") == "binding_id") known = with_id(before, json::string_or(ref, "value"));
  for (const auto& binding : before)
    if (!known && json::string_or(binding.as_object(), "action_id") == id) known = &binding.as_object();
  json::Object out{{"id", known ? json::string_or(*known, "id") : services.random.uuid()},
                   {"trigger_id", trigger},
                   {"action_id", id}};
  out["display_name"] = json::string_or(item, "display_name", json::string_or(action, "name"));
  out["failure_policy"] = json::string_or(
      item, "failure_policy", known ? json::string_or(*known, "failure_policy", "closed") : "closed");
  out["created_at"] = known ? json::string_or(*known, "created_at") : now;
  out["updated_at"] = now;
  return out;
}

Async<json::Array> resolve(const ports::Services& services, Call call, const domain::Trigger* trigger,
                           json::Array before) {
  json::Array out;
  for (const auto& item : bindings_in(call.object())) {
    const auto& given = item.as_object();
    if (const auto* secrets = json::array(given, "secrets"); secrets && !secrets->empty())
      co_return invalid_body("Secrets belong to the action; a binding has none.");
    CO_TRY(const auto id, co_await action_of(services, call.tenant(), given.at("ref").as_object(), before));
    CO_TRY(const auto action, co_await load(services, action_resource, call.tenant(), id));
    CO_ENSURE(check_action(action.body, *trigger));
    auto settled = settle(given, action.body, before, trigger->id, services);
    if (with_id(out, json::string_or(settled, "id"))) settled["id"] = services.random.uuid();
    out.push_back(std::move(settled));
  }
  co_return out;
}

Async<> write(const ports::Services& services, Call call, std::optional<ports::Document> document,
              std::string trigger, json::Array bindings) {
  json::Object body{{"id", trigger}, {"bindings", std::move(bindings)}};
  ports::Writes writes = {api_record(services, call)};
  if (!document) {
    writes.push_back(insertion(services, bindings_resource, std::move(body)));
  } else {
    document->body = std::move(body);
    document->updated_at = services.clock.now();
    auto keys = bindings_resource.keys(document->body);
    writes.push_back(
        ports::ReplaceDocument{bindings_resource.collection, *std::move(document), std::move(keys)});
  }
  co_return co_await services.committer.commit(call.tenant(), std::move(writes));
}

}  // namespace

Handled list_triggers(const ports::Services&, Call) {
  json::Array items;
  for (const auto& trigger : domain::triggers()) items.push_back(render_trigger(trigger));
  co_return ok(json::Object{{"triggers", std::move(items)}});
}

Handled list_bindings(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, parse_pages(call.query));
  const std::string trigger = call.parameter("triggerId");
  CO_ENSURE(known_trigger(trigger));
  CO_TRY(const auto document, co_await stored(services, call.tenant(), trigger));
  CO_TRY(auto page, slice(document ? bindings_in(document->body) : json::Array(), paging));
  CO_TRY(auto items, co_await render_all(services, call.tenant(), std::move(page.items)));
  co_return paged(paging, "bindings", std::move(items), page.total);
}

Handled change_bindings(const ports::Services& services, Call call) {
  const std::string id = call.parameter("triggerId");
  CO_TRY(const auto* trigger, known_trigger(id));
  if (trigger->is_entity_bound)
    co_return invalid_body("Actions of the trigger '" + id + "' are not bound: what uses one names it.");
  if (!call.object().contains("bindings"))
    co_return invalid_body("Payload validation error: 'Missing required property: bindings'.");
  for (int attempt = 1;; ++attempt) {
    CO_TRY(auto document, co_await stored(services, call.tenant(), id));
    const json::Array before = document ? bindings_in(document->body) : json::Array();
    CO_TRY(auto bindings, co_await resolve(services, call, trigger, before));
    auto done = co_await write(services, call, std::move(document), id, bindings);
    if (done) {
      CO_TRY(auto items, co_await render_all(services, call.tenant(), std::move(bindings)));
      co_return ok(json::Object{{"bindings", std::move(items)}});
    }
    if (!is_lost_race(done.error())) co_return std::unexpected(std::move(done).error());
    if (attempt == race_attempts_max) co_return std::unexpected(bindings_resource.taken);
  }
}

}  // namespace durward::management::actions
