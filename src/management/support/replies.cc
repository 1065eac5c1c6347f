#include "management/support/replies.h"

#include <algorithm>
#include <charconv>

namespace durward::management {

std::vector<endpoint::QueryField> fields_query(std::vector<endpoint::QueryField> more) {
  more.push_back({.name = "fields"});
  more.push_back({.name = "include_fields", .type = endpoint::Type::boolean});
  return more;
}

bool flag(const http::Parameters& query, std::string_view name, bool fallback) {
  const std::string text = query.get_or(name);
  return text.empty() ? fallback : text == "true" || text == "1";
}

json::Object select_fields(const http::Parameters& query, const json::Object& object,
                           std::span<const std::string_view> always) {
  const std::string fields = query.get_or("fields");
  if (fields.empty()) return object;
  auto out = endpoint::project(object, fields, flag(query, "include_fields", true));
  for (const auto name : always)
    if (const auto* value = object.if_contains(name)) out[name] = *value;
  return out;
}

std::vector<std::string> words(const http::Parameters& query, std::string_view name) {
  std::vector<std::string> out;
  for (const auto& [key, value] : query) {
    if (key != name) continue;
    for (size_t at = 0; at <= value.size();) {
      const size_t end = std::min(value.find(',', at), value.size());
      if (end > at) out.push_back(value.substr(at, end - at));
      at = end + 1;
    }
  }
  return out;
}

Result<Slice> slice(json::Array all, const endpoint::Paging& paging) {
  int64_t start = paging.offset();
  if (paging.shape == endpoint::ListShape::checkpoint) {
    start = 0;
    if (paging.from) {
      const auto& text = *paging.from;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), start);
      if (error != std::errc() || end != text.data() + text.size() || start < 0)
        return fail(ErrorKind::invalid, "invalid_query_string", "The value of 'from' is not valid.");
    }
  }
  Slice out{.total = int64_t(all.size())};
  const int64_t first = std::min(start, out.total);
  const int64_t last = std::min(first + paging.limit(), out.total);
  for (int64_t i = first; i < last; ++i) out.items.push_back(std::move(all[size_t(i)]));
  if (last < out.total) out.next = std::to_string(last);
  return out;
}

Result<Reply> sliced_reply(json::Array all, const endpoint::Paging& paging, std::string_view plural) {
  TRY(Slice page, slice(std::move(all), paging));
  return ok(endpoint::render_list(paging, plural, std::move(page.items), page.total, page.next));
}

}  // namespace durward::management
