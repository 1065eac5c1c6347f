#include "management/logs/logs.h"

#include <algorithm>

#include "base/encoding.h"
#include "management/support/replies.h"

namespace durward::management::logs {

namespace {

using endpoint::Field;
using endpoint::RateClass;
using endpoint::Type;

constexpr int64_t records_max = 1000;

constexpr std::string_view usual_members[] = {
    "description", "connection", "connection_id", "organization_id", "organization_name", "client_id",
    "client_name", "ip",         "hostname",      "details",         "user_id",           "user_name",
    "user_agent",  "audience",   "scope",         "strategy",        "strategy_type",     "location_info"};

constexpr Field log_fields[] = {
    {.path = "_id"},
    {.path = "log_id"},
    {.path = "date", .format = "date-time"},
    {.path = "type"},
    {.path = "description"},
    {.path = "connection"},
    {.path = "client_id"},
    {.path = "client_name"},
    {.path = "ip"},
    {.path = "hostname"},
    {.path = "user_id"},
    {.path = "user_name"},
    {.path = "user_agent"},
    {.path = "audience"},
    {.path = "scope"},
    {.path = "strategy"},
    {.path = "strategy_type"},
    {.path = "connection_id"},
    {.path = "isMobile", .type = Type::boolean},
    {.path = "details", .type = Type::map},
};
const endpoint::Schema& log_schema() {
  static const endpoint::Schema schema("LogEvent", log_fields, true);
  return schema;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Ids are compared as strings by their readers; one of another installation may be larger than all of ours.
Result<int64_t> checkpoint(std::string_view from) {
  if (from.empty()) return 0;
  if (const auto id = domain::LogRecord::id_of(from)) return *id;
  if (!all_digits(from) || from.size() > 128)
    return fail(ErrorKind::invalid, "invalid_query_string",
                "Query validation error: 'The value is no log id' on property from.");
  return from > domain::LogRecord{.id = INT64_MAX}.log_id() ? INT64_MAX : 0;
}

std::string next_link(const Call& call, const std::string& from, int64_t take) {
  return "<https://" + call.context.host + "/api/v2/logs?from=" + percent_encode(from) +
         "&take=" + std::to_string(take) + ">; rel=\"next\"";
}

Async<Reply> list_from(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query, {.pages = false}));
  ports::LogQuery query{.newest_first = false, .limit = paging.take, .may_be_stale = true};
  CO_TRY(query.after, checkpoint(paging.from.value_or("")));
  std::string last = paging.from.value_or("");
  CO_TRY(auto records, co_await services.logs.list(call.tenant(), std::move(query)));
  json::Array out;
  for (const auto& record : records) out.push_back(select_fields(call.query, render(record)));
  if (!records.empty()) last = records.back().log_id();
  Reply reply = ok(std::move(out));
  reply.headers.set("Link", next_link(call, last, paging.take));
  co_return reply;
}

Async<Reply> search(const ports::Services& services, Call call) {
  CO_TRY(const auto paging,
         endpoint::parse_paging(call.query, {.checkpoint = false, .records_max = records_max}));
  ports::LogQuery query{.offset = paging.offset(), .limit = paging.limit(), .may_be_stale = true};
  CO_ENSURE(parse_log_query(call.query.get_or("q", call.query.get_or("search")), query));
  CO_ENSURE(parse_log_sort(call.query.get_or("sort"), query));
  CO_TRY(auto records, co_await services.logs.list(call.tenant(), std::move(query)));
  json::Array out;
  for (const auto& record : records) out.push_back(select_fields(call.query, render(record)));
  co_return ok(render_page(paging, std::move(out)));
}

Async<Reply> list(const ports::Services& services, Call call) {
  const bool by_checkpoint = call.query.has("from") || call.query.has("take");
  co_return by_checkpoint ? co_await list_from(services, std::move(call))
                          : co_await search(services, std::move(call));
}

Async<Reply> get(const ports::Services& services, Call call) {
  const auto id = domain::LogRecord::id_of(call.parameter("id"));
  if (!id) co_return fail(ErrorKind::not_found, "", "Log not found.");
  CO_TRY(auto record, co_await services.logs.find(call.tenant(), *id));
  if (!record) co_return fail(ErrorKind::not_found, "", "Log not found.");
  co_return ok(render(*record));
}

}  // namespace

json::Object render(const domain::LogRecord& record) {
  json::Object out = record.to_json();
  for (std::string_view name : usual_members)
    if (!out.contains(name)) out[name] = nullptr;
  return out;
}

json::Value render_page(const endpoint::Paging& paging, json::Array records) {
  const int64_t length = int64_t(records.size());
  json::Value out = endpoint::render_list(paging, "logs", std::move(records), length, {});
  if (paging.shape == endpoint::ListShape::totals) out.get_object()["length"] = length;
  return out;
}

std::vector<endpoint::Endpoint> rows(const ports::Services& services) {
  using http::Method;
  return {
      {.id = "list_logs",
       .method = Method::get,
       .path = "/api/v2/logs",
       .tag = "logs",
       .summary = "Search log events or read on from a checkpoint",
       .scopes = {"read:logs", "read:logs_users"},
       .rate = RateClass::management_read,
       .query = fields_query({{.name = "q", .max = 4096},
                              {.name = "search", .max = 4096},
                              {.name = "sort"},
                              {.name = "from"},
                              {.name = "take", .type = Type::integer, .min = 1, .max = 100}}),
       .reply = &log_schema(),
       .handler = handler<list>(services)},
      {.id = "get_log",
       .method = Method::get,
       .path = "/api/v2/logs/{id}",
       .tag = "logs",
       .summary = "Get a log event",
       .scopes = {"read:logs", "read:logs_users"},
       .rate = RateClass::management_read,
       .reply = &log_schema(),
       .handler = handler<get>(services)},
  };
}

}  // namespace durward::management::logs
