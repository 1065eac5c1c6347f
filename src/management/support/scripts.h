#pragma once
#include <string>
#include <string_view>

#include "ports/services.h"

// What customers' code goes through before it is kept (docs/adr/0023-customer-code.md).
namespace durward::management {

// An action is a module that exports its handlers, and most hooks one that exports their function; rules and
// database scripts are one function.
enum class CodeForm { module, function };

// Source of one script, in bytes.
inline constexpr double code_max = 100'000;

// The JavaScript of `code`: types of TypeScript are taken out, the syntax is checked, nothing of it runs.
// Errors: invalid/"invalid_script" with what the engine says and the line; unavailable as ports::Scripts.
Async<std::string> build(const ports::Services& services, domain::TenantId tenant, std::string code,
                         CodeForm form);

// Refuses code with a syntax error: invalid/"invalid_body", `where` says which. What cannot be checked now,
// because no sandbox answers, is found out when it runs: configuration is not refused for that.
Async<> check_syntax(const ports::Services& services, domain::TenantId tenant, std::string code,
                     CodeForm form, std::string where);

// Whether an action of this trigger is deployed: for what names a trigger that has one action.
Async<bool> has_deployed_action(const ports::Services& services, domain::TenantId tenant,
                                std::string trigger);

// --- modules: one text for all that a script declares, a document named by its SHA-256

// `dependencies`: [{name, version}]. Empty text for none. invalid/"invalid_body" with the builder's reason.
Async<std::string> fetch_modules(const ports::Services& services, json::Array dependencies);
// "" for an empty text.
std::string bundle_id(std::string_view text);
// Writes of the commit that makes somebody use the text. They fail with version_changed or document_exists
// when another commit does the same or removes it meanwhile: then ask again.
Async<ports::Writes> bundle_writes(const ports::Services& services, domain::TenantId tenant,
                                   std::string text);
// The text of a bundle that is in use; "" for "".
Async<std::string> bundle_text(const ports::Services& services, domain::TenantId tenant, std::string id);
// Removes the bundle when nothing uses it any more.
Async<> sweep_bundle(const ports::Services& services, domain::TenantId tenant, std::string id);
// The key by which users of a bundle are found; for Resource::keys.
void add_bundle_key(std::vector<ports::DocumentKey>& keys, const json::Object& body);

// --- actions that are named instead of bound

// Documents that name an action do it under this key.
inline constexpr std::string_view named_action_key = "action";
// What names the action, for people: "an event stream". Empty: nothing does.
Async<std::string> named_by(const ports::Services& services, domain::TenantId tenant, std::string action_id);
// Writes that remove with the action what cannot be without it.
ports::Writes removal_of_naming(const std::string& action_id);

// True for the errors after which a commit that read before is made again from the beginning.
bool is_lost_race(const Error& error);
inline constexpr int race_attempts_max = 5;

}  // namespace durward::management
