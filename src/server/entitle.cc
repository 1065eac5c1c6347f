#include "server/entitle.h"

#include "endpoint/fields.h"

namespace durward::server {
namespace {

constexpr auto collection = ports::Collection::entitlements;
constexpr std::string_view id = "entitlements";

Async<json::Object> once(const ports::Services& services, domain::TenantId tenant, json::Object patch,
                         ports::Writes writes) {
  CO_TRY(auto known, co_await services.documents.find(tenant, collection, std::string(id)));
  const TimePoint now = services.clock.now();
  auto document = known.value_or(ports::Document{.id = std::string(id), .created_at = now});
  endpoint::merge_patch(document.body, patch);
  document.updated_at = now;
  auto body = document.body;
  if (known)
    writes.push_back(ports::ReplaceDocument{collection, std::move(document), {}});
  else
    writes.push_back(ports::InsertDocument{collection, std::move(document), {}});
  CO_ENSURE(co_await services.committer.commit(tenant, std::move(writes)));
  co_return body;
}

}  // namespace

Async<json::Object> entitlements_of(const ports::Services& services, domain::TenantId tenant) {
  CO_TRY(auto known, co_await services.documents.find(tenant, collection, std::string(id)));
  co_return known ? std::move(known->body) : json::Object();
}

Async<json::Object> entitle(const ports::Services& services, domain::TenantId tenant, json::Object patch,
                            ports::Writes more) {
  auto changed = co_await once(services, tenant, patch, more);
  if (!changed && changed.error().kind == ErrorKind::conflict)
    changed = co_await once(services, tenant, std::move(patch), std::move(more));
  co_return changed;
}

}  // namespace durward::server
