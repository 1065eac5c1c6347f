#pragma once
#include "domain/trigger.h"
#include "management/support/documents.h"

// The documents of actions. An action is its draft: what the API shows, beside "deployed_version_id" (the
// version that runs) and "versions_made". A version is frozen: "built_code" is what runs, "script_modules"
// names the text with its modules. A trigger's bindings are one document, so that their order is that of an
// array.
namespace durward::management::actions {

extern const Resource action_resource, version_resource, bindings_resource, module_resource,
    module_version_resource;

// A checked body as the document of a new draft, without its secrets and its state of building.
Result<json::Object> new_action(json::Object body, Random& random, TimePoint now);
// {id, version} of the current version of the trigger. invalid/"invalid_body" for another one.
Result<json::Array> trigger_reference(const json::Array& supported_triggers);
const domain::Trigger& trigger_of(const json::Object& action);
// An own registry would be asked with the installation's rights.
Result<> check_dependencies(const json::Object& body);

// What became of building a draft.
void mark_built(json::Object& action, const Result<std::string>& built, TimePoint now);

// What the API shows: without what is the store's.
json::Object shown_action(json::Object body);
json::Object shown_version(json::Object body, bool deployed);
// An action inside of a version or a binding.
json::Object summary_of(const json::Object& action);

// {key: items, total, page, per_page}
Reply paged(const endpoint::Paging& paging, std::string_view key, json::Array items, int64_t total);
Result<endpoint::Paging> parse_pages(const http::Parameters& query);

}  // namespace durward::management::actions
