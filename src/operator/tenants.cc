#include "operator/tenants.h"

#include "endpoint/paging.h"
#include "operator/handler.h"

namespace durward::operators {
namespace {

using endpoint::Call;
using endpoint::Reply;
using endpoint::Type;

constexpr endpoint::Field fields[] = {
    {.path = "name",
     .flags = endpoint::required | endpoint::create_only,
     .min = 2,
     .max = 63,
     .format = "/^[a-z0-9][a-z0-9-]*$/",
     .doc = "the tenant is reached at NAME.<base domain>"},
    {.path = "friendly_name", .min = 1, .max = 150, .doc = "what people read; without it the name"},
    {.path = "domain",
     .flags = endpoint::create_only,
     .min = 1,
     .max = 261,
     .format = "/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$/",
     .doc = "host and port of its issuer, where a proxy makes them others than this server's"},
    {.path = "issuer", .flags = endpoint::read_only},
    {.path = "created_at", .flags = endpoint::read_only},
};
const endpoint::Schema& schema() {
  static const endpoint::Schema made("Tenant", fields);
  return made;
}

json::Object render(const domain::Tenant& tenant) {
  return {{"name", tenant.name}, {"created_at", to_iso8601(tenant.created_at)}};
}

json::Object render(const TenantView& view) {
  auto out = render(view.tenant);
  out["friendly_name"] = view.friendly_name;
  out["domain"] = view.domain;
  out["issuer"] = "https://" + view.domain + "/";
  return out;
}

Async<Reply> create(Tenants& tenants, Call call) {
  const auto& body = call.object();
  const std::string name = json::string_or(body, "name");
  NewTenant wanted{name, json::string_or(body, "friendly_name", name), json::string_or(body, "domain")};
  CO_TRY(const auto made, co_await tenants.create(std::move(wanted), std::move(call)));
  auto out = render(made.view);
  out["client_id"] = made.client_id;
  out["client_secret"] = made.client_secret;
  co_return Reply{.body = std::move(out)};
}

// The checkpoint is the last name: stable while tenants come and go.
Async<Reply> list(Tenants& tenants, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query, {.pages = false}));
  CO_TRY(auto found, co_await tenants.list(paging.from.value_or(""), paging.take + 1));
  const bool more = int64_t(found.size()) > paging.take;
  if (more) found.pop_back();
  json::Array items;
  for (const auto& tenant : found) items.push_back(render(tenant));
  const auto next = more ? std::optional(found.back().name) : std::nullopt;
  co_return Reply{.body = endpoint::render_list(paging, "tenants", std::move(items), {}, next)};
}

Async<Reply> read(Tenants& tenants, Call call) {
  CO_TRY(const auto view, co_await tenants.find(call.parameter("name")));
  co_return Reply{.body = render(view)};
}

Async<Reply> change(Tenants& tenants, Call call) {
  const std::string name = call.parameter("name");
  const auto friendly_name = json::string(call.object(), "friendly_name");
  if (!friendly_name) co_return co_await read(tenants, std::move(call));
  CO_TRY(const auto view, co_await tenants.rename(name, *friendly_name, std::move(call)));
  co_return Reply{.body = render(view)};
}

Async<Reply> remove(Tenants& tenants, Call call) {
  const std::string name = call.parameter("name");
  CO_ENSURE(co_await tenants.remove(name, std::move(call)));
  co_return Reply{.status = 204};
}

}  // namespace

std::vector<endpoint::Endpoint> tenant_rows(Tenants& tenants) {
  using enum http::Method;
  const std::string all = "/operator/v1/tenants", one = all + "/{name}", tag = "tenants";
  return {
      {.id = "operator_create_tenant",
       .method = post,
       .path = all,
       .tag = tag,
       .summary = "Create a tenant",
       .scopes = {"create:tenants"},
       .success = 201,
       .body = &schema(),
       .reply = &schema(),
       .handler = handler<create>(tenants)},
      {.id = "operator_list_tenants",
       .method = get,
       .path = all,
       .tag = tag,
       .summary = "List tenants by name",
       .scopes = {"read:tenants"},
       .query = {{.name = "from", .max = 63}, {.name = "take", .type = Type::integer, .min = 1, .max = 100}},
       .handler = handler<list>(tenants)},
      {.id = "operator_get_tenant",
       .method = get,
       .path = one,
       .tag = tag,
       .summary = "Get a tenant",
       .scopes = {"read:tenants"},
       .reply = &schema(),
       .handler = handler<read>(tenants)},
      {.id = "operator_update_tenant",
       .method = patch,
       .path = one,
       .tag = tag,
       .summary = "Change a tenant",
       .scopes = {"update:tenants"},
       .body = &schema(),
       .reply = &schema(),
       .handler = handler<change>(tenants)},
      {.id = "operator_delete_tenant",
       .method = delete_,
       .path = one,
       .tag = tag,
       .summary = "Delete a tenant with everything it owns",
       .scopes = {"delete:tenants"},
       .success = 204,
       .handler = handler<remove>(tenants)},
  };
}

}  // namespace durward::operators
