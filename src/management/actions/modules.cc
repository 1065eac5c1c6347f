#include "management/actions/modules.h"

#include "management/actions/handlers.h"
#include "management/support/scripts.h"
#include "management/support/secrets.h"

namespace durward::management::actions {
namespace {

constexpr std::string_view shared_members[] = {"code", "dependencies", "secrets"};
constexpr std::string_view internal_members[] = {"_sealed", "latest_version_id", "built_code",
                                                 "script_modules", "publish"};

json::Object shown_module(json::Object body) {
  for (const auto name : internal_members) body.stable_erase(name);
  return body;
}

Async<int64_t> users_of(const ports::Services& services, domain::TenantId tenant, std::string module_id) {
  ports::DocumentQuery query{.equals = {{"module", std::move(module_id)}}, .limit = 0, .want_total = true};
  CO_TRY(const auto found,
         co_await services.documents.list(tenant, action_resource.collection, std::move(query)));
  co_return found.total.value_or(0);
}

Async<json::Object> render(const ports::Services& services, domain::TenantId tenant, json::Object module,
                           bool with_version) {
  CO_TRY(const int64_t used, co_await users_of(services, tenant, json::string_or(module, "id")));
  const std::string latest = json::string_or(module, "latest_version_id");
  auto shown = shown_module(std::move(module));
  shown["actions_using_module_total"] = used;
  if (!with_version || latest.empty()) co_return shown;
  CO_TRY(auto version, co_await services.documents.find(tenant, module_version_resource.collection, latest));
  if (!version) co_return shown;
  auto inner = shown_module(std::move(version->body));
  inner.stable_erase("module_id");
  shown["latest_version"] = std::move(inner);
  co_return shown;
}

// A version on its way into the store.
struct Publication {
  json::Object version;
  std::string modules;
};

Async<Publication> publication_of(const ports::Services& services, domain::TenantId tenant,
                                  json::Object module) {
  auto built = co_await build(services, tenant, json::string_or(module, "code"), CodeForm::module);
  if (!built && built.error().code == "invalid_script")
    co_return fail(ErrorKind::invalid, "", "The module cannot be published: " + built.error().message);
  if (!built) co_return std::unexpected(std::move(built).error());
  Publication out;
  out.version["id"] = services.random.uuid();
  out.version["module_id"] = module.at("id");
  out.version["version_number"] = json::integer_or(module, "latest_version_number", 0) + 1;
  for (const auto name : shared_members)
    if (const auto* value = module.if_contains(name)) out.version[name] = *value;
  out.version["created_at"] = to_iso8601_nanoseconds(services.clock.now());
  out.version["built_code"] = *std::move(built);
  CO_TRY(out.modules, co_await fetch_modules(services, module.at("dependencies").as_array()));
  if (const auto id = bundle_id(out.modules); !id.empty()) out.version["script_modules"] = id;
  CO_TRY(auto sealed, co_await reseal_secrets(services, module_resource.collection,
                                              module_version_resource.collection, tenant, std::move(module)));
  if (sealed.is_object()) out.version["_sealed"] = std::move(sealed);
  co_return out;
}

Async<json::Object> publish_once(const ports::Services& services, Call call, ports::Document module) {
  const auto tenant = call.tenant();
  CO_TRY(auto made, co_await publication_of(services, tenant, module.body));
  module.body["latest_version_id"] = made.version.at("id");
  module.body["latest_version_number"] = made.version.at("version_number");
  module.body["all_changes_published"] = true;
  module.updated_at = services.clock.now();
  CO_TRY(auto writes, co_await bundle_writes(services, tenant, std::move(made.modules)));
  auto keys = module_resource.keys(module.body);
  writes.push_back(insertion(services, module_version_resource, made.version));
  writes.push_back(ports::ReplaceDocument{module_resource.collection, std::move(module), std::move(keys)});
  writes.push_back(api_record(services, call, made.version));
  CO_ENSURE(co_await services.committer.commit(tenant, std::move(writes)));
  co_return std::move(made.version);
}

Async<json::Object> publish(const ports::Services& services, Call call, std::string id) {
  for (int attempt = 1;; ++attempt) {
    CO_TRY(auto module, co_await load(services, module_resource, call.tenant(), id));
    auto made = co_await publish_once(services, call, std::move(module));
    if (made || !is_lost_race(made.error())) co_return made;
    if (attempt == race_attempts_max) co_return std::unexpected(module_version_resource.taken);
  }
}

Async<Reply> answer(const ports::Services& services, domain::TenantId tenant, std::string id) {
  CO_TRY(auto module, co_await load(services, module_resource, tenant, std::move(id)));
  CO_TRY(auto shown, co_await render(services, tenant, std::move(module.body), true));
  co_return ok(std::move(shown));
}

Async<ports::Document> load_version(const ports::Services& services, domain::TenantId tenant,
                                    std::string module_id, std::string version_id) {
  CO_TRY(auto version, co_await load(services, module_version_resource, tenant, std::move(version_id)));
  if (json::string_or(version.body, "module_id") != module_id)
    co_return std::unexpected(module_version_resource.missing);
  co_return version;
}

Async<json::Array> sealed_secrets(const ports::Services& services, Call call) {
  const auto* given = json::array(call.object(), "secrets");
  co_return co_await seal_secrets(services, module_resource.collection, call.tenant(),
                                  given ? *given : json::Array());
}

}  // namespace

Handled list_modules(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, parse_pages(call.query));
  CO_TRY(auto found, co_await page(services, module_resource, call.tenant(), {}, paging));
  json::Array items;
  for (auto& document : found.items) {
    CO_TRY(auto shown, co_await render(services, call.tenant(), std::move(document.body), false));
    items.push_back(std::move(shown));
  }
  co_return paged(paging, "modules", std::move(items), found.total.value_or(0));
}

Handled read_module(const ports::Services& services, Call call) {
  co_return co_await answer(services, call.tenant(), call.parameter("id"));
}

Handled create_module(const ports::Services& services, Call call) {
  const TimePoint now = services.clock.now();
  json::Object body{{"id", services.random.uuid()}};
  for (const auto& member : call.object()) body[member.key()] = member.value();
  for (const auto name : {"secrets", "publish"}) body.stable_erase(name);
  CO_TRY(const auto sealed, co_await sealed_secrets(services, call));
  CO_ENSURE(replace_secrets(body, sealed, now));
  body["all_changes_published"] = false;
  body["created_at"] = body["updated_at"] = to_iso8601_nanoseconds(now);
  CO_ENSURE(
      co_await insert(services, module_resource, call.tenant(), body, {api_record(services, call, body)}));
  const std::string id = json::string_or(body, "id");
  if (json::boolean_or(call.object(), "publish", false)) CO_ENSURE(co_await publish(services, call, id));
  co_return co_await answer(services, call.tenant(), id);
}

Handled change_module(const ports::Services& services, Call call) {
  const TimePoint now = services.clock.now();
  auto patch = call.object();
  std::optional<json::Array> sealed;
  if (patch.contains("secrets")) {
    CO_TRY(sealed, co_await sealed_secrets(services, call));
  }
  patch.stable_erase("secrets");
  Change apply = [patch, sealed, now](json::Object& module) -> Result<> {
    endpoint::merge_patch(module, patch);
    module["all_changes_published"] = false;
    module["updated_at"] = to_iso8601_nanoseconds(now);
    if (!sealed) return {};
    return replace_secrets(module, *sealed, now);
  };
  CO_ENSURE(co_await update(services, module_resource, call.tenant(), call.parameter("id"), std::move(apply),
                            {api_record(services, call)}));
  co_return co_await answer(services, call.tenant(), call.parameter("id"));
}

// What is deployed has its own copy; a draft that names the module could not be deployed any more.
Handled destroy_module(const ports::Services& services, Call call) {
  const auto tenant = call.tenant();
  const std::string id = call.parameter("id");
  CO_TRY(const int64_t used, co_await users_of(services, tenant, id));
  if (used > 0) co_return fail(ErrorKind::conflict, "", "The module is used by actions.");
  CO_TRY(const auto versions, co_await all(services, module_version_resource, tenant, {{"module", id}}));
  ports::Writes more = {ports::RemoveDocumentsBy{module_version_resource.collection, "module", id},
                        api_record(services, call)};
  CO_ENSURE(co_await remove(services, module_resource, tenant, id, std::move(more)));
  for (const auto& version : versions)
    CO_ENSURE(co_await sweep_bundle(services, tenant, json::string_or(version.body, "script_modules")));
  co_return no_content();
}

Handled list_module_actions(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, parse_pages(call.query));
  const std::string id = call.parameter("id");
  CO_ENSURE(co_await load(services, module_resource, call.tenant(), id));
  CO_TRY(const auto found, co_await page(services, action_resource, call.tenant(), {{"module", id}}, paging));
  json::Array items;
  for (const auto& document : found.items) {
    json::Object item{{"action_id", document.id}, {"action_name", json::string_or(document.body, "name")}};
    for (const auto& used : document.body.at("modules").as_array())
      if (json::string_or(used.as_object(), "module_id") == id)
        for (const auto name : {"module_version_id", "module_version_number"})
          item[name] = used.as_object().at(name);
    item["supported_triggers"] = document.body.at("supported_triggers");
    items.push_back(std::move(item));
  }
  co_return paged(paging, "actions", std::move(items), found.total.value_or(0));
}

Handled list_module_versions(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, parse_pages(call.query));
  const std::string id = call.parameter("id");
  CO_ENSURE(co_await load(services, module_resource, call.tenant(), id));
  CO_TRY(auto found,
         co_await newest_first(services, module_version_resource, call.tenant(), {{"module", id}}, paging));
  json::Array items;
  for (auto& version : found.items) items.push_back(shown_module(std::move(version.body)));
  co_return paged(paging, "versions", std::move(items), found.total.value_or(0));
}

Handled read_module_version(const ports::Services& services, Call call) {
  CO_TRY(auto version,
         co_await load_version(services, call.tenant(), call.parameter("id"), call.parameter("versionId")));
  co_return ok(shown_module(std::move(version.body)));
}

Handled publish_module(const ports::Services& services, Call call) {
  const std::string id = call.parameter("id");
  CO_TRY(auto version, co_await publish(services, std::move(call), id));
  co_return ok(shown_module(std::move(version)));
}

Handled roll_module_back(const ports::Services& services, Call call) {
  const auto tenant = call.tenant();
  const std::string id = call.parameter("id");
  CO_ENSURE(co_await load(services, module_resource, tenant, id));
  CO_TRY(const auto version,
         co_await load_version(services, tenant, id, json::string_or(call.object(), "module_version_id")));
  CO_TRY(const auto sealed, co_await reseal_secrets(services, module_version_resource.collection,
                                                    module_resource.collection, tenant, version.body));
  const TimePoint now = services.clock.now();
  Change restore = [&version, &sealed, now](json::Object& module) -> Result<> {
    for (const auto name : shared_members) module[name] = version.body.at(name);
    module["_sealed"] = sealed.is_object() ? sealed : json::Value(json::Object());
    module["all_changes_published"] = json::string_or(module, "latest_version_id") == version.id;
    module["updated_at"] = to_iso8601_nanoseconds(now);
    return {};
  };
  CO_ENSURE(co_await update(services, module_resource, tenant, id, std::move(restore),
                            {api_record(services, call)}));
  co_return co_await answer(services, tenant, id);
}

}  // namespace durward::management::actions
