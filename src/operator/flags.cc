#include "operator/flags.h"

#include <algorithm>
#include <cmath>

#include "operator/handler.h"

namespace durward::operators {
namespace {

using endpoint::Call;
using endpoint::Reply;
using endpoint::Type;

constexpr endpoint::Field fields[] = {
    {.path = "value", .type = Type::any, .flags = endpoint::required, .doc = "of the flag's own type"},
    {.path = "percentage",
     .type = Type::number,
     .min = 0,
     .max = 100,
     .doc = "for this share of a tenant's users, in steps of 0.01; without it for everybody"},
    {.path = "tenant", .min = 2, .max = 63, .doc = "only for this tenant"},
    {.path = "environment",
     .min = 1,
     .max = 63,
     .format = "/^[a-z0-9][a-z0-9-]*$/",
     .doc = "only where --environment is this"},
};
const endpoint::Schema& schema() {
  static const endpoint::Schema made("FlagSetting", fields);
  return made;
}

constexpr endpoint::Field evaluation_fields[] = {
    {.path = "context", .type = Type::map, .doc = "OpenFeature's evaluation context; `tenant` is a name"},
};
const endpoint::Schema& evaluation_schema() {
  static const endpoint::Schema made("FlagEvaluation", evaluation_fields);
  return made;
}

const std::vector<endpoint::QueryField> scope_query = {{.name = "tenant", .max = 63},
                                                       {.name = "environment", .max = 63}};

double percentage_of(const domain::FlagRule& rule) { return double(rule.per_ten_thousand) / 100; }

Error no_flag() { return {ErrorKind::not_found, "inexistent_flag", "The flag does not exist.", {}}; }

Result<const domain::Flag*> flag_of(const Call& call) {
  const auto* flag = domain::find_flag(call.parameter("key"));
  if (!flag) return std::unexpected(no_flag());
  return flag;
}

AskedBy asker(const Call& call) { return {call.principal.subject, call.context.ip, call.context.request_id}; }

FlagScope scope_of(const Call& call) {
  return {call.query.get_or("tenant"), call.query.get_or("environment")};
}

json::Object with_settings(const domain::Flag& flag, const std::vector<FlagSetting>& settings) {
  auto out = render(flag);
  json::Array set;
  for (const auto& setting : settings)
    if (setting.key == flag.key) set.push_back(render(setting));
  out["settings"] = std::move(set);
  return out;
}

Async<Reply> list(FlagSettings& settings, Call call) {
  CO_TRY(const auto set, co_await settings.list(call.query.get_or("tenant")));
  json::Array out;
  for (const auto& flag : domain::flags()) out.push_back(with_settings(flag, set));
  co_return Reply{.body = std::move(out)};
}

Async<Reply> read(FlagSettings& settings, Call call) {
  CO_TRY(const auto* flag, flag_of(call));
  CO_TRY(const auto set, co_await settings.list(call.query.get_or("tenant")));
  co_return Reply{.body = with_settings(*flag, set)};
}

domain::FlagRule rule_of(const json::Object& body) {
  domain::FlagRule rule{.value = body.at("value")};
  if (const auto* share = body.if_contains("percentage"))
    rule.per_ten_thousand = std::llround(share->to_number<double>() * 100);
  return rule;
}

Async<Reply> set(FlagSettings& settings, Call call) {
  CO_TRY(const auto* flag, flag_of(call));
  const auto& body = call.object();
  FlagScope scope{json::string_or(body, "tenant"), json::string_or(body, "environment")};
  CO_TRY(const auto made,
         co_await settings.set(std::string(flag->key), std::move(scope), rule_of(body), asker(call)));
  co_return Reply{.body = render(made)};
}

Async<Reply> unset(FlagSettings& settings, Call call) {
  CO_TRY(const auto* flag, flag_of(call));
  CO_ENSURE(co_await settings.unset(std::string(flag->key), scope_of(call), asker(call)));
  co_return Reply{.status = 204};
}

// --- OFREP: https://github.com/open-feature/protocol, service/openapi.yaml

struct Context {
  std::string tenant, targeting_key;
};

// A context is the program's own: what is not text where text is meant is a mistake in it.
Result<Context> context_of(const Call& call) {
  Context out;
  if (!call.body.is_object()) return out;
  const auto* context = json::object(call.object(), "context");
  if (!context) return out;
  for (const auto& [name, into] : {std::pair{"tenant", &out.tenant}, {"targetingKey", &out.targeting_key}}) {
    const auto* value = context->if_contains(name);
    if (!value || value->is_null()) continue;
    if (!value->is_string())
      return fail(ErrorKind::invalid, "INVALID_CONTEXT", std::string(name) + " must be text.");
    *into = json::view(value->get_string());
  }
  return out;
}

Reply ofrep_error(int status, std::string_view key, std::string_view code, std::string_view details) {
  json::Object body{{"errorCode", code}, {"errorDetails", details}};
  if (!key.empty()) body["key"] = key;
  return {.status = status, .body = std::move(body)};
}

json::Object evaluated(std::string_view key, const domain::FlagResolution& resolution) {
  json::Object out{{"key", key}};
  if (!resolution.error_code.empty()) {
    out["errorCode"] = resolution.error_code;
    out["errorDetails"] = "The value is the table's: what was set cannot be read now.";
  }
  out["value"] = resolution.value;
  out["variant"] = resolution.variant;
  out["reason"] = domain::to_string(resolution.reason);
  out["metadata"] = json::Object{{"owner", domain::find_flag(key)->owner},
                                 {"kind", domain::to_string(domain::find_flag(key)->kind)}};
  return out;
}

Async<Reply> evaluate(FlagSettings& settings, Call call) {
  const std::string key = call.parameter("key");
  const auto context = context_of(call);
  if (!context) co_return ofrep_error(400, key, context.error().code, context.error().message);
  if (!domain::find_flag(key)) co_return ofrep_error(404, key, "FLAG_NOT_FOUND", "The flag does not exist.");
  const auto found = co_await settings.evaluate(key, context->tenant, context->targeting_key);
  if (!found && found.error().kind == ErrorKind::not_found)
    co_return ofrep_error(400, key, "INVALID_CONTEXT", found.error().message);
  if (!found) co_return std::unexpected(found.error());
  co_return Reply{.body = evaluated(key, *found)};
}

Async<Reply> evaluate_all(FlagSettings& settings, Call call) {
  const auto context = context_of(call);
  if (!context) co_return ofrep_error(400, "", context.error().code, context.error().message);
  json::Array out;
  for (const auto& flag : domain::flags()) {
    const auto found =
        co_await settings.evaluate(std::string(flag.key), context->tenant, context->targeting_key);
    if (!found && found.error().kind == ErrorKind::not_found)
      co_return ofrep_error(400, "", "INVALID_CONTEXT", found.error().message);
    if (!found) co_return std::unexpected(found.error());
    out.push_back(evaluated(flag.key, *found));
  }
  co_return Reply{.body = json::Object{{"flags", std::move(out)}}};
}

}  // namespace

json::Object render(const domain::Flag& flag) {
  json::Object out{{"key", flag.key},
                   {"owner", flag.owner},
                   {"description", flag.description},
                   {"kind", domain::to_string(flag.kind)},
                   {"default", *json::parse(flag.fallback)}};
  if (!flag.values.empty()) out["values"] = flag.values;
  if (!flag.expires.empty()) out["expires"] = flag.expires;
  return out;
}

json::Object render(const FlagSetting& setting) {
  json::Object out{{"key", setting.key}, {"value", setting.rule.value}};
  if (!setting.scope.tenant.empty()) out["tenant"] = setting.scope.tenant;
  if (!setting.scope.environment.empty()) out["environment"] = setting.scope.environment;
  out["percentage"] = percentage_of(setting.rule);
  out["changed_by"] = setting.changed_by;
  out["changed_at"] = to_iso8601(setting.changed_at);
  out["history"] = setting.history;
  return out;
}

std::vector<endpoint::Endpoint> flag_rows(FlagSettings& settings) {
  using enum http::Method;
  const std::string all = "/operator/v1/flags", one = all + "/{key}", tag = "flags";
  const std::string ofrep = "/ofrep/v1/evaluate/flags";
  return {
      {.id = "operator_list_flags",
       .method = get,
       .path = all,
       .tag = tag,
       .summary = "List feature flags with what is set",
       .scopes = {"read:flags"},
       .query = scope_query,
       .handler = handler<list>(settings)},
      {.id = "operator_get_flag",
       .method = get,
       .path = one,
       .tag = tag,
       .summary = "Get a feature flag with what is set",
       .scopes = {"read:flags"},
       .query = scope_query,
       .handler = handler<read>(settings)},
      {.id = "operator_set_flag",
       .method = put,
       .path = one,
       .tag = tag,
       .summary = "Set a feature flag for the installation, an environment or a tenant",
       .scopes = {"update:flags"},
       .body = &schema(),
       .reply = &schema(),
       .handler = handler<set>(settings)},
      {.id = "operator_unset_flag",
       .method = delete_,
       .path = one,
       .tag = tag,
       .summary = "Take a setting of a feature flag back",
       .scopes = {"update:flags"},
       .success = 204,
       .query = scope_query,
       .handler = handler<unset>(settings)},
      {.id = "ofrep_evaluate_flag",
       .method = post,
       .path = ofrep + "/{key}",
       .tag = tag,
       .summary = "Evaluate a feature flag (OFREP)",
       .scopes = {"read:flags"},
       .body = &evaluation_schema(),
       .body_optional = true,
       .handler = handler<evaluate>(settings)},
      {.id = "ofrep_evaluate_flags",
       .method = post,
       .path = ofrep,
       .tag = tag,
       .summary = "Evaluate all feature flags (OFREP)",
       .scopes = {"read:flags"},
       .body = &evaluation_schema(),
       .body_optional = true,
       .handler = handler<evaluate_all>(settings)},
  };
}

}  // namespace durward::operators
