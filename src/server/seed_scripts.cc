#include "base/encoding.h"
#include "server/seed_apply.h"

// Customers' code in a seed: modules before the actions that name them, actions before their bindings and
// before the providers that run them.
namespace durward::server {

using http::Method;

namespace {

// What the Deploy CLI writes for a value that it does not know.
bool is_placeholder(const json::Value& value) {
  return value.is_string() && json::view(value.get_string()) == "_VALUE_NOT_SHOWN_";
}

}  // namespace

const SeedApplication::Kind SeedApplication::actions_kind{"/actions/actions", "actions", "name", "id",
                                                          "deploy"};
const SeedApplication::Kind SeedApplication::modules_kind{"/actions/modules", "modules", "name", "id",
                                                          "name publish api_version"};
const SeedApplication::Kind SeedApplication::rules_kind{"/rules", "rules", "name", "id", "stage"};
const SeedApplication::Kind SeedApplication::hooks_kind{"/hooks", "hooks", "name", "id", "triggerId"};
const SeedApplication::Kind SeedApplication::phones_kind{"/branding/phone/providers", "providers", "name",
                                                         "id", ""};

const SeedApplication::Kind SeedApplication::profiles_kind{
    "/token-exchange-profiles", "token_exchange_profiles", "subject_token_type", "id", "action_id type"};

Async<> SeedApplication::put_scripts() {
  CO_ENSURE(co_await put_action_modules());
  CO_ENSURE(co_await put_actions());
  CO_ENSURE(co_await put_triggers());
  CO_ENSURE(co_await put_token_exchange_profiles());
  CO_ENSURE(co_await put_all(rules_kind, rules_, seed_.rules));
  for (const auto& item : seed_.rules_configs) {
    json::Object body{{"value", json::string_or(item.body, "value")}};
    CO_ENSURE(co_await call(item, Method::put,
                            "/rules-configs/" + percent_encode(json::string_or(item.body, "key")),
                            std::move(body)));
  }
  co_return co_await put_hooks();
}

Async<> SeedApplication::put_action_modules() {
  CO_ENSURE(co_await load(modules_kind, modules_));
  for (auto& item : seed_.action_modules) {
    const std::string name = json::string_or(item.body, "name");
    for (const auto member : {"id", "all_changes_published", "actions_using_module_total"})
      item.body.erase(member);
    CO_ENSURE(co_await put(modules_kind, modules_, item));
    CO_ENSURE(co_await call(item, Method::post,
                            "/actions/modules/" + percent_encode(modules_[name]) + "/versions", nullptr));
  }
  co_return Result<>();
}

Async<> SeedApplication::put_actions() {
  CO_ENSURE(co_await load(actions_kind, actions_));
  for (auto& item : seed_.actions) {
    const std::string name = json::string_or(item.body, "name");
    const bool deployed = json::boolean_or(item.body, "deployed", false);
    for (const auto member : {"id", "deployed", "status"}) item.body.erase(member);
    CO_ENSURE(co_await put(actions_kind, actions_, item));
    if (deployed)
      CO_ENSURE(co_await call(item, Method::post,
                              "/actions/actions/" + percent_encode(actions_[name]) + "/deploy", nullptr));
  }
  co_return Result<>();
}

// {post-login: [{action_name, display_name}]}
Async<> SeedApplication::put_triggers() {
  if (!seed_.triggers) co_return Result<>();
  for (const auto& trigger : seed_.triggers->body) {
    json::Array bindings;
    if (!trigger.value().is_array()) co_return wrong_triggers();
    for (const auto& item : trigger.value().get_array()) {
      if (!item.is_object()) co_return wrong_triggers();
      json::Object binding = item.get_object();
      binding["ref"] = {{"type", "action_name"}, {"value", json::string_or(binding, "action_name")}};
      binding.erase("action_name");
      bindings.push_back(std::move(binding));
    }
    CO_ENSURE(
        co_await call(*seed_.triggers, Method::patch,
                      "/actions/triggers/" + percent_encode(std::string_view(trigger.key())) + "/bindings",
                      json::Object{{"bindings", std::move(bindings)}}));
  }
  co_return Result<>();
}

std::unexpected<Error> SeedApplication::wrong_triggers() const {
  return fail(ErrorKind::invalid, "invalid_seed",
              seed_.triggers->where + ": triggers must hold lists of {action_name, display_name}");
}

// They name their action, as the Deploy CLI writes them.
Async<> SeedApplication::put_token_exchange_profiles() {
  CO_ENSURE(co_await load(profiles_kind, profiles_));
  for (auto& item : seed_.token_exchange_profiles) {
    const std::string name = json::string_or(item.body, "action");
    const auto action = actions_.find(name);
    if (action == actions_.end())
      co_return fail(ErrorKind::invalid, "invalid_seed", item.where + ": there is no action '" + name + "'");
    item.body["action_id"] = action->second;
    for (const auto member : {"id", "action", "created_at", "updated_at"}) item.body.erase(member);
    CO_ENSURE(co_await put(profiles_kind, profiles_, item));
  }
  co_return Result<>();
}

Async<> SeedApplication::put_hooks() {
  CO_ENSURE(co_await load(hooks_kind, hooks_));
  for (auto& item : seed_.hooks) {
    json::Object secrets;
    if (const auto* given = json::object(item.body, "secrets")) secrets = *given;
    for (const auto member : {"id", "secrets"}) item.body.erase(member);
    CO_ENSURE(co_await put(hooks_kind, hooks_, item));
    const std::string id = hooks_[json::string_or(item.body, "name")];
    CO_ENSURE(co_await put_hook_secrets(std::move(item), id, std::move(secrets)));
  }
  co_return Result<>();
}

Async<> SeedApplication::put_hook_secrets(SeedItem item, std::string id, json::Object secrets) {
  const std::string path = "/hooks/" + percent_encode(id) + "/secrets";
  CO_TRY(const auto known, co_await call(item, Method::get, path, nullptr));
  json::Object added, changed;
  for (const auto& secret : secrets)
    if (!is_placeholder(secret.value()))
      (known.as_object().contains(secret.key()) ? changed : added)[secret.key()] = secret.value();
  if (!added.empty()) CO_ENSURE(co_await call(item, Method::post, path, std::move(added)));
  if (!changed.empty()) CO_ENSURE(co_await call(item, Method::patch, path, std::move(changed)));
  co_return Result<>();
}

// After the actions that they may name.
Async<> SeedApplication::put_providers() {
  CO_ENSURE(co_await put_email_provider());
  Ids known;
  if (seed_.phone_providers.empty()) co_return Result<>();
  CO_TRY(const auto listed,
         co_await call(seed_.phone_providers.front(), Method::get, std::string(phones_kind.path), nullptr));
  if (const auto* providers = json::array(listed.as_object(), phones_kind.plural))
    for (const auto& one : *providers)
      known[json::string_or(one.as_object(), phones_kind.name)] = json::string_or(one.as_object(), "id");
  for (auto& item : seed_.phone_providers) {
    item.body.erase("id");
    CO_ENSURE(co_await put(phones_kind, known, std::move(item)));
  }
  co_return Result<>();
}

Async<> SeedApplication::put_email_provider() {
  if (!seed_.email_provider || seed_.email_provider->body.empty()) co_return Result<>();
  const SeedItem& item = *seed_.email_provider;
  const std::string path = "/emails/provider";
  const auto known = co_await api_.call(place_, Method::get, path, nullptr);
  if (!known && known.error().kind != ErrorKind::not_found) co_return std::unexpected(known.error());
  CO_ENSURE(co_await call(item, known ? Method::patch : Method::post, path, item.body));
  co_return Result<>();
}

}  // namespace durward::server
