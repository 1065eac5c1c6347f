#include <algorithm>

#include "management/actions/deploy.h"
#include "management/actions/handlers.h"

namespace durward::management::actions {

// Documents are listed in the order of their creation, so the newest page is the last one.
Async<ports::DocumentPage> newest_first(const ports::Services& services, const Resource& resource,
                                        domain::TenantId tenant, Filter equals, endpoint::Paging paging) {
  ports::DocumentQuery query{.equals = std::move(equals), .limit = 0, .want_total = true};
  CO_TRY(auto counted, co_await services.documents.list(tenant, resource.collection, query));
  const int64_t total = counted.total.value_or(0), last = total - paging.offset();
  query.offset = std::max<int64_t>(0, last - paging.per_page);
  query.limit = std::max<int64_t>(0, last - query.offset);
  CO_TRY(auto found, co_await services.documents.list(tenant, resource.collection, query));
  std::ranges::reverse(found.items);
  found.total = total;
  co_return found;
}

namespace {

json::Object render(const ports::Document& version, const ports::Document& action) {
  const bool deployed = json::string_or(action.body, "deployed_version_id") == version.id;
  auto shown = shown_version(version.body, deployed);
  shown["action"] = summary_of(action.body);
  return shown;
}

}  // namespace

Handled list_versions(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, parse_pages(call.query));
  const std::string id = call.parameter("actionId");
  CO_TRY(const auto action, co_await load(services, action_resource, call.tenant(), id));
  CO_TRY(const auto found,
         co_await newest_first(services, version_resource, call.tenant(), {{"action", id}}, paging));
  json::Array items;
  for (const auto& version : found.items) items.push_back(render(version, action));
  co_return paged(paging, "versions", std::move(items), found.total.value_or(0));
}

Handled read_version(const ports::Services& services, Call call) {
  CO_TRY(const auto action,
         co_await load(services, action_resource, call.tenant(), call.parameter("actionId")));
  CO_TRY(const auto version, co_await load(services, version_resource, call.tenant(), call.parameter("id")));
  if (json::string_or(version.body, "action_id") != action.id)
    co_return std::unexpected(version_resource.missing);
  co_return ok(render(version, action));
}

Handled deploy(const ports::Services& services, Call call) {
  const std::string id = call.parameter("id");
  CO_TRY(auto version, co_await deploy_draft(services, std::move(call), id));
  co_return ok(std::move(version));
}

Handled deploy_version(const ports::Services& services, Call call) {
  const std::string action = call.parameter("actionId"), version = call.parameter("id");
  const bool update_draft = json::boolean_or(call.object(), "update_draft", false);
  CO_TRY(auto made, co_await deploy_again(services, std::move(call), action, version, update_draft));
  co_return ok(std::move(made));
}

}  // namespace durward::management::actions
