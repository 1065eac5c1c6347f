#include "management/actions/deploy.h"

#include "domain/script.h"
#include "management/actions/modules.h"
#include "management/support/scripts.h"
#include "management/support/secrets.h"

namespace durward::management::actions {
namespace {

constexpr int64_t versions_max = 100;
constexpr std::string_view frozen_members[] = {"code",    "dependencies", "runtime",
                                               "secrets", "modules",      "supported_triggers"};

// A version on its way into the store: its document and the text of its modules.
struct Frozen {
  json::Object body;
  std::string modules;
};

void copy_members(json::Object& to, const json::Object& from) {
  for (const auto name : frozen_members)
    if (const auto* value = from.if_contains(name)) to[name] = *value;
}

void stamp(json::Object& version, const json::Object& action, const ports::Services& services) {
  const std::string now = to_iso8601_nanoseconds(services.clock.now());
  version["id"] = services.random.uuid();
  version["action_id"] = action.at("id");
  version["number"] = json::integer_or(action, "versions_made", 0) + 1;
  version["status"] = "built";
  version["errors"] = json::Array();
  version["created_at"] = version["updated_at"] = version["built_at"] = now;
}

Async<json::Object> seal_all(const ports::Services& services, domain::TenantId tenant, json::Object values) {
  json::Object out;
  for (const auto& member : values) {
    const std::string path = std::string(domain::sealed_secret_prefix) + std::string(member.key());
    std::string value(json::view(member.value().as_string()));
    CO_TRY(out[path],
           co_await services.vault.seal(
               tenant, std::string(to_string(version_resource.collection)) + "." + path, std::move(value)));
  }
  co_return out;
}

Async<Frozen> freeze(const ports::Services& services, domain::TenantId tenant, json::Object action) {
  CO_TRY(auto built,
         deployable(co_await build(services, tenant, json::string_or(action, "code"), CodeForm::module)));
  Frozen out;
  copy_members(out.body, action);
  out.body["built_code"] = std::move(built);
  CO_TRY(out.modules, co_await modules_text(services, tenant, action));
  CO_TRY(auto secrets, co_await draft_secrets(services, tenant, action));
  CO_TRY(auto sealed, co_await seal_all(services, tenant, std::move(secrets)));
  out.body["_sealed"] = std::move(sealed);
  co_return out;
}

Async<Frozen> thaw(const ports::Services& services, domain::TenantId tenant, json::Object version) {
  Frozen out{.body = std::move(version)};
  CO_TRY(out.modules, co_await bundle_text(services, tenant, json::string_or(out.body, "script_modules")));
  co_return out;
}

// The action that runs this version from now on.
void point_at(json::Object& action, const json::Object& version) {
  action["deployed_version_id"] = version.at("id");
  action["versions_made"] = version.at("number");
  action["updated_at"] = version.at("updated_at");
}

ports::Write replacement(const Resource& resource, ports::Document document, TimePoint now) {
  document.updated_at = now;
  auto keys = resource.keys(document.body);
  return ports::ReplaceDocument{resource.collection, std::move(document), std::move(keys)};
}

// Of an action's versions the newest stay, so that deploying again and again does not grow the store.
Async<std::optional<ports::Document>> outdated(const ports::Services& services, domain::TenantId tenant,
                                               json::Object version) {
  const int64_t number = json::integer_or(version, "number", 0) - versions_max;
  if (number < 1) co_return std::nullopt;
  co_return co_await services.documents.find_by(
      tenant, version_resource.collection, "number",
      json::string_or(version, "action_id") + "\n" + std::to_string(number));
}

// One commit: the version, the action that points at it, the modules, the record.
Async<json::Object> commit(const ports::Services& services, Call call, ports::Document action,
                           Frozen frozen) {
  const auto tenant = call.tenant();
  stamp(frozen.body, action.body, services);
  if (const std::string id = bundle_id(frozen.modules); !id.empty()) frozen.body["script_modules"] = id;
  point_at(action.body, frozen.body);
  CO_TRY(auto writes, co_await bundle_writes(services, tenant, std::move(frozen.modules)));
  const json::Object summary = summary_of(action.body);
  CO_TRY(const auto old, co_await outdated(services, tenant, frozen.body));
  if (old) writes.push_back(ports::RemoveDocument{version_resource.collection, old->id});
  writes.push_back(insertion(services, version_resource, frozen.body));
  writes.push_back(replacement(action_resource, std::move(action), services.clock.now()));
  writes.push_back(api_record(services, call, frozen.body));
  CO_ENSURE(co_await services.committer.commit(tenant, std::move(writes)));
  if (old) CO_ENSURE(co_await sweep_bundle(services, tenant, json::string_or(old->body, "script_modules")));
  auto shown = shown_version(std::move(frozen.body), true);
  shown["action"] = summary;
  co_return shown;
}

Async<json::Object> draft_of(const ports::Services& services, domain::TenantId tenant, json::Object action,
                             json::Object version) {
  copy_members(action, version);
  CO_TRY(const auto sealed, co_await reseal_secrets(services, version_resource.collection,
                                                    action_resource.collection, tenant, std::move(version)));
  if (sealed.is_object())
    action["_sealed"] = sealed;
  else
    action.stable_erase("_sealed");
  mark_built(action, std::string(), services.clock.now());
  co_return action;
}

}  // namespace

Result<std::string> deployable(Result<std::string> built) {
  if (!built && built.error().code == "invalid_script")
    return fail(ErrorKind::invalid, "", "The action cannot be deployed: " + built.error().message);
  return built;
}

Async<std::string> modules_text(const ports::Services& services, domain::TenantId tenant,
                                json::Object action) {
  json::Array dependencies, modules;
  if (const auto* given = json::array(action, "dependencies")) dependencies = *given;
  if (const auto* given = json::array(action, "modules")) modules = *given;
  CO_TRY(auto text, co_await fetch_modules(services, std::move(dependencies)));
  CO_TRY(const auto own, co_await action_modules_text(services, tenant, std::move(modules)));
  if (!own.empty()) text += "\n" + own;
  co_return text;
}

// Code of a module has no event of its own; what it needs it is handed by the action, from event.secrets.
Async<json::Object> draft_secrets(const ports::Services& services, domain::TenantId tenant,
                                  json::Object action) {
  json::Array modules;
  if (const auto* given = json::array(action, "modules")) modules = *given;
  CO_TRY(auto secrets, co_await action_modules_secrets(services, tenant, std::move(modules)));
  CO_TRY(const auto own,
         co_await open_secrets(services, action_resource.collection, tenant, std::move(action)));
  for (const auto& member : own) secrets[member.key()] = member.value();
  co_return secrets;
}

Async<json::Object> deploy_draft(const ports::Services& services, Call call, std::string action_id) {
  for (int attempt = 1;; ++attempt) {
    CO_TRY(auto action, co_await load(services, action_resource, call.tenant(), action_id));
    CO_TRY(auto frozen, co_await freeze(services, call.tenant(), action.body));
    mark_built(action.body, std::string(), services.clock.now());
    action.body["all_changes_deployed"] = true;
    auto made = co_await commit(services, call, std::move(action), std::move(frozen));
    if (made || !is_lost_race(made.error())) co_return made;
    if (attempt == race_attempts_max) co_return std::unexpected(version_resource.taken);
  }
}

// As the API's documentation says: a new version that is identical to the earlier one.
Async<json::Object> deploy_again(const ports::Services& services, Call call, std::string action_id,
                                 std::string version_id, bool update_draft) {
  const auto tenant = call.tenant();
  for (int attempt = 1;; ++attempt) {
    CO_TRY(auto action, co_await load(services, action_resource, tenant, action_id));
    CO_TRY(auto version, co_await load(services, version_resource, tenant, version_id));
    if (json::string_or(version.body, "action_id") != action_id)
      co_return std::unexpected(version_resource.missing);
    if (update_draft) {
      CO_TRY(action.body, co_await draft_of(services, tenant, action.body, version.body));
    }
    action.body["all_changes_deployed"] = update_draft;
    CO_TRY(auto frozen, co_await thaw(services, tenant, std::move(version.body)));
    auto made = co_await commit(services, call, std::move(action), std::move(frozen));
    if (made || !is_lost_race(made.error())) co_return made;
    if (attempt == race_attempts_max) co_return std::unexpected(version_resource.taken);
  }
}

}  // namespace durward::management::actions
