#include <algorithm>

#include "adapters/configuration/loader.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "domain/trigger.h"

namespace durward::adapters {

using domain::BoundScript;
using domain::ScriptPtr;
using domain::TenantId;
using domain::TenantScripts;
using ports::Collection;
using ports::Document;

namespace {

// Code and modules as workers remember them: a length between them, so that no two pairs are one text.
std::string digest_of(const std::string& code, const std::string& modules) {
  return to_hex(crypto::sha256(std::to_string(code.size()) + ":" + code + modules));
}

const domain::Trigger* trigger_of(const json::Object& action) {
  const auto* triggers = json::array(action, "supported_triggers");
  if (!triggers || triggers->empty() || !triggers->front().is_object()) return nullptr;
  return domain::find_trigger(json::string_or(triggers->front().get_object(), "id"));
}

// The one action of its trigger is bound by being deployed.
void bind_by_trigger(TenantScripts& scripts, const domain::Trigger* trigger, const ScriptPtr& script) {
  if (!trigger || !trigger->has_one_action) return;
  auto& bound = scripts.triggers[std::string(trigger->id)];
  if (!bound.empty()) return;
  bound.push_back({.script = script,
                   .binding_id = script->id,
                   .display_name = script->name,
                   .version = std::string(trigger->version)});
}

}  // namespace

Async<> ConfigurationLoader::load_bundle(TenantId tenant, std::string sha256, Bundles& bundles) {
  if (bundles.contains(sha256)) co_return Result<>();
  CO_TRY(auto found, co_await documents_.find(tenant, Collection::script_modules, sha256));
  // It is removed only after the last version that uses it.
  if (!found) co_return fail(ErrorKind::internal, "configuration_damaged", {}, "script_modules " + sha256);
  bundles[sha256] = std::make_shared<const std::string>(json::string_or(found->body, "text"));
  co_return Result<>();
}

Async<ScriptPtr> ConfigurationLoader::script_of(TenantId tenant, Collection collection, Document document,
                                                std::string code, Bundles& bundles) {
  CO_TRY(auto opened, co_await open(tenant, collection, std::move(document)));
  domain::Script script;
  script.code = json::string_or(opened.body, code);
  script.name = json::string_or(opened.body, "name");
  script.id = json::string_or(opened.body, "id");
  const std::string bundle = json::string_or(opened.body, "script_modules");
  if (!bundle.empty()) {
    CO_ENSURE(co_await load_bundle(tenant, bundle, bundles));
    script.modules = bundles[bundle];
  }
  script.digest = digest_of(script.code, bundle);
  for (auto& [path, secret] : opened.secrets)
    if (path.starts_with(domain::sealed_secret_prefix))
      script.secrets[path.substr(domain::sealed_secret_prefix.size())] = secret;
  co_return std::make_shared<const domain::Script>(std::move(script));
}

// The version that is deployed is what runs; the action itself is the draft.
Async<> ConfigurationLoader::load_actions(TenantId tenant, TenantScripts& out, Bundles& bundles) {
  CO_TRY(const auto actions, co_await all(tenant, Collection::actions, "deployed", "true"));
  for (const auto& action : actions) {
    const std::string version = json::string_or(action.body, "deployed_version_id");
    CO_TRY(auto found, co_await documents_.find(tenant, Collection::action_versions, version));
    // Deployed again between the two reads: the change that did it makes this value old.
    if (!found) continue;
    found->body["id"] = action.id;
    found->body["name"] = json::string_or(action.body, "name");
    const auto* trigger = trigger_of(action.body);
    CO_TRY(out.actions[action.id],
           co_await script_of(tenant, Collection::action_versions, *std::move(found), "built_code", bundles));
    bind_by_trigger(out, trigger, out.actions[action.id]);
  }
  co_return Result<>();
}

// One document a trigger; the order of calls is that of its array.
Async<> ConfigurationLoader::load_bindings(TenantId tenant, TenantScripts& out) {
  if (out.actions.empty()) co_return Result<>();
  CO_TRY(const auto documents, co_await all(tenant, Collection::trigger_bindings, "", ""));
  for (const auto& document : documents) {
    const auto* bindings = json::array(document.body, "bindings");
    const auto* trigger = domain::find_trigger(document.id);
    if (!bindings || !trigger) continue;
    for (const auto& item : *bindings) {
      const auto& binding = item.as_object();
      const auto action = out.actions.find(json::string_or(binding, "action_id"));
      if (action == out.actions.end()) continue;
      out.triggers[document.id].push_back(
          {.script = action->second,
           .binding_id = json::string_or(binding, "id"),
           .display_name = json::string_or(binding, "display_name"),
           .version = std::string(trigger->version),
           .fail_open = json::string_or(binding, "failure_policy") == "open"});
    }
  }
  co_return Result<>();
}

Async<> ConfigurationLoader::load_token_exchange_profiles(TenantId tenant, TenantScripts& out) {
  if (out.actions.empty()) co_return Result<>();
  CO_TRY(const auto profiles, co_await all(tenant, Collection::token_exchange_profiles, "", ""));
  for (const auto& profile : profiles)
    out.token_exchange_profiles[json::string_or(profile.body, "subject_token_type")] = {
        profile.id, json::string_or(profile.body, "action_id")};
  co_return Result<>();
}

Async<> ConfigurationLoader::load_rules(TenantId tenant, TenantScripts& out, Bundles& bundles) {
  CO_TRY(auto rules, co_await all(tenant, Collection::rules, "enabled", "true"));
  std::ranges::sort(rules, {}, [](const Document& rule) { return json::integer_or(rule.body, "order", 0); });
  for (auto& rule : rules) {
    CO_TRY(auto script, co_await script_of(tenant, Collection::rules, std::move(rule), "script", bundles));
    out.rules.push_back({.script = script, .binding_id = script->id, .display_name = script->name});
  }
  if (out.rules.empty()) co_return Result<>();
  CO_TRY(const auto configs, co_await all(tenant, Collection::rules_configs, "", ""));
  for (const auto& document : configs) {
    CO_TRY(auto opened, co_await open(tenant, Collection::rules_configs, document));
    out.rules_configuration[document.id] = opened.secrets["value"];
  }
  co_return Result<>();
}

Async<> ConfigurationLoader::load_hooks(TenantId tenant, TenantScripts& out, Bundles& bundles) {
  CO_TRY(auto hooks, co_await all(tenant, Collection::hooks, "enabled", "true"));
  for (auto& hook : hooks) {
    const std::string trigger = json::string_or(hook.body, "triggerId");
    CO_TRY(auto script, co_await script_of(tenant, Collection::hooks, std::move(hook), "script", bundles));
    out.hooks[trigger] = {.script = script, .binding_id = script->id, .display_name = script->name};
  }
  co_return Result<>();
}

Async<ConfigurationLoader::Ptr<TenantScripts>> ConfigurationLoader::scripts(TenantId tenant) {
  auto out = std::make_shared<TenantScripts>();
  Bundles bundles;
  CO_ENSURE(co_await load_actions(tenant, *out, bundles));
  CO_ENSURE(co_await load_bindings(tenant, *out));
  CO_ENSURE(co_await load_token_exchange_profiles(tenant, *out));
  CO_ENSURE(co_await load_rules(tenant, *out, bundles));
  CO_ENSURE(co_await load_hooks(tenant, *out, bundles));
  co_return Ptr<TenantScripts>(std::move(out));
}

}  // namespace durward::adapters
