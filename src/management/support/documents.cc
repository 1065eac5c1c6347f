#include "management/support/documents.h"

#include <algorithm>

namespace durward::management {
namespace {

constexpr int attempts_max = 5;

std::string purpose_of(const Resource& resource, std::string_view path) {
  return std::string(to_string(resource.collection)) + "." + std::string(path);
}

// The object that holds the last step of a dotted path, and that step.
struct Place {
  json::Object* parent = nullptr;
  std::string_view name;
};
Place find_place(json::Object& body, std::string_view path) {
  json::Object* parent = &body;
  for (size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    json::Value* next = parent->if_contains(path.substr(0, dot));
    if (!next || !next->is_object()) return {};
    parent = &next->get_object();
    path.remove_prefix(dot + 1);
  }
  return {parent, path};
}

json::Object& sealed_of(json::Object& body) {
  json::Value& sealed = body["_sealed"];
  if (!sealed.is_object()) sealed = json::Object();
  return sealed.get_object();
}

}  // namespace

Error translate(const Resource& resource, Error error) {
  if (error.code == "document_exists") return resource.taken;
  if (error.code == "not_found") return resource.missing;
  return error;
}

Async<ports::Document> load(const ports::Services& services, const Resource& resource,
                            domain::TenantId tenant, std::string id) {
  CO_TRY(auto found, co_await services.documents.find(tenant, resource.collection, std::move(id)));
  if (!found) co_return std::unexpected(resource.missing);
  co_return *std::move(found);
}

Async<json::Object> seal(const ports::Services& services, const Resource& resource, domain::TenantId tenant,
                         json::Object body) {
  for (const auto path : resource.secrets) {
    const Place place = find_place(body, path);
    const json::Value* value = place.parent ? place.parent->if_contains(place.name) : nullptr;
    if (!value || !(value->is_string() || value->is_null())) continue;
    json::Value sealed;
    if (value->is_string()) {
      std::string text(json::view(value->get_string()));
      CO_TRY(sealed, co_await services.vault.seal(tenant, purpose_of(resource, path), std::move(text)));
    }
    place.parent->stable_erase(place.name);
    sealed_of(body)[path] = std::move(sealed);
  }
  co_return body;
}

Async<json::Object> reveal(const ports::Services& services, const Resource& resource, domain::TenantId tenant,
                           json::Object body, bool with_secrets) {
  json::Object sealed;
  if (const auto* found = json::object(body, "_sealed")) sealed = *found;
  body.stable_erase("_sealed");
  if (!with_secrets) co_return body;
  for (const auto path : resource.secrets) {
    const auto text = json::string(sealed, path);
    const Place place = find_place(body, path);
    if (!text || !place.parent) continue;
    CO_TRY(const std::string open, co_await services.vault.open(tenant, purpose_of(resource, path), *text));
    (*place.parent)[place.name] = open;
  }
  co_return body;
}

ports::Write insertion(const ports::Services& services, const Resource& resource, json::Object body) {
  const TimePoint now = services.clock.now();
  ports::InsertDocument write{.collection = resource.collection};
  write.document.id = json::string_or(body, resource.id_member);
  write.document.created_at = write.document.updated_at = now;
  write.keys = resource.keys(body);
  write.document.body = std::move(body);
  return write;
}

Async<> insert(const ports::Services& services, const Resource& resource, domain::TenantId tenant,
               json::Object body, ports::Writes more) {
  more.insert(more.begin(), insertion(services, resource, std::move(body)));
  auto done = co_await services.committer.commit(tenant, std::move(more));
  if (!done) co_return std::unexpected(translate(resource, std::move(done).error()));
  co_return Result<>{};
}

Async<json::Object> update(const ports::Services& services, const Resource& resource, domain::TenantId tenant,
                           std::string id, Change change, ports::Writes more) {
  for (int attempt = 1;; ++attempt) {
    CO_TRY(auto document, co_await load(services, resource, tenant, id));
    CO_ENSURE(change(document.body));
    document.updated_at = services.clock.now();
    json::Object body = document.body;
    ports::Writes writes;
    auto keys = resource.keys(body);
    writes.push_back(ports::ReplaceDocument{resource.collection, std::move(document), std::move(keys)});
    writes.insert(writes.end(), more.begin(), more.end());
    auto done = co_await services.committer.commit(tenant, std::move(writes));
    if (done) co_return body;
    if (done.error().code != "version_changed" || attempt == attempts_max)
      co_return std::unexpected(translate(resource, std::move(done).error()));
  }
}

Change merging(json::Object patch, std::vector<std::string_view> merged_members) {
  merged_members.push_back("_sealed");
  return [patch = std::move(patch), merged = std::move(merged_members)](json::Object& body) -> Result<> {
    endpoint::merge_patch(body, patch, merged);
    return {};
  };
}

Async<bool> remove(const ports::Services& services, const Resource& resource, domain::TenantId tenant,
                   std::string id, ports::Writes more) {
  more.insert(more.begin(), ports::RemoveDocument{resource.collection, std::move(id)});
  auto done = co_await services.committer.commit(tenant, std::move(more));
  if (done) co_return true;
  if (done.error().kind == ErrorKind::not_found) co_return false;
  co_return std::unexpected(std::move(done).error());
}

Async<ports::DocumentPage> page(const ports::Services& services, const Resource& resource,
                                domain::TenantId tenant, Filter equals, endpoint::Paging paging) {
  ports::DocumentQuery query{.equals = std::move(equals), .limit = paging.limit()};
  if (paging.shape == endpoint::ListShape::checkpoint)
    query.after = paging.from;
  else
    query.offset = paging.offset();
  query.want_total = paging.shape == endpoint::ListShape::totals;
  co_return co_await services.documents.list(tenant, resource.collection, std::move(query));
}

Reply ok_page(const Resource& resource, const endpoint::Paging& paging, ports::DocumentPage found) {
  json::Array items;
  for (auto& document : found.items) items.push_back(std::move(document.body));
  return ok(endpoint::render_list(paging, resource.plural, std::move(items), found.total, found.next));
}

Async<std::vector<ports::Document>> all(const ports::Services& services, const Resource& resource,
                                        domain::TenantId tenant, Filter equals) {
  std::vector<ports::Document> out;
  ports::DocumentQuery query{.equals = std::move(equals), .limit = 500};
  for (;;) {
    CO_TRY(auto found, co_await services.documents.list(tenant, resource.collection, query));
    std::ranges::move(found.items, std::back_inserter(out));
    if (!found.next || int64_t(out.size()) >= all_max) co_return out;
    query.after = std::move(found.next);
  }
}

}  // namespace durward::management
