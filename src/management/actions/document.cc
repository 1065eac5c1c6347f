#include "management/actions/document.h"

#include <algorithm>

#include "management/support/scripts.h"

namespace durward::management::actions {
namespace {

constexpr std::string_view internal_members[] = {"_sealed",    "deployed_version_id", "versions_made",
                                                 "built_code", "script_modules",      "deploy"};
constexpr std::string_view summary_members[] = {
    "id", "name", "supported_triggers", "all_changes_deployed", "created_at", "updated_at"};

std::string number_key(const json::Object& body, std::string_view owner, std::string_view number) {
  return json::string_or(body, owner) + "\n" + std::to_string(json::integer_or(body, number, 0));
}

std::vector<ports::DocumentKey> action_keys(const json::Object& body) {
  const bool deployed = !json::string_or(body, "deployed_version_id").empty();
  std::vector<ports::DocumentKey> keys = {{"name", json::string_or(body, "name"), true},
                                          {"trigger", std::string(trigger_of(body).id)},
                                          {"deployed", deployed ? "true" : "false"}};
  if (trigger_of(body).has_one_action) keys.push_back({"only_of", std::string(trigger_of(body).id), true});
  if (const auto* modules = json::array(body, "modules"))
    for (const auto& module : *modules)
      keys.push_back({"module", json::string_or(module.as_object(), "module_id")});
  return keys;
}

std::vector<ports::DocumentKey> version_keys(const json::Object& body) {
  std::vector<ports::DocumentKey> keys = {{"action", json::string_or(body, "action_id")},
                                          {"number", number_key(body, "action_id", "number"), true}};
  add_bundle_key(keys, body);
  return keys;
}

std::vector<ports::DocumentKey> bindings_keys(const json::Object& body) {
  std::vector<ports::DocumentKey> keys;
  if (const auto* bindings = json::array(body, "bindings"))
    for (const auto& binding : *bindings) {
      ports::DocumentKey key{"action", json::string_or(binding.as_object(), "action_id")};
      const auto same = [&](const auto& other) { return other.value == key.value; };
      if (std::ranges::none_of(keys, same)) keys.push_back(std::move(key));
    }
  return keys;
}

std::vector<ports::DocumentKey> module_keys(const json::Object& body) {
  return {{"name", json::string_or(body, "name"), true}};
}

std::vector<ports::DocumentKey> module_version_keys(const json::Object& body) {
  std::vector<ports::DocumentKey> keys = {{"module", json::string_or(body, "module_id")},
                                          {"number", number_key(body, "module_id", "version_number"), true}};
  add_bundle_key(keys, body);
  return keys;
}

}  // namespace

const Resource action_resource = {
    .collection = ports::Collection::actions,
    .id_member = "id",
    .plural = "actions",
    .missing = {ErrorKind::not_found, "", "That action does not exist."},
    .taken = {ErrorKind::conflict, "", "An action with the same name already exists."},
    .keys = action_keys,
};
const Resource version_resource = {
    .collection = ports::Collection::action_versions,
    .id_member = "id",
    .plural = "versions",
    .missing = {ErrorKind::not_found, "", "That action version does not exist."},
    .taken = {ErrorKind::conflict, "", "The action was deployed by somebody else at the same time."},
    .keys = version_keys,
};
const Resource bindings_resource = {
    .collection = ports::Collection::trigger_bindings,
    .id_member = "id",
    .plural = "bindings",
    .missing = {ErrorKind::not_found, "", "That trigger does not exist."},
    .taken = {ErrorKind::conflict, "", "The bindings were changed by somebody else at the same time."},
    .keys = bindings_keys,
};
const Resource module_resource = {
    .collection = ports::Collection::action_modules,
    .id_member = "id",
    .plural = "modules",
    .missing = {ErrorKind::not_found, "", "That action module does not exist."},
    .taken = {ErrorKind::conflict, "", "An action module with the same name already exists."},
    .keys = module_keys,
};
const Resource module_version_resource = {
    .collection = ports::Collection::action_module_versions,
    .id_member = "id",
    .plural = "versions",
    .missing = {ErrorKind::not_found, "", "That action module version does not exist."},
    .taken = {ErrorKind::conflict, "", "The module was published by somebody else at the same time."},
    .keys = module_version_keys,
};

Result<json::Array> trigger_reference(const json::Array& supported_triggers) {
  const auto& given = supported_triggers.front().as_object();
  const std::string id = json::string_or(given, "id");
  const auto* trigger = domain::find_trigger(id);
  if (!trigger) return invalid_body("There is no trigger '" + id + "'.");
  if (json::string_or(given, "version", trigger->version) != trigger->version)
    return invalid_body("Actions of the trigger '" + id + "' are written for version " +
                        std::string(trigger->version) + ".");
  return json::Array{json::Object{{"id", trigger->id}, {"version", trigger->version}}};
}

const domain::Trigger& trigger_of(const json::Object& action) {
  const auto* triggers = json::array(action, "supported_triggers");
  const auto* trigger = triggers && !triggers->empty()
                            ? domain::find_trigger(json::string_or(triggers->front().as_object(), "id"))
                            : nullptr;
  return trigger ? *trigger : domain::triggers().front();
}

Result<> check_dependencies(const json::Object& body) {
  const auto* dependencies = json::array(body, "dependencies");
  if (!dependencies) return {};
  for (const auto& dependency : *dependencies)
    if (!json::string_or(dependency.as_object(), "registry_url").empty())
      return invalid_body(
          "A dependency's registry_url cannot be set: packages come from the registry of the "
          "installation.");
  return {};
}

Result<json::Object> new_action(json::Object body, Random& random, TimePoint now) {
  TRY(body["supported_triggers"], trigger_reference(body.at("supported_triggers").as_array()));
  ENSURE(check_dependencies(body));
  json::Object out{{"id", random.uuid()}};
  for (const auto& member : body) out[member.key()] = member.value();
  out.stable_erase("deploy");
  out["created_at"] = out["updated_at"] = to_iso8601_nanoseconds(now);
  out["all_changes_deployed"] = false;
  out["versions_made"] = 0;
  return out;
}

void mark_built(json::Object& action, const Result<std::string>& built, TimePoint now) {
  action.stable_erase("errors");
  action.stable_erase("built_at");
  // Nobody could look at it yet; deploying it will.
  if (!built && built.error().code != "invalid_script") {
    action["status"] = "pending";
    return;
  }
  action["status"] = built ? "built" : "failed";
  if (built)
    action["built_at"] = to_iso8601_nanoseconds(now);
  else
    action["errors"] =
        json::Array{json::Object{{"id", "invalid_script"}, {"msg", built.error().message}, {"url", ""}}};
}

json::Object shown_action(json::Object body) {
  for (const auto name : internal_members) body.stable_erase(name);
  return body;
}

json::Object shown_version(json::Object body, bool deployed) {
  for (const auto name : internal_members) body.stable_erase(name);
  body["deployed"] = deployed;
  return body;
}

json::Object summary_of(const json::Object& action) {
  json::Object out;
  for (const auto name : summary_members)
    if (const auto* value = action.if_contains(name)) out[name] = *value;
  return out;
}

Reply paged(const endpoint::Paging& paging, std::string_view key, json::Array items, int64_t total) {
  json::Object out{{"total", total}, {"page", paging.page}, {"per_page", paging.per_page}};
  out[key] = std::move(items);
  return ok(std::move(out));
}

Result<endpoint::Paging> parse_pages(const http::Parameters& query) {
  return endpoint::parse_paging(query, {.checkpoint = false, .always_object = true});
}

}  // namespace durward::management::actions
