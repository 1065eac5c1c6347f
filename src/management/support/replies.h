#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "endpoint/endpoint.h"
#include "endpoint/paging.h"
#include "ports/services.h"

// Small words every resource of the management API uses.
namespace durward::management {

using endpoint::Call;
using endpoint::Endpoint;
using endpoint::Reply;

// handler<create>(services): a row's handler from `Async<Reply> create(const ports::Services&, Call)`.
template <auto Function>
endpoint::ManagementHandler handler(const ports::Services& services) {
  return [&services](Call call) { return Function(services, std::move(call)); };
}

inline Reply ok(json::Value body) { return Reply{.body = std::move(body)}; }
inline Reply no_content() { return Reply{.status = 204}; }

inline std::unexpected<Error> invalid_body(std::string message) {
  return fail(ErrorKind::invalid, "invalid_body", std::move(message));
}

// `fields` and `include_fields`, as rows for Endpoint::query.
std::vector<endpoint::QueryField> fields_query(std::vector<endpoint::QueryField> more = {});
// What the caller asked to see of one object. `always`: members that are shown in any case.
json::Object select_fields(const http::Parameters& query, const json::Object& object,
                           std::span<const std::string_view> always = {});

bool flag(const http::Parameters& query, std::string_view name, bool fallback = false);

// The values of a parameter that may be repeated or hold a comma list.
std::vector<std::string> words(const http::Parameters& query, std::string_view name);

// Removes the items that fit.
template <class Predicate>
void remove_items(json::Array& array, Predicate fits) {
  for (size_t i = array.size(); i-- > 0;)
    if (fits(std::as_const(array[i]))) array.erase(array.begin() + std::ptrdiff_t(i));
}

// One page of a list that is in memory already; the checkpoint is the offset.
struct Slice {
  json::Array items;
  int64_t total = 0;
  std::optional<std::string> next;
};
Result<Slice> slice(json::Array all, const endpoint::Paging& paging);
Result<Reply> sliced_reply(json::Array all, const endpoint::Paging& paging, std::string_view plural);

}  // namespace durward::management
