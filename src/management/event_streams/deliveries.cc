#include <algorithm>

#include "management/event_streams/handlers.h"
#include "management/support/audit.h"

namespace durward::management::event_streams {
namespace {

constexpr size_t test_data_max = 64 << 10;

std::unexpected<Error> bad_query(std::string_view name) {
  return fail(ErrorKind::invalid, "invalid_query_string",
              "The value of '" + std::string(name) + "' is not valid.");
}

std::unexpected<Error> no_delivery() {
  return fail(ErrorKind::not_found, "inexistent_event_delivery", "The delivery does not exist.");
}

Result<std::optional<TimePoint>> time_in(const http::Parameters& query, std::string_view name) {
  const std::string text = query.get_or(name);
  if (text.empty()) return std::nullopt;
  const auto time = parse_iso8601(text);
  if (!time) return bad_query(name);
  return time;
}

Result<std::vector<std::string>> types_in(const http::Parameters& query) {
  auto types = words(query, "event_types");
  if (!std::ranges::all_of(types, domain::is_stream_event_type)) return bad_query("event_types");
  return types;
}

// Only failed ones are ever listed.
Result<> check_statuses(const http::Parameters& query) {
  for (const auto& status : words(query, "statuses"))
    if (status != "failed") return bad_query("statuses");
  return {};
}

Result<std::optional<int64_t>> id_before(const endpoint::Paging& paging) {
  if (!paging.from || paging.from->empty()) return std::nullopt;
  const auto id = domain::parse_event_id(*paging.from);
  if (!id) return bad_query("from");
  return id;
}

// One more than asked for tells whether there is a next page.
Result<ports::EventDeliveryQuery> query_of(const http::Parameters& given, const endpoint::Paging& paging) {
  ports::EventDeliveryQuery out{.limit = paging.take + 1};
  ENSURE(check_statuses(given));
  TRY(out.types, types_in(given));
  TRY(out.created_from, time_in(given, "date_from"));
  TRY(out.created_to, time_in(given, "date_to"));
  TRY(out.before, id_before(paging));
  return out;
}

Async<domain::EventDelivery> find(const ports::Services& services, const Call& call) {
  CO_TRY(const auto stream, co_await load(services, resource, call.tenant(), call.parameter("id")));
  const auto id = domain::parse_event_id(call.parameter("event_id"));
  if (!id) co_return no_delivery();
  CO_TRY(auto found, co_await services.event_deliveries.find(call.tenant(), stream.id, *id));
  if (!found) co_return no_delivery();
  co_return *std::move(found);
}

// What stands for a user, an organization or a group where nobody says what an event should be about.
json::Object sample_of(std::string_view type) {
  if (type.starts_with("user."))
    return {{"user_id", "auth0|000000000000000000000000"},
            {"email", "test@example.com"},
            {"email_verified", false},
            {"identities", json::Array{json::Object{{"connection", "Username-Password-Authentication"},
                                                    {"user_id", "000000000000000000000000"},
                                                    {"provider", "auth0"},
                                                    {"isSocial", false}}}},
            {"name", "test@example.com"},
            {"nickname", "test"}};
  return {{"id", std::string(type.substr(0, 3)) + "_0000000000000000"}, {"name", "test"}};
}

Result<json::Object> test_data(const json::Object& body) {
  const auto* given = json::object(body, "data");
  if (!given) return json::Object{{"object", sample_of(json::string_or(body, "event_type"))}};
  if (json::serialize(*given).size() > test_data_max)
    return invalid_body("The data of a test event has at most 64 KiB.");
  return *given;
}

// "acme.login.example" of the tenant "acme" and "acme.login.example:8443".
domain::EventSource source_of(const endpoint::RequestContext& context) {
  std::string_view host = context.link_host;
  host = host.substr(0, host.find(':'));
  const std::string prefix = context.tenant->name + ".";
  return {context.tenant->name, std::string(host.starts_with(prefix) ? host.substr(prefix.size()) : host)};
}

Result<domain::EventDelivery> test_delivery(const Call& call, const std::string& stream, int64_t id) {
  domain::Event event{.id = id,
                      .tenant = call.tenant(),
                      .type = json::string_or(call.object(), "event_type"),
                      .time = call.context.now};
  TRY(event.data, test_data(call.object()));
  return domain::EventDelivery{.stream = stream,
                               .id = id,
                               .type = event.type,
                               .event = domain::cloud_event(event, source_of(call.context), stream, "test"),
                               .created_at = call.context.now,
                               .queued_at = call.context.now,
                               .due_at = call.context.now};
}

Result<std::optional<TimePoint>> time_of(const json::Object& body, std::string_view name) {
  const auto text = json::string(body, name);
  if (!text) return std::nullopt;
  const auto time = parse_iso8601(*text);
  if (!time) return invalid_body("The value of '" + std::string(name) + "' is no date and time.");
  return time;
}

Result<ports::RequeueEventDeliveries> requeue_of(const Call& call) {
  ports::RequeueEventDeliveries out{.stream = call.parameter("id"), .at = call.context.now};
  TRY(out.created_from, time_of(call.object(), "date_from"));
  TRY(out.created_to, time_of(call.object(), "date_to"));
  if (const auto* types = json::array(call.object(), "event_types"))
    for (const auto& type : *types) out.types.emplace_back(json::view(type.as_string()));
  return out;
}

}  // namespace

Handled list_deliveries(const ports::Services& services, Call call) {
  CO_TRY(auto paging, endpoint::parse_paging(call.query, {.pages = false}));
  paging.shape = endpoint::ListShape::checkpoint;
  CO_TRY(auto query, query_of(call.query, paging));
  CO_TRY(const auto stream, co_await load(services, resource, call.tenant(), call.parameter("id")));
  CO_TRY(auto found, co_await services.event_deliveries.list(call.tenant(), stream.id, std::move(query)));
  std::optional<std::string> next;
  if (int64_t(found.size()) > paging.take) {
    found.resize(size_t(paging.take));
    next = domain::event_id(found.back().id);
  }
  json::Array items;
  for (const auto& one : found) items.push_back(one.to_json());
  co_return ok(endpoint::render_list(paging, "deliveries", std::move(items), {}, std::move(next)));
}

Handled read_delivery(const ports::Services& services, Call call) {
  CO_TRY(const auto found, co_await find(services, call));
  co_return ok(found.to_json());
}

Handled test(const ports::Services& services, Call call) {
  CO_TRY(const auto stream, co_await load(services, resource, call.tenant(), call.parameter("id")));
  if (json::string_or(stream.body, "status") != "enabled")
    co_return fail(ErrorKind::invalid, "event_stream_disabled", "The event stream is disabled.");
  CO_TRY(const auto delivery, test_delivery(call, stream.id, services.sequence.next()));
  CO_ENSURE(co_await services.committer.commit(
      call.tenant(), {ports::InsertEventDelivery{delivery}, api_record(services, call)}));
  co_return ok(delivery.to_json());
}

Handled redeliver(const ports::Services& services, Call call) {
  CO_TRY(const auto stream, co_await load(services, resource, call.tenant(), call.parameter("id")));
  CO_TRY(auto requeue, requeue_of(call));
  CO_ENSURE(
      co_await services.committer.commit(call.tenant(), {std::move(requeue), api_record(services, call)}));
  co_return ok(call.object());
}

Handled redeliver_one(const ports::Services& services, Call call) {
  CO_TRY(const auto found, co_await find(services, call));
  ports::RequeueEventDeliveries requeue{.stream = found.stream, .at = call.context.now, .id = found.id};
  CO_ENSURE(
      co_await services.committer.commit(call.tenant(), {std::move(requeue), api_record(services, call)}));
  co_return Reply{.status = 202};
}

}  // namespace durward::management::event_streams
