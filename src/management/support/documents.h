#pragma once
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "endpoint/fields.h"
#include "endpoint/paging.h"
#include "management/support/audit.h"
#include "management/support/replies.h"

// The operations that all configuration resources share, over ports::Documents and one commit per request.
namespace durward::management {

// A kind of configuration document. Tables of these are constants.
struct Resource {
  ports::Collection collection;
  std::string_view id_member;  // "client_id"
  std::string_view plural;     // "clients"
  Error missing;               // the 404 of this resource
  Error taken;                 // its 409
  std::vector<ports::DocumentKey> (*keys)(const json::Object& body);
  // Members that are sealed in the store, as dotted paths: body["_sealed"][path], sealed for the purpose
  // "collection.path".
  std::span<const std::string_view> secrets = {};
};

// The stored document. Fails with resource.missing.
Async<ports::Document> load(const ports::Services& services, const Resource& resource,
                            domain::TenantId tenant, std::string id);

// Moves the secrets of `body` into body["_sealed"]; a null secret becomes a null there, which removes it in a
// merge.
Async<json::Object> seal(const ports::Services& services, const Resource& resource, domain::TenantId tenant,
                         json::Object body);
// What the API shows: `body` without "_sealed", with the secrets put back when `with_secrets`.
Async<json::Object> reveal(const ports::Services& services, const Resource& resource, domain::TenantId tenant,
                           json::Object body, bool with_secrets);

// Writes that make a new document of a sealed body.
ports::Write insertion(const ports::Services& services, const Resource& resource, json::Object body);
// Commits the insertion with `more` writes. Fails with resource.taken.
Async<> insert(const ports::Services& services, const Resource& resource, domain::TenantId tenant,
               json::Object body, ports::Writes more);

// Applies `change` to the stored body and commits it with `more` writes. When somebody else changed the
// document meanwhile, `change` is applied again to the new state, so it must not remember anything.
using Change = std::function<Result<>(json::Object& body)>;
Async<json::Object> update(const ports::Services& services, const Resource& resource, domain::TenantId tenant,
                           std::string id, Change change, ports::Writes more);
// A change that merges a sealed patch.
Change merging(json::Object patch, std::vector<std::string_view> merged_members = {});

// Removes a document with `more` writes. False when there was none.
Async<bool> remove(const ports::Services& services, const Resource& resource, domain::TenantId tenant,
                   std::string id, ports::Writes more);

using Filter = std::vector<std::pair<std::string, std::string>>;
Async<ports::DocumentPage> page(const ports::Services& services, const Resource& resource,
                                domain::TenantId tenant, Filter equals, endpoint::Paging paging);
// The page as the API shows it, of documents that are shown as they are stored.
Reply ok_page(const Resource& resource, const endpoint::Paging& paging, ports::DocumentPage found);
// Every document that fits, up to a bound that no tenant reaches: for filters the store has no key for.
Async<std::vector<ports::Document>> all(const ports::Services& services, const Resource& resource,
                                        domain::TenantId tenant, Filter equals = {});
inline constexpr int64_t all_max = 10'000;

// A commit error of one resource: document_exists becomes resource.taken.
Error translate(const Resource& resource, Error error);

}  // namespace durward::management
