#include "management/event_streams/event_streams.h"

#include "management/actions/document.h"
#include "management/event_streams/handlers.h"
#include "management/support/audit.h"

namespace durward::management::event_streams {
namespace {

using endpoint::Type;

// The one that is named runs: a draft would have nothing to run.
Async<> check_action(const ports::Services& services, domain::TenantId tenant, std::string id) {
  if (id.empty()) co_return Result<>();
  CO_TRY(const auto action, co_await services.documents.find(tenant, ports::Collection::actions, id));
  if (!action) co_return invalid_body("The action '" + id + "' does not exist.");
  if (actions::trigger_of(action->body).id != "event-stream")
    co_return invalid_body("The action '" + id + "' is not written for the trigger 'event-stream'.");
  if (json::string_or(action->body, "deployed_version_id").empty())
    co_return invalid_body("The action '" + id + "' has to be deployed before a stream can name it.");
  co_return Result<>();
}

Async<> check_room(const ports::Services& services, domain::TenantId tenant) {
  CO_TRY(const auto found,
         co_await services.documents.list(tenant, resource.collection, {.limit = 1, .want_total = true}));
  if (found.total.value_or(0) >= streams_max)
    co_return fail(ErrorKind::forbidden, "too_many_entities",
                   "A tenant has at most " + std::to_string(streams_max) + " event streams.");
  co_return Result<>();
}

Handled list(const ports::Services& services, Call call) {
  CO_TRY(auto paging, endpoint::parse_paging(call.query, {.pages = false}));
  paging.shape = endpoint::ListShape::checkpoint;
  CO_TRY(auto found, co_await page(services, resource, call.tenant(), {}, paging));
  json::Array items;
  for (auto& document : found.items) items.push_back(shown(std::move(document.body)));
  co_return ok(endpoint::render_list(paging, resource.plural, std::move(items), {}, found.next));
}

Handled read(const ports::Services& services, Call call) {
  CO_TRY(auto document, co_await load(services, resource, call.tenant(), call.parameter("id")));
  co_return ok(shown(std::move(document.body)));
}

json::Object new_stream(const json::Object& given, Random& random, TimePoint now) {
  json::Object body{{"id", "est_" + random.base58(22)}};
  for (const auto& member : given) body[member.key()] = member.value();
  body["created_at"] = body["updated_at"] = to_iso8601(now);
  return body;
}

Handled create(const ports::Services& services, Call call) {
  CO_ENSURE(check_destination(call.object().at("destination").as_object(), false));
  CO_ENSURE(co_await check_action(services, call.tenant(), action_of(call.object())));
  CO_ENSURE(co_await check_room(services, call.tenant()));
  CO_TRY(auto body, co_await seal(services, resource, call.tenant(),
                                  new_stream(call.object(), services.random, call.context.now)));
  CO_ENSURE(co_await insert(services, resource, call.tenant(), body, {api_record(services, call, body)}));
  co_return ok(shown(std::move(body)));
}

// A destination keeps its type (Auth0) and changes as a whole otherwise. Its secret stays when none is given,
// so that what was read can be written back.
Async<json::Object> destination_patch(const ports::Services& services, const Call& call) {
  json::Object patch = call.object();
  const auto* destination = json::object(patch, "destination");
  if (!destination) co_return patch;
  CO_TRY(const auto before, co_await load(services, resource, call.tenant(), call.parameter("id")));
  CO_ENSURE(check_same_type(before.body, *destination));
  CO_ENSURE(check_destination(*destination, is_same_method(before.body, *destination)));
  CO_ENSURE(co_await check_action(services, call.tenant(), action_of(patch)));
  CO_TRY(patch, co_await seal(services, resource, call.tenant(), std::move(patch)));
  drop_other_secrets(patch);
  co_return patch;
}

Handled change(const ports::Services& services, Call call) {
  CO_TRY(auto patch, co_await destination_patch(services, call));
  patch["updated_at"] = to_iso8601(call.context.now);
  CO_TRY(auto body, co_await update(services, resource, call.tenant(), call.parameter("id"),
                                    merging(std::move(patch)), {api_record(services, call)}));
  co_return ok(shown(std::move(body)));
}

// What is on its way to it goes with it.
Handled destroy(const ports::Services& services, Call call) {
  const std::string id = call.parameter("id");
  CO_ENSURE(co_await remove(services, resource, call.tenant(), id,
                            {ports::RemoveEventDeliveries{id}, api_record(services, call)}));
  co_return no_content();
}

std::vector<endpoint::QueryField> delivery_query() {
  return {{.name = "statuses", .max = 100},
          {.name = "event_types", .max = 2000},
          {.name = "date_from", .max = 40},
          {.name = "date_to", .max = 40}};
}

std::vector<Endpoint> delivery_rows(const ports::Services& services, const std::string& one) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string tag = "event-streams";
  return {
      {.id = "list_event_deliveries",
       .method = get,
       .path = one + "/deliveries",
       .tag = tag,
       .summary = "Get failed deliveries of an event stream",
       .scopes = {"read:event_streams", "read:event_deliveries"},
       .rate = management_read,
       .query = delivery_query(),
       .handler = handler<list_deliveries>(services)},
      {.id = "get_event_delivery",
       .method = get,
       .path = one + "/deliveries/{event_id}",
       .tag = tag,
       .summary = "Get a delivery with its attempts",
       .scopes = {"read:event_deliveries"},
       .rate = management_read,
       .handler = handler<read_delivery>(services)},
      {.id = "redeliver_events",
       .method = post,
       .path = one + "/redeliver",
       .tag = tag,
       .summary = "Deliver failed events again",
       .scopes = {"update:event_deliveries"},
       .rate = management_write,
       .success = 202,
       .body = &redelivery_schema(),
       .body_optional = true,
       .handler = handler<redeliver>(services)},
      {.id = "redeliver_event",
       .method = post,
       .path = one + "/redeliver/{event_id}",
       .tag = tag,
       .summary = "Deliver one failed event again",
       .scopes = {"update:event_deliveries"},
       .rate = management_write,
       .success = 202,
       .handler = handler<redeliver_one>(services)},
      {.id = "test_event_stream",
       .method = post,
       .path = one + "/test",
       .tag = tag,
       .summary = "Deliver a test event",
       .scopes = {"update:event_streams"},
       .rate = management_write,
       .success = 202,
       .body = &test_schema(),
       .handler = handler<test>(services)},
  };
}

}  // namespace

std::vector<Endpoint> rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string base = "/api/v2/event-streams", one = base + "/{id}", tag = "event-streams";
  const auto* schema = &stream_schema();
  std::vector<Endpoint> out = {
      {.id = "list_event_streams",
       .method = get,
       .path = base,
       .tag = tag,
       .summary = "Get event streams",
       .scopes = {"read:event_streams"},
       .rate = management_read,
       .reply = schema,
       .handler = handler<list>(services)},
      {.id = "create_event_stream",
       .method = post,
       .path = base,
       .tag = tag,
       .summary = "Create an event stream",
       .scopes = {"create:event_streams"},
       .rate = management_write,
       .success = 201,
       .body = schema,
       .reply = schema,
       .handler = handler<create>(services)},
      {.id = "get_event_stream",
       .method = get,
       .path = one,
       .tag = tag,
       .summary = "Get an event stream",
       .scopes = {"read:event_streams"},
       .rate = management_read,
       .reply = schema,
       .handler = handler<read>(services)},
      {.id = "update_event_stream",
       .method = patch,
       .path = one,
       .tag = tag,
       .summary = "Update an event stream",
       .scopes = {"update:event_streams"},
       .rate = management_write,
       .body = schema,
       .reply = schema,
       .handler = handler<change>(services)},
      {.id = "delete_event_stream",
       .method = delete_,
       .path = one,
       .tag = tag,
       .summary = "Delete an event stream",
       .scopes = {"delete:event_streams"},
       .rate = management_write,
       .success = 204,
       .handler = handler<destroy>(services)},
  };
  std::ranges::move(delivery_rows(services, one), std::back_inserter(out));
  return out;
}

}  // namespace durward::management::event_streams
