#pragma once
#include "endpoint/endpoint.h"
#include "management/support/documents.h"

// The document of an API (resource server): defaults and look-up. No request is known here.
namespace durward::management::resource_servers {

extern const Resource resource;

// Completes a checked body: id, signing secret and defaults.
json::Object new_resource_server(json::Object body, Random& random);
// The system API of a tenant, as it is stored: its scopes are the program's.
json::Object system_api(std::string_view identifier, Random& random);
// A stored body as it is shown: the system API has every scope.
json::Object with_scopes(json::Object body);

// By id or identifier. Identifiers arrive doubly encoded from some tools, so what does not match is decoded
// once more; the management API is found under every host of its tenant. With its scopes. Fails with
// resource.missing.
Async<ports::Document> find(const ports::Services& services, endpoint::RequestContext context,
                            std::string key);

}  // namespace durward::management::resource_servers
