#include "endpoint/paging.h"

#include <charconv>

namespace durward::endpoint {
namespace {

constexpr int64_t page_max = 1'000'000'000;

std::unexpected<Error> refuse(std::string_view name, const std::string& what) {
  return fail(ErrorKind::invalid, "invalid_query_string",
              "Query validation error: '" + what + "' on property " + std::string(name) + ".");
}

Result<int64_t> number(const http::Parameters& query, std::string_view name, int64_t fallback, int64_t min,
                       int64_t max) {
  const auto text = query.get(name);
  if (!text || text->empty()) return fallback;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size())
    return refuse(name, "Expected type integer but found type string");
  if (value < min)
    return refuse(name, "Value " + std::to_string(value) + " is less than minimum " + std::to_string(min));
  if (value > max)
    return refuse(name, "Value " + std::to_string(value) + " is greater than maximum " + std::to_string(max));
  return value;
}

Result<bool> flag(const http::Parameters& query, std::string_view name) {
  const std::string text = query.get_or(name);
  if (text == "true" || text == "1") return true;
  if (text.empty() || text == "false" || text == "0") return false;
  return refuse(name, "Expected type boolean but found type string");
}

Result<Paging> parse_checkpoint(const http::Parameters& query, const PagingRules& rules) {
  Paging out;
  out.shape = ListShape::checkpoint;
  TRY(out.take, number(query, "take", rules.per_page_default, 1, rules.per_page_max));
  out.from = query.get("from");
  if (out.from && out.from->empty()) out.from.reset();
  return out;
}

}  // namespace

Result<Paging> parse_paging(const http::Parameters& query, const PagingRules& rules) {
  if (rules.checkpoint && (!rules.pages || query.has("take") || query.has("from")))
    return parse_checkpoint(query, rules);
  Paging out;
  TRY(out.page, number(query, "page", 0, 0, page_max));
  TRY(out.per_page, number(query, "per_page", rules.per_page_default, 0, rules.per_page_max));
  TRY(const bool totals, flag(query, "include_totals"));
  if (totals || rules.always_object) out.shape = ListShape::totals;
  if (rules.records_max && out.offset() + out.per_page > rules.records_max)
    return fail(ErrorKind::invalid, "invalid_paging",
                "You can only page through the first " + std::to_string(rules.records_max) + " records.");
  return out;
}

json::Value render_list(const Paging& paging, std::string_view plural, json::Array items,
                        std::optional<int64_t> total, std::optional<std::string> next) {
  if (paging.shape == ListShape::plain) return items;
  json::Object out;
  if (paging.shape == ListShape::checkpoint) {
    out[plural] = std::move(items);
    if (next) out["next"] = *next;
    return out;
  }
  out["start"] = paging.offset();
  out["limit"] = paging.per_page;
  out["total"] = total.value_or(paging.offset() + int64_t(items.size()));
  out[plural] = std::move(items);
  return out;
}

}  // namespace durward::endpoint
