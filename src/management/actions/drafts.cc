#include <algorithm>
#include <set>

#include "management/actions/deploy.h"
#include "management/actions/handlers.h"
#include "management/actions/modules.h"
#include "management/actions/one_action.h"
#include "management/support/scripts.h"
#include "management/support/secrets.h"

namespace durward::management::actions {
namespace {

// Their change makes the draft another one than what runs.
constexpr std::string_view deployed_members[] = {"code",    "dependencies", "runtime",
                                                 "secrets", "modules",      "supported_triggers"};

Filter filter_of(const http::Parameters& query) {
  struct Row {
    std::string_view parameter, key;
  };
  constexpr Row rows[] = {{"triggerId", "trigger"}, {"actionName", "name"}};
  Filter out;
  for (const auto& row : rows)
    if (const auto value = query.get(row.parameter); value && !value->empty())
      out.emplace_back(std::string(row.key), *value);
  if (!query.get_or("deployed").empty())
    out.emplace_back("deployed", flag(query, "deployed") ? "true" : "false");
  // No action comes from a marketplace.
  if (flag(query, "installed")) out.emplace_back("installed", "true");
  return out;
}

json::Array array_of(const json::Object& body, std::string_view name) {
  const auto* found = json::array(body, name);
  return found ? *found : json::Array();
}

// What a request says of secrets and modules, ready to be stored; taken out of `body`.
struct Prepared {
  std::optional<json::Array> secrets, modules;
  std::optional<Result<std::string>> built;
};

Async<Prepared> prepare(const ports::Services& services, domain::TenantId tenant, json::Object body) {
  Prepared out;
  CO_ENSURE(check_dependencies(body));
  if (body.contains("secrets")) {
    CO_TRY(out.secrets,
           co_await seal_secrets(services, action_resource.collection, tenant, array_of(body, "secrets")));
  }
  if (body.contains("modules")) {
    CO_TRY(out.modules, co_await resolve_modules(services, tenant, array_of(body, "modules")));
  }
  if (const auto code = json::string(body, "code"))
    out.built = co_await build(services, tenant, *code, CodeForm::module);
  co_return out;
}

Result<> apply(json::Object& action, const Prepared& prepared, TimePoint now) {
  if (prepared.modules) action["modules"] = *prepared.modules;
  if (prepared.secrets) ENSURE(replace_secrets(action, *prepared.secrets, now));
  if (prepared.built) mark_built(action, *prepared.built, now);
  return {};
}

}  // namespace

Async<json::Object> render_action(const ports::Services& services, domain::TenantId tenant,
                                  json::Object action) {
  const std::string deployed = json::string_or(action, "deployed_version_id");
  auto shown = shown_action(std::move(action));
  if (deployed.empty()) co_return shown;
  CO_TRY(auto version, co_await services.documents.find(tenant, version_resource.collection, deployed));
  if (version) shown["deployed_version"] = shown_version(std::move(version->body), true);
  co_return shown;
}

Handled list_actions(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, parse_pages(call.query));
  CO_TRY(auto found, co_await page(services, action_resource, call.tenant(), filter_of(call.query), paging));
  json::Array items;
  for (auto& document : found.items) {
    CO_TRY(auto shown, co_await render_action(services, call.tenant(), std::move(document.body)));
    items.push_back(std::move(shown));
  }
  co_return paged(paging, "actions", std::move(items), found.total.value_or(0));
}

Handled read_action(const ports::Services& services, Call call) {
  CO_TRY(auto document, co_await load(services, action_resource, call.tenant(), call.parameter("id")));
  CO_TRY(auto shown, co_await render_action(services, call.tenant(), std::move(document.body)));
  co_return ok(std::move(shown));
}

// A new action answers "pending", as recorded: tools ask again until it is built.
Handled create_action(const ports::Services& services, Call call) {
  const auto tenant = call.tenant();
  const TimePoint now = services.clock.now();
  CO_TRY(auto body, new_action(call.object(), services.random, now));
  CO_ENSURE(co_await check_only(services, tenant, std::string(trigger_of(body).id), ""));
  body.stable_erase("secrets");
  CO_TRY(const auto prepared, co_await prepare(services, tenant, call.object()));
  const bool deploys = json::boolean_or(call.object(), "deploy", false);
  if (deploys && prepared.built) CO_ENSURE(deployable(*prepared.built));
  CO_ENSURE(apply(body, prepared, now));
  CO_ENSURE(co_await insert(services, action_resource, tenant, body, {api_record(services, call, body)}));
  const std::string id = json::string_or(body, "id");
  if (deploys) {
    CO_ENSURE(co_await deploy_draft(services, call, id));
    CO_TRY(auto document, co_await load(services, action_resource, tenant, id));
    body = std::move(document.body);
  } else if (json::string_or(body, "status") == "built") {
    body["status"] = "pending";
    body.stable_erase("built_at");
  }
  CO_TRY(auto shown, co_await render_action(services, tenant, std::move(body)));
  co_return ok(std::move(shown));
}

namespace {

// An action that is bound or named stays one of that trigger.
Async<> check_trigger_change(const ports::Services& services, Call call, const json::Object& patch) {
  const auto* triggers = json::array(patch, "supported_triggers");
  if (!triggers) co_return Result<>();
  const std::string wanted = json::string_or(triggers->front().as_object(), "id");
  CO_TRY(const auto bound, co_await bindings_of(services, call.tenant(), call.parameter("id")));
  for (const auto& document : bound)
    if (document.id != wanted)
      co_return invalid_body("The action is bound to the trigger '" + document.id + "'.");
  CO_TRY(const auto action, co_await load(services, action_resource, call.tenant(), call.parameter("id")));
  if (wanted == trigger_of(action.body).id) co_return Result<>();
  CO_TRY(const bool provides, co_await is_provider(services, call.tenant(), action.body));
  if (provides) co_return invalid_body("The tenant's provider runs the action at its trigger.");
  CO_TRY(const auto by, co_await named_by(services, call.tenant(), action.id));
  if (!by.empty()) co_return invalid_body("The action is named by " + by + ".");
  co_return co_await check_only(services, call.tenant(), wanted, action.id);
}

}  // namespace

Handled change_action(const ports::Services& services, Call call) {
  auto patch = call.object();
  const TimePoint now = services.clock.now();
  if (const auto* triggers = json::array(patch, "supported_triggers")) {
    CO_TRY(auto reference, trigger_reference(*triggers));
    patch["supported_triggers"] = std::move(reference);
  }
  CO_ENSURE(co_await check_trigger_change(services, call, patch));
  CO_TRY(auto prepared, co_await prepare(services, call.tenant(), patch));
  patch.stable_erase("secrets");
  const bool changes_code = std::ranges::any_of(
      deployed_members, [&](std::string_view name) { return call.object().contains(name); });
  Change apply_all = [patch, prepared, changes_code, now](json::Object& action) -> Result<> {
    endpoint::merge_patch(action, patch);
    if (changes_code) action["all_changes_deployed"] = false;
    action["updated_at"] = to_iso8601_nanoseconds(now);
    return apply(action, prepared, now);
  };
  CO_TRY(auto body, co_await update(services, action_resource, call.tenant(), call.parameter("id"),
                                    std::move(apply_all), {api_record(services, call)}));
  CO_TRY(auto shown, co_await render_action(services, call.tenant(), std::move(body)));
  co_return ok(std::move(shown));
}

Async<std::vector<ports::Document>> bindings_of(const ports::Services& services, domain::TenantId tenant,
                                                std::string action_id) {
  co_return co_await all(services, bindings_resource, tenant, {{"action", std::move(action_id)}});
}

namespace {

ports::Writes unbinding(std::vector<ports::Document> documents, const std::string& action_id) {
  ports::Writes out;
  for (auto& document : documents) {
    if (auto* bindings = document.body.if_contains("bindings"); bindings && bindings->is_array())
      remove_items(bindings->get_array(), [&](const json::Value& binding) {
        return json::string_or(binding.as_object(), "action_id") == action_id;
      });
    auto keys = bindings_resource.keys(document.body);
    out.push_back(ports::ReplaceDocument{bindings_resource.collection, std::move(document), std::move(keys)});
  }
  return out;
}

Async<std::set<std::string>> bundles_of(const ports::Services& services, domain::TenantId tenant,
                                        const std::string& action_id) {
  CO_TRY(const auto versions, co_await all(services, version_resource, tenant, {{"action", action_id}}));
  std::set<std::string> out;
  for (const auto& version : versions) out.insert(json::string_or(version.body, "script_modules"));
  co_return out;
}

Async<> check_unused(const ports::Services& services, domain::TenantId tenant, std::string id,
                     bool is_bound) {
  const auto used = [](const std::string& how) {
    return fail(ErrorKind::conflict, "", "The action is " + how + ": use force to remove it anyway.");
  };
  if (is_bound) co_return used("bound to a trigger");
  CO_TRY(const auto action, co_await services.documents.find(tenant, action_resource.collection, id));
  CO_TRY(const bool provides, co_await is_provider(services, tenant, action ? action->body : json::Object()));
  if (provides) co_return used("run by the tenant's provider");
  CO_TRY(const auto by, co_await named_by(services, tenant, id));
  if (!by.empty()) co_return used("named by " + by);
  co_return Result<>();
}

// With its versions and, by force, its bindings and what names it; what nobody else uses of its modules goes
// after it.
Async<> remove_action(const ports::Services& services, Call call, std::string id, bool force) {
  const auto tenant = call.tenant();
  CO_TRY(auto bound, co_await bindings_of(services, tenant, id));
  if (!force) CO_ENSURE(co_await check_unused(services, tenant, id, !bound.empty()));
  CO_TRY(const auto bundles, co_await bundles_of(services, tenant, id));
  auto writes = unbinding(std::move(bound), id);
  std::ranges::move(removal_of_naming(id), std::back_inserter(writes));
  writes.push_back(ports::RemoveDocumentsBy{version_resource.collection, "action", id});
  writes.push_back(api_record(services, call));
  CO_ENSURE(co_await remove(services, action_resource, tenant, id, std::move(writes)));
  for (const auto& bundle : bundles) CO_ENSURE(co_await sweep_bundle(services, tenant, bundle));
  co_return Result<>();
}

}  // namespace

Handled destroy_action(const ports::Services& services, Call call) {
  const std::string id = call.parameter("id");
  const bool force = flag(call.query, "force");
  for (int attempt = 1;; ++attempt) {
    auto done = co_await remove_action(services, call, id, force);
    if (done) co_return no_content();
    if (!is_lost_race(done.error()) || attempt == race_attempts_max)
      co_return std::unexpected(std::move(done).error());
  }
}

}  // namespace durward::management::actions
