#include "management/support/scripts.h"

#include "base/encoding.h"
#include "crypto/hash.h"
#include "management/support/replies.h"

namespace durward::management {
namespace {

constexpr std::string_view bundle_member = "script_modules";
constexpr ports::Collection bundle_users[] = {
    ports::Collection::action_versions, ports::Collection::action_module_versions, ports::Collection::hooks};

struct Naming {
  ports::Collection collection;
  std::string_view what;
  bool goes_too;  // with the action
};
constexpr Naming namings[] = {{ports::Collection::token_exchange_profiles, "a token exchange profile", true},
                              {ports::Collection::event_streams, "an event stream", false}};

std::unexpected<Error> invalid_script(const ports::ScriptError& error) {
  std::string message = error.name.empty() ? error.message : error.name + ": " + error.message;
  if (const auto line = json::integer(error.members, "line"))
    message += " (line " + std::to_string(*line) + ")";
  return fail(ErrorKind::invalid, "invalid_script", std::move(message));
}

std::optional<ports::ScriptError> error_of(const ports::ScriptOutcome& outcome) {
  for (const auto& result : outcome.results)
    if (result.error) return result.error;
  const auto* error = json::object(outcome.output, "error");
  if (!error) return {};
  ports::ScriptError out{.kind = json::string_or(*error, "kind"),
                         .name = json::string_or(*error, "name"),
                         .message = json::string_or(*error, "message")};
  if (const auto* members = json::object(*error, "members")) out.members = *members;
  return out;
}

Async<std::string> compile(const ports::Services& services, domain::TenantId tenant, json::Object input) {
  ports::ScriptCall call{.contract = ports::Contract::build, .input = std::move(input)};
  CO_TRY(const auto outcome, co_await services.scripts.run(tenant, std::move(call)));
  if (const auto error = error_of(outcome)) co_return invalid_script(*error);
  co_return json::string_or(outcome.output, "code");
}

Async<bool> is_bundle_used(const ports::Services& services, domain::TenantId tenant, std::string id) {
  for (const auto collection : bundle_users) {
    CO_TRY(const auto found,
           co_await services.documents.find_by(tenant, collection, std::string(bundle_member), id));
    if (found) co_return true;
  }
  co_return false;
}

}  // namespace

Async<std::string> build(const ports::Services& services, domain::TenantId tenant, std::string code,
                         CodeForm form) {
  json::Object input{{"code", std::move(code)},
                     {"form", form == CodeForm::module ? "module" : "function"},
                     {"typescript", form == CodeForm::module}};
  co_return co_await compile(services, tenant, std::move(input));
}

Async<> check_syntax(const ports::Services& services, domain::TenantId tenant, std::string code,
                     CodeForm form, std::string where) {
  const auto built = co_await build(services, tenant, std::move(code), form);
  if (!built && built.error().code == "invalid_script")
    co_return invalid_body("The script '" + where + "' is not valid: " + built.error().message);
  co_return Result<>();
}

Async<std::string> fetch_modules(const ports::Services& services, json::Array dependencies) {
  std::vector<ports::ModuleName> modules;
  for (const auto& item : dependencies) {
    const auto& dependency = item.as_object();
    modules.push_back({json::string_or(dependency, "name"), json::string_or(dependency, "version")});
  }
  if (modules.empty()) co_return std::string();
  auto text = co_await services.modules.bundle(std::move(modules));
  if (!text && text.error().kind == ErrorKind::invalid)
    co_return invalid_body("The dependencies cannot be used: " + text.error().message);
  co_return text;
}

std::string bundle_id(std::string_view text) {
  return text.empty() ? std::string() : to_hex(crypto::sha256(text));
}

// Written again when it is there: so a sweep that looked before it was used loses the race.
Async<ports::Writes> bundle_writes(const ports::Services& services, domain::TenantId tenant,
                                   std::string text) {
  if (text.empty()) co_return ports::Writes{};
  const auto collection = ports::Collection::script_modules;
  const std::string id = bundle_id(text);
  CO_TRY(auto found, co_await services.documents.find(tenant, collection, id));
  const TimePoint now = services.clock.now();
  if (found) {
    found->updated_at = now;
    co_return ports::Writes{ports::ReplaceDocument{collection, *std::move(found), {}}};
  }
  json::Object body{{"text", std::move(text)}};
  ports::Document document{.id = id, .body = std::move(body), .created_at = now, .updated_at = now};
  co_return ports::Writes{ports::InsertDocument{collection, std::move(document), {}}};
}

Async<std::string> bundle_text(const ports::Services& services, domain::TenantId tenant, std::string id) {
  if (id.empty()) co_return std::string();
  CO_TRY(const auto found, co_await services.documents.find(tenant, ports::Collection::script_modules, id));
  if (!found) co_return fail(ErrorKind::internal, "configuration_damaged", {}, "script_modules " + id);
  co_return json::string_or(found->body, "text");
}

// Replaced before it is removed, which fails when somebody began to use it since it was read.
Async<> sweep_bundle(const ports::Services& services, domain::TenantId tenant, std::string id) {
  if (id.empty()) co_return Result<>();
  const auto collection = ports::Collection::script_modules;
  CO_TRY(auto found, co_await services.documents.find(tenant, collection, id));
  if (!found) co_return Result<>();
  CO_TRY(const bool used, co_await is_bundle_used(services, tenant, id));
  if (used) co_return Result<>();
  ports::Writes writes = {ports::ReplaceDocument{collection, *std::move(found), {}},
                          ports::RemoveDocument{collection, id}};
  auto done = co_await services.committer.commit(tenant, std::move(writes));
  if (!done && !is_lost_race(done.error()) && done.error().kind != ErrorKind::not_found) co_return done;
  co_return Result<>();
}

void add_bundle_key(std::vector<ports::DocumentKey>& keys, const json::Object& body) {
  const std::string id = json::string_or(body, bundle_member);
  if (!id.empty()) keys.push_back({std::string(bundle_member), id});
}

Async<bool> has_deployed_action(const ports::Services& services, domain::TenantId tenant,
                                std::string trigger) {
  ports::DocumentQuery query{.equals = {{"trigger", std::move(trigger)}, {"deployed", "true"}}, .limit = 1};
  CO_TRY(const auto found,
         co_await services.documents.list(tenant, ports::Collection::actions, std::move(query)));
  co_return !found.items.empty();
}

Async<std::string> named_by(const ports::Services& services, domain::TenantId tenant, std::string action_id) {
  for (const auto& naming : namings) {
    CO_TRY(const auto found, co_await services.documents.find_by(tenant, naming.collection,
                                                                 std::string(named_action_key), action_id));
    if (found) co_return std::string(naming.what);
  }
  co_return std::string();
}

ports::Writes removal_of_naming(const std::string& action_id) {
  ports::Writes out;
  for (const auto& naming : namings)
    if (naming.goes_too)
      out.push_back(ports::RemoveDocumentsBy{naming.collection, std::string(named_action_key), action_id});
  return out;
}

bool is_lost_race(const Error& error) {
  return error.code == "version_changed" || error.code == "document_exists";
}

}  // namespace durward::management
