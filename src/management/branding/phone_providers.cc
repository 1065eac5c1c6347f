#include "management/branding/phone_providers.h"

#include <algorithm>

#include "domain/notification.h"
#include "management/support/scripts.h"
#include "ports/notifications.h"

namespace durward::management::phone_providers {
namespace {

using endpoint::read_only;
using endpoint::required;
using endpoint::Type;

constexpr endpoint::Field provider_fields[] = {
    {.path = "id", .flags = read_only},
    {.path = "tenant", .flags = read_only},
    {.path = "channel", .flags = read_only},
    {.path = "created_at", .flags = read_only},
    {.path = "updated_at", .flags = read_only},
    {.path = "name", .flags = required, .values = "twilio custom"},
    {.path = "disabled", .type = Type::boolean, .fallback = "false"},
    {.path = "configuration", .type = Type::object},
    {.path = "configuration.default_from", .max = 64},
    {.path = "configuration.mssid", .max = 64},
    {.path = "configuration.sid", .max = 64},
    {.path = "configuration.delivery_methods",
     .type = Type::array,
     .min = 1,
     .max = 2,
     .values = "text voice"},
    {.path = "credentials", .type = Type::object, .flags = required},
    {.path = "credentials.auth_token", .flags = endpoint::secret, .min = 1, .max = 255},
};
constexpr endpoint::Field trial_fields[] = {
    {.path = "to", .flags = required, .min = 1, .max = 16, .format = "/^\\+[1-9][0-9]{1,14}$/"},  // E.164
    {.path = "delivery_method", .values = "text voice", .fallback = "\"text\""},
};
constexpr std::string_view secrets[] = {"credentials.auth_token"};

const endpoint::Schema& provider_schema() {
  static const endpoint::Schema made("PhoneProvider", provider_fields);
  return made;
}
const endpoint::Schema& trial_schema() {
  static const endpoint::Schema made("PhoneProviderTrial", trial_fields);
  return made;
}

// One provider a tenant: there is one channel.
std::vector<ports::DocumentKey> document_keys(const json::Object& body) {
  return {{"channel", "phone", true},
          {"disabled", json::boolean_or(body, "disabled", false) ? "true" : "false"}};
}

const json::Object& object_at(const json::Object& body, std::string_view name) {
  static const json::Object none;
  const auto* found = json::object(body, name);
  return found ? *found : none;
}

std::unexpected<Error> missing(const std::string& name, const std::string& where) {
  return invalid_body("Payload validation error: 'Missing required property: " + name + "' on property " +
                      where + ".");
}

// What Twilio cannot be asked without.
Result<> check_twilio(const json::Object& body) {
  const auto& configuration = object_at(body, "configuration");
  const auto has = [&](std::string_view name) { return !json::string_or(configuration, name).empty(); };
  if (!has("sid")) return missing("sid", "configuration");
  if (!has("default_from") && !has("mssid")) return missing("default_from", "configuration");
  const auto methods = json::strings(configuration, "delivery_methods");
  if (!has("default_from") && std::ranges::find(methods, "voice") != methods.end())
    return missing("default_from", "configuration");
  const bool has_token = object_at(body, "credentials").contains("auth_token") ||
                         object_at(body, "_sealed").contains(secrets[0]);
  if (!has_token) return missing("auth_token", "credentials");
  return {};
}

// An action has secrets of its own, and would never see these.
Result<> check_custom(const json::Object& body) {
  for (const auto* name : {"sid", "mssid"})
    if (object_at(body, "configuration").contains(name))
      return invalid_body(
          "Payload validation error: 'custom has no such property' on property configuration." +
          std::string(name) + ".");
  if (object_at(body, "credentials").contains("auth_token") ||
      object_at(body, "_sealed").contains(secrets[0]))
    return invalid_body(
        "Payload validation error: 'custom has no such property' on property credentials.auth_token.");
  return {};
}

Result<> check(const json::Object& body) {
  return json::string_or(body, "name") == domain::custom_provider ? check_custom(body) : check_twilio(body);
}

Async<> check_action(const ports::Services& services, domain::TenantId tenant, const json::Object& body) {
  if (json::string_or(body, "name") != domain::custom_provider) co_return Result<>();
  CO_TRY(const bool deployed,
         co_await has_deployed_action(services, tenant, std::string(domain::phone_trigger)));
  if (deployed) co_return Result<>();
  co_return fail(ErrorKind::not_found, "custom_phone_provider_deployed_action_not_found",
                 "No action with the trigger custom-phone-provider is deployed.");
}

json::Object shown(json::Object body) {
  for (const auto name : {"_sealed", "credentials"}) body.stable_erase(name);
  return body;
}

std::string new_id(Random& random) {
  constexpr std::string_view base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  return "pro_" + random.text(22, base58);
}

Async<Reply> list(const ports::Services& services, Call call) {
  Filter equals;
  if (!call.query.get_or("disabled").empty())
    equals.emplace_back("disabled", flag(call.query, "disabled") ? "true" : "false");
  CO_TRY(auto found, co_await all(services, resource, call.tenant(), std::move(equals)));
  json::Array items;
  for (auto& document : found) items.push_back(shown(std::move(document.body)));
  co_return ok(json::Object{{"providers", std::move(items)}});
}

Async<Reply> read(const ports::Services& services, Call call) {
  CO_TRY(auto document, co_await load(services, resource, call.tenant(), call.parameter("id")));
  co_return ok(shown(std::move(document.body)));
}

Async<Reply> create(const ports::Services& services, Call call) {
  CO_ENSURE(check(call.object()));
  CO_ENSURE(co_await check_action(services, call.tenant(), call.object()));
  json::Object body{
      {"id", new_id(services.random)}, {"tenant", call.context.tenant->name}, {"channel", "phone"}};
  for (const auto& member : call.object()) body[member.key()] = member.value();
  body["created_at"] = body["updated_at"] = to_iso8601(services.clock.now());
  CO_TRY(body, co_await seal(services, resource, call.tenant(), std::move(body)));
  CO_ENSURE(
      co_await insert(services, resource, call.tenant(), body, {api_record(services, call, shown(body))}));
  co_return ok(shown(std::move(body)));
}

bool is_another(const json::Object& body, const json::Object& patch) {
  return patch.contains("name") && patch.at("name") != body.at("name");
}
// The token of one account is not sent with the name of another.
bool is_elsewhere(const json::Object& body, const json::Object& patch) {
  const auto sid = json::string(object_at(patch, "configuration"), "sid");
  return sid && *sid != json::string_or(object_at(body, "configuration"), "sid");
}

Async<Reply> change(const ports::Services& services, Call call) {
  CO_ENSURE(co_await check_action(services, call.tenant(), call.object()));
  CO_TRY(auto patch, co_await seal(services, resource, call.tenant(), call.object()));
  Change apply = [patch, now = services.clock.now()](json::Object& body) -> Result<> {
    const bool another = is_another(body, patch);
    if (another) body.stable_erase("configuration");
    if (another || is_elsewhere(body, patch)) body.stable_erase("_sealed");
    constexpr std::string_view merged[] = {"_sealed"};
    endpoint::merge_patch(body, patch, merged);
    body["updated_at"] = to_iso8601(now);
    return check(body);
  };
  CO_TRY(auto body, co_await update(services, resource, call.tenant(), call.parameter("id"), std::move(apply),
                                    {api_record(services, call)}));
  co_return ok(shown(std::move(body)));
}

Async<Reply> destroy(const ports::Services& services, Call call) {
  CO_ENSURE(
      co_await remove(services, resource, call.tenant(), call.parameter("id"), {api_record(services, call)}));
  co_return no_content();
}

// ---- a message to try it with

constexpr std::string_view trial_code = "000000";

ports::PhoneMessage trial_message(const Call& call, const domain::TenantSettings& settings) {
  const std::string& name = call.context.tenant->name;
  const std::string product = settings.friendly_name.empty() ? name : settings.friendly_name;
  const std::string text =
      "This is a test message of " + product + ". The code " + std::string(trial_code) + " opens nothing.";
  return {.tenant = name,
          .recipient = json::string_or(call.object(), "to"),
          .delivery_method = json::string_or(call.object(), "delivery_method"),
          .message_type = "otp_verify",
          .as_text = text,
          .as_voice = text,
          .code = std::string(trial_code),
          .locale = "en",
          .is_trial = true,
          .about = {.user_id = {},
                    .client_id = call.principal.client_id,
                    .connection = {},
                    .ip = call.context.ip,
                    .user_agent = call.context.user_agent,
                    .hostname = call.context.host,
                    .method = "POST"}};
}

Result<> check_method(const json::Object& provider, const std::string& wanted) {
  const auto methods = json::strings(object_at(provider, "configuration"), "delivery_methods");
  if (methods.empty() || std::ranges::find(methods, wanted) != methods.end()) return {};
  return invalid_body("The provider does not deliver by " + wanted + ".");
}

Async<Reply> try_it(const ports::Services& services, Call call) {
  const auto tenant = call.tenant();
  CO_TRY(const auto document, co_await load(services, resource, tenant, call.parameter("id")));
  CO_ENSURE(check_method(document.body, json::string_or(call.object(), "delivery_method")));
  CO_TRY(const auto settings, co_await services.configuration.settings(tenant));
  const auto message = trial_message(call, *settings);
  CO_ENSURE(co_await services.committer.commit(
      tenant, {ports::phone_job(services.sequence.next(), message, services.clock.now()),
               api_record(services, call)}));
  co_return ok(json::Object{{"code", 202}, {"message", "The message is on its way."}});
}

}  // namespace

const Resource resource = {
    .collection = ports::Collection::phone_providers,
    .id_member = "id",
    .plural = "providers",
    .missing = {ErrorKind::not_found, "inexistent_phone_provider", "The phone provider does not exist."},
    .taken = {ErrorKind::conflict, "phone_provider_conflict", "There is a phone provider already."},
    .keys = document_keys,
    .secrets = secrets,
};

std::vector<Endpoint> rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string base = "/api/v2/branding/phone/providers", one = base + "/{id}", tag = "branding";
  const auto* schema = &provider_schema();
  return {
      {.id = "list_phone_providers",
       .method = get,
       .path = base,
       .tag = tag,
       .summary = "Get phone providers",
       .scopes = {"read:phone_providers"},
       .rate = management_read,
       .query = {{.name = "disabled", .type = Type::boolean}},
       .reply = schema,
       .handler = handler<list>(services)},
      {.id = "create_phone_provider",
       .method = post,
       .path = base,
       .tag = tag,
       .summary = "Configure the phone provider",
       .scopes = {"create:phone_providers"},
       .rate = management_write,
       .success = 201,
       .body = schema,
       .reply = schema,
       .handler = handler<create>(services)},
      {.id = "get_phone_provider",
       .method = get,
       .path = one,
       .tag = tag,
       .summary = "Get a phone provider",
       .scopes = {"read:phone_providers"},
       .rate = management_read,
       .reply = schema,
       .handler = handler<read>(services)},
      {.id = "update_phone_provider",
       .method = patch,
       .path = one,
       .tag = tag,
       .summary = "Update the phone provider",
       .scopes = {"update:phone_providers"},
       .rate = management_write,
       .body = schema,
       .reply = schema,
       .handler = handler<change>(services)},
      {.id = "delete_phone_provider",
       .method = delete_,
       .path = one,
       .tag = tag,
       .summary = "Delete a phone provider",
       .scopes = {"delete:phone_providers"},
       .rate = management_write,
       .success = 204,
       .handler = handler<destroy>(services)},
      {.id = "try_phone_provider",
       .method = post,
       .path = one + "/try",
       .tag = tag,
       .summary = "Send a test message with a phone provider",
       .scopes = {"create:phone_providers"},
       .rate = management_write,
       .success = 202,
       .body = &trial_schema(),
       .handler = handler<try_it>(services)},
  };
}

}  // namespace durward::management::phone_providers
