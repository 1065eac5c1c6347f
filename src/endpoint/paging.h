#pragma once
#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "http/message.h"

namespace durward::endpoint {

// The three list shapes (Auth0 Management API).
enum class ListShape { plain, totals, checkpoint };

struct Paging {
  ListShape shape = ListShape::plain;
  int64_t page = 0, per_page = 50;
  std::optional<std::string> from;
  int64_t take = 50;
  int64_t offset() const { return page * per_page; }
  int64_t limit() const { return shape == ListShape::checkpoint ? take : per_page; }
};

struct PagingRules {
  bool pages = true, checkpoint = true;
  int64_t per_page_default = 50, per_page_max = 100;
  int64_t records_max = 0;  // page paging stops there with invalid_paging; 0: no bound
  bool always_object = false;
};

// page, per_page, include_totals, take, from. include_totals is ignored beside take.
// invalid/"invalid_query_string" or "invalid_paging".
Result<Paging> parse_paging(const http::Parameters& query, const PagingRules& rules = {});
// [..] | {"start","limit","total",plural:[..]} | {plural:[..],"next"?}
json::Value render_list(const Paging& paging, std::string_view plural, json::Array items,
                        std::optional<int64_t> total, std::optional<std::string> next);

}  // namespace durward::endpoint
