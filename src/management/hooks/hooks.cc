#include "management/hooks/hooks.h"

#include <algorithm>

#include "domain/script.h"
#include "management/support/scripts.h"
#include "management/support/secrets.h"

namespace durward::management::hooks {
namespace {

using endpoint::required;
using endpoint::Type;

constexpr std::string_view hidden = "_VALUE_NOT_SHOWN_";
constexpr double secrets_max = 20;

constexpr endpoint::Field hook_fields[] = {
    {.path = "id", .flags = endpoint::read_only},
    {.path = "name",
     .flags = required,
     .min = 1,
     .max = 255,
     .format = "/^[a-zA-Z0-9]([ \\-a-zA-Z0-9]*[a-zA-Z0-9])?$/"},
    {.path = "script", .flags = required, .min = 1, .max = code_max},
    {.path = "enabled", .type = Type::boolean, .fallback = "false"},
    {.path = "dependencies", .type = Type::map, .max = 100, .fallback = "{}"},
    {.path = "dependencies.*", .max = 50, .format = "/^[0-9A-Za-z.^~*+-]+$/"},
    {.path = "triggerId",
     .flags = required | endpoint::create_only,
     .values = "credentials-exchange pre-user-registration post-user-registration post-change-password "
               "send-phone-message"},
};
constexpr endpoint::Field secret_names_fields[] = {{.path = "[]", .min = 1, .max = 128}};

const endpoint::Schema& hook_schema() {
  static const endpoint::Schema made("Hook", hook_fields);
  return made;
}
// A map of free names has no rows; `values_of` checks it.
const endpoint::Schema& secrets_schema() {
  static const endpoint::Schema made("HookSecrets", {}, true);
  return made;
}
const endpoint::Schema& secret_names_schema() {
  static const endpoint::Schema made("HookSecretNames", secret_names_fields);
  return made;
}

std::vector<ports::DocumentKey> document_keys(const json::Object& body) {
  const bool enabled = json::boolean_or(body, "enabled", false);
  const std::string trigger = json::string_or(body, "triggerId");
  std::vector<ports::DocumentKey> keys = {{"triggerId", trigger}, {"enabled", enabled ? "true" : "false"}};
  if (enabled) keys.push_back({"enabled_at", trigger, true});
  add_bundle_key(keys, body);
  return keys;
}

const Resource resource = {
    .collection = ports::Collection::hooks,
    .id_member = "id",
    .plural = "hooks",
    .missing = {ErrorKind::not_found, "inexistent_hook", "The hook does not exist."},
    .taken = {ErrorKind::conflict, "hook_conflict", "Another hook is enabled for this trigger already."},
    .keys = document_keys,
};

// 48 bits of time and 80 random ones in Crockford's base 32.
std::string ulid(Random& random, TimePoint now) {
  constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string out = random.text(26, alphabet);
  auto time = uint64_t(to_unix_ms(now));
  for (size_t i = 10; i-- > 0; time >>= 5) out[i] = alphabet[time & 31];
  return out;
}

json::Object shown(json::Object body) {
  for (const auto name : {"_sealed", "secrets", "script_modules"}) body.stable_erase(name);
  return body;
}

json::Array module_list(const json::Object& body) {
  json::Array out;
  if (const auto* dependencies = json::object(body, "dependencies"))
    for (const auto& member : *dependencies)
      out.push_back(json::Object{{"name", member.key()}, {"version", member.value()}});
  return out;
}

// "module.exports = function (client, scope, audience, context, cb) ..." as in the documentation, or the
// function alone.
CodeForm form_of(const std::string& script) {
  return script.contains("exports") ? CodeForm::module : CodeForm::function;
}

// A hook has no deployment: what it declares is fetched when it is saved.
struct Prepared {
  json::Object members;
  ports::Writes writes;
};
Async<Prepared> prepare(const ports::Services& services, Call call) {
  Prepared out{.members = call.object()};
  const auto tenant = call.tenant();
  if (const auto script = json::string(out.members, "script"))
    CO_ENSURE(co_await check_syntax(services, tenant, *script, form_of(*script),
                                    json::string_or(out.members, "name", "hook")));
  if (!out.members.contains("dependencies")) co_return out;
  CO_TRY(auto text, co_await fetch_modules(services, module_list(out.members)));
  out.members["script_modules"] = bundle_id(text);
  CO_TRY(out.writes, co_await bundle_writes(services, tenant, std::move(text)));
  co_return out;
}

Async<Reply> list(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query));
  Filter equals;
  if (const auto trigger = call.query.get("triggerId"); trigger && !trigger->empty())
    equals.emplace_back("triggerId", *trigger);
  if (!call.query.get_or("enabled").empty())
    equals.emplace_back("enabled", flag(call.query, "enabled") ? "true" : "false");
  CO_TRY(auto found, co_await page(services, resource, call.tenant(), std::move(equals), paging));
  json::Array items;
  for (auto& document : found.items)
    items.push_back(select_fields(call.query, shown(std::move(document.body))));
  co_return ok(endpoint::render_list(paging, resource.plural, std::move(items), found.total, found.next));
}

Async<Reply> read(const ports::Services& services, Call call) {
  CO_TRY(auto document, co_await load(services, resource, call.tenant(), call.parameter("id")));
  co_return ok(select_fields(call.query, shown(std::move(document.body))));
}

Async<Reply> create(const ports::Services& services, Call call) {
  CO_TRY(auto prepared, co_await prepare(services, call));
  json::Object body{{"id", ulid(services.random, services.clock.now())}};
  for (const auto& member : prepared.members) body[member.key()] = member.value();
  auto more = std::move(prepared.writes);
  more.push_back(api_record(services, call, body));
  CO_ENSURE(co_await insert(services, resource, call.tenant(), body, std::move(more)));
  co_return ok(shown(std::move(body)));
}

Async<Reply> change(const ports::Services& services, Call call) {
  const std::string id = call.parameter("id");
  CO_TRY(const auto before, co_await load(services, resource, call.tenant(), id));
  CO_TRY(auto prepared, co_await prepare(services, call));
  auto more = std::move(prepared.writes);
  more.push_back(api_record(services, call));
  CO_TRY(auto body, co_await update(services, resource, call.tenant(), id,
                                    merging(std::move(prepared.members)), std::move(more)));
  const std::string old = json::string_or(before.body, "script_modules");
  if (old != json::string_or(body, "script_modules"))
    CO_ENSURE(co_await sweep_bundle(services, call.tenant(), old));
  co_return ok(shown(std::move(body)));
}

Async<Reply> destroy(const ports::Services& services, Call call) {
  const std::string id = call.parameter("id");
  CO_TRY(const auto found, co_await services.documents.find(call.tenant(), resource.collection, id));
  if (!found) co_return no_content();
  CO_ENSURE(co_await remove(services, resource, call.tenant(), id, {api_record(services, call)}));
  CO_ENSURE(co_await sweep_bundle(services, call.tenant(), json::string_or(found->body, "script_modules")));
  co_return no_content();
}

// ---- secrets

json::Array secrets_of(const json::Object& body) {
  const auto* listed = json::array(body, "secrets");
  return listed ? *listed : json::Array();
}

bool has_secret(const json::Object& body, std::string_view name) {
  const auto listed = secrets_of(body);
  return std::ranges::any_of(
      listed, [&](const auto& item) { return json::string_or(item.as_object(), "name") == name; });
}

Result<json::Array> values_of(const json::Object& map) {
  json::Array out;
  for (const auto& member : map) {
    const std::string_view name = member.key();
    const auto* value = member.value().if_string();
    if (name.empty() || name.size() > 128 || !value || value->size() > 4096)
      return invalid_body(
          "Payload validation error: 'A secret has a name of 1 to 128 and a text of at most "
          "4096 characters' on property " +
          std::string(name.substr(0, 128)) + ".");
    out.push_back(json::Object{{"name", name}, {"value", json::view(*value)}});
  }
  if (double(out.size()) > secrets_max || out.empty())
    return invalid_body("Payload validation error: 'A hook has 1 to 20 secrets'.");
  return out;
}

Async<Reply> list_secrets(const ports::Services& services, Call call) {
  CO_TRY(const auto document, co_await load(services, resource, call.tenant(), call.parameter("id")));
  json::Object out;
  for (const auto& item : secrets_of(document.body)) out[json::string_or(item.as_object(), "name")] = hidden;
  co_return ok(std::move(out));
}

enum class Wanted { absent, present };

// The secrets that are there with `sealed` over them.
Result<> put_secrets(json::Object& body, const json::Array& sealed, Wanted wanted, TimePoint now) {
  json::Array all_of = sealed;
  for (const auto& item : sealed) {
    const std::string name = json::string_or(item.as_object(), "name");
    if (has_secret(body, name) && wanted == Wanted::absent)
      return fail(ErrorKind::conflict, "hook_secret_conflict", "The secret '" + name + "' already exists.");
    if (!has_secret(body, name) && wanted == Wanted::present)
      return fail(ErrorKind::not_found, "inexistent_hook_secret",
                  "The secret '" + name + "' does not exist.");
  }
  for (const auto& item : secrets_of(body)) {
    const std::string name = json::string_or(item.as_object(), "name");
    const auto is_same = [&](const auto& other) {
      return json::string_or(other.as_object(), "name") == name;
    };
    if (std::ranges::none_of(sealed, is_same)) all_of.push_back(json::Object{{"name", name}});
  }
  if (double(all_of.size()) > secrets_max) return invalid_body("A hook has at most 20 secrets.");
  return replace_secrets(body, all_of, now);
}

template <Wanted wanted>
Async<Reply> write_secrets(const ports::Services& services, Call call) {
  CO_TRY(auto values, values_of(call.object()));
  CO_TRY(const auto sealed,
         co_await seal_secrets(services, resource.collection, call.tenant(), std::move(values)));
  Change apply = [sealed, now = services.clock.now()](json::Object& body) {
    return put_secrets(body, sealed, wanted, now);
  };
  CO_ENSURE(co_await update(services, resource, call.tenant(), call.parameter("id"), std::move(apply),
                            {api_record(services, call)}));
  co_return ok(json::Object());
}

Async<Reply> remove_secrets(const ports::Services& services, Call call) {
  std::vector<std::string> names;
  for (const auto& item : call.body.get_array()) names.emplace_back(json::view(item.as_string()));
  if (names.empty()) co_return invalid_body("Payload validation error: 'Array is too short (0), minimum 1'.");
  Change apply = [names, now = services.clock.now()](json::Object& body) {
    auto kept = secrets_of(body);
    remove_items(kept, [&](const json::Value& item) {
      return std::ranges::find(names, json::string_or(item.as_object(), "name")) != names.end();
    });
    return replace_secrets(body, kept, now);
  };
  CO_ENSURE(co_await update(services, resource, call.tenant(), call.parameter("id"), std::move(apply),
                            {api_record(services, call)}));
  co_return no_content();
}

std::vector<Endpoint> secret_rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string path = "/api/v2/hooks/{id}/secrets", tag = "hooks";
  return {
      {.id = "list_hook_secrets",
       .method = get,
       .path = path,
       .tag = tag,
       .summary = "Get hook secrets",
       .scopes = {"read:hooks"},
       .rate = management_read,
       .handler = handler<list_secrets>(services)},
      {.id = "add_hook_secrets",
       .method = post,
       .path = path,
       .tag = tag,
       .summary = "Add hook secrets",
       .scopes = {"update:hooks"},
       .rate = management_write,
       .success = 201,
       .body = &secrets_schema(),
       .handler = handler<write_secrets<Wanted::absent>>(services)},
      {.id = "update_hook_secrets",
       .method = patch,
       .path = path,
       .tag = tag,
       .summary = "Update hook secrets",
       .scopes = {"update:hooks"},
       .rate = management_write,
       .success = 201,
       .body = &secrets_schema(),
       .handler = handler<write_secrets<Wanted::present>>(services)},
      {.id = "delete_hook_secrets",
       .method = delete_,
       .path = path,
       .tag = tag,
       .summary = "Delete hook secrets",
       .scopes = {"delete:hooks"},
       .rate = management_write,
       .success = 204,
       .body = &secret_names_schema(),
       .handler = handler<remove_secrets>(services)},
  };
}

}  // namespace

std::vector<Endpoint> rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string base = "/api/v2/hooks", one = base + "/{id}", tag = "hooks";
  const auto* schema = &hook_schema();
  std::vector<Endpoint> out = {
      {.id = "list_hooks",
       .method = get,
       .path = base,
       .tag = tag,
       .summary = "Get hooks",
       .scopes = {"read:hooks"},
       .rate = management_read,
       .query = fields_query({{.name = "enabled", .type = Type::boolean}, {.name = "triggerId", .max = 100}}),
       .reply = schema,
       .handler = handler<list>(services)},
      {.id = "create_hook",
       .method = post,
       .path = base,
       .tag = tag,
       .summary = "Create a hook",
       .scopes = {"create:hooks"},
       .rate = management_write,
       .success = 201,
       .body = schema,
       .reply = schema,
       .handler = handler<create>(services)},
      {.id = "get_hook",
       .method = get,
       .path = one,
       .tag = tag,
       .summary = "Get a hook",
       .scopes = {"read:hooks"},
       .rate = management_read,
       .query = fields_query(),
       .reply = schema,
       .handler = handler<read>(services)},
      {.id = "update_hook",
       .method = patch,
       .path = one,
       .tag = tag,
       .summary = "Update a hook",
       .scopes = {"update:hooks"},
       .rate = management_write,
       .body = schema,
       .reply = schema,
       .handler = handler<change>(services)},
      {.id = "delete_hook",
       .method = delete_,
       .path = one,
       .tag = tag,
       .summary = "Delete a hook",
       .scopes = {"delete:hooks"},
       .rate = management_write,
       .success = 204,
       .handler = handler<destroy>(services)},
  };
  std::ranges::move(secret_rows(services), std::back_inserter(out));
  return out;
}

}  // namespace durward::management::hooks
