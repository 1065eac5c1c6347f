#include "management/rules/rules.h"

#include <algorithm>

#include "management/rules/configs.h"
#include "management/support/scripts.h"

namespace durward::management::rules {
namespace {

using endpoint::required;
using endpoint::Type;

constexpr endpoint::Field rule_fields[] = {
    {.path = "id", .flags = endpoint::read_only},
    {.path = "name",
     .flags = required,
     .min = 1,
     .max = 255,
     .format = "/^[a-zA-Z0-9]([ \\-a-zA-Z0-9]*[a-zA-Z0-9])?$/"},
    {.path = "script", .flags = required, .min = 1, .max = code_max},
    {.path = "order",
     .type = Type::integer,
     .max = 2147483647,
     .doc = "Unique; after the last one without it"},
    {.path = "enabled", .type = Type::boolean, .fallback = "true"},
    {.path = "stage",
     .flags = endpoint::create_only,
     .values = "login_success",
     .fallback = R"("login_success")"},
};
const endpoint::Schema& rule_schema() {
  static const endpoint::Schema made("Rule", rule_fields);
  return made;
}

std::vector<ports::DocumentKey> document_keys(const json::Object& body) {
  return {{"name", json::string_or(body, "name"), true},
          {"order", std::to_string(json::integer_or(body, "order", 0)), true},
          {"enabled", json::boolean_or(body, "enabled", true) ? "true" : "false"}};
}

const Resource resource = {
    .collection = ports::Collection::rules,
    .id_member = "id",
    .plural = "rules",
    .missing = {ErrorKind::not_found, "inexistent_rule", "The rule does not exist."},
    .taken = {ErrorKind::conflict, "rule_conflict", "A rule with the same name or order already exists."},
    .keys = document_keys,
};

int64_t order_of(const ports::Document& rule) { return json::integer_or(rule.body, "order", 0); }

Async<std::vector<ports::Document>> in_order(const ports::Services& services, Call call) {
  Filter equals;
  if (!call.query.get_or("enabled").empty())
    equals.emplace_back("enabled", flag(call.query, "enabled") ? "true" : "false");
  CO_TRY(auto found, co_await all(services, resource, call.tenant(), std::move(equals)));
  std::ranges::sort(found, {}, order_of);
  co_return found;
}

Async<Reply> list(const ports::Services& services, Call call) {
  CO_TRY(const auto paging, endpoint::parse_paging(call.query));
  CO_TRY(const auto found, co_await in_order(services, call));
  json::Array items;
  for (const auto& document : found) items.push_back(select_fields(call.query, document.body));
  co_return sliced_reply(std::move(items), paging, resource.plural);
}

Async<Reply> read(const ports::Services& services, Call call) {
  CO_TRY(const auto document, co_await load(services, resource, call.tenant(), call.parameter("id")));
  co_return ok(select_fields(call.query, document.body));
}

Async<int64_t> next_order(const ports::Services& services, domain::TenantId tenant) {
  CO_TRY(const auto rules, co_await all(services, resource, tenant));
  int64_t last = 0;
  for (const auto& rule : rules) last = std::max(last, order_of(rule));
  co_return last + 1;
}

// A place that somebody else took meanwhile was not asked for: the next one is as good.
Async<Reply> create(const ports::Services& services, Call call) {
  const auto tenant = call.tenant();
  CO_ENSURE(co_await check_syntax(services, tenant, json::string_or(call.object(), "script"),
                                  CodeForm::function, json::string_or(call.object(), "name")));
  json::Object body{{"id", "rul_" + services.random.base62(16)}};
  for (const auto& member : call.object()) body[member.key()] = member.value();
  const bool chosen = body.contains("order");
  for (int attempt = 1;; ++attempt) {
    if (!chosen) {
      CO_TRY(body["order"], co_await next_order(services, tenant));
    }
    auto done = co_await insert(services, resource, tenant, body, {api_record(services, call, body)});
    if (done) co_return ok(std::move(body));
    if (chosen || done.error().kind != ErrorKind::conflict || attempt == race_attempts_max)
      co_return std::unexpected(std::move(done).error());
  }
}

Async<Reply> change(const ports::Services& services, Call call) {
  const std::string id = call.parameter("id");
  if (const auto script = json::string(call.object(), "script"))
    CO_ENSURE(co_await check_syntax(services, call.tenant(), *script, CodeForm::function, id));
  CO_TRY(auto body, co_await update(services, resource, call.tenant(), id, merging(call.object()),
                                    {api_record(services, call)}));
  co_return ok(std::move(body));
}

Async<Reply> destroy(const ports::Services& services, Call call) {
  CO_ENSURE(
      co_await remove(services, resource, call.tenant(), call.parameter("id"), {api_record(services, call)}));
  co_return no_content();
}

}  // namespace

std::vector<Endpoint> rows(const ports::Services& services) {
  using enum http::Method;
  using enum endpoint::RateClass;
  const std::string base = "/api/v2/rules", one = base + "/{id}", tag = "rules";
  const auto* schema = &rule_schema();
  std::vector<Endpoint> out = {
      {.id = "list_rules",
       .method = get,
       .path = base,
       .tag = tag,
       .summary = "Get rules",
       .scopes = {"read:rules"},
       .rate = management_read,
       .query = fields_query({{.name = "enabled", .type = Type::boolean}}),
       .reply = schema,
       .handler = handler<list>(services)},
      {.id = "create_rule",
       .method = post,
       .path = base,
       .tag = tag,
       .summary = "Create a rule",
       .scopes = {"create:rules"},
       .rate = management_write,
       .success = 201,
       .body = schema,
       .reply = schema,
       .handler = handler<create>(services)},
      {.id = "get_rule",
       .method = get,
       .path = one,
       .tag = tag,
       .summary = "Get a rule",
       .scopes = {"read:rules"},
       .rate = management_read,
       .query = fields_query(),
       .reply = schema,
       .handler = handler<read>(services)},
      {.id = "update_rule",
       .method = patch,
       .path = one,
       .tag = tag,
       .summary = "Update a rule",
       .scopes = {"update:rules"},
       .rate = management_write,
       .body = schema,
       .reply = schema,
       .handler = handler<change>(services)},
      {.id = "delete_rule",
       .method = delete_,
       .path = one,
       .tag = tag,
       .summary = "Delete a rule",
       .scopes = {"delete:rules"},
       .rate = management_write,
       .success = 204,
       .handler = handler<destroy>(services)},
  };
  std::ranges::move(config_rows(services), std::back_inserter(out));
  return out;
}

}  // namespace durward::management::rules
