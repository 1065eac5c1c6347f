#include <algorithm>
#include <set>
#include <stdexcept>

#include "endpoint/endpoint.h"

namespace durward::endpoint {
namespace {

[[noreturn]] void broken(const Endpoint& row, std::string_view why) {
  throw std::logic_error("endpoint " + (row.id.empty() ? row.path : row.id) + ": " + std::string(why));
}

// "/a/{id}/b" -> "/a/{}/b": two rows that differ in the names of parameters only are the same route.
std::string shape_of(const Endpoint& row) {
  std::string out;
  std::set<std::string> names;
  for (size_t at = 0; at < row.path.size(); ++at) {
    out += row.path[at];
    if (row.path[at] == '}') broken(row, "a brace is closed that was not opened");
    if (row.path[at] != '{') continue;
    const size_t end = row.path.find('}', at);
    if (end == std::string::npos || end == at + 1) broken(row, "a parameter without name or end");
    if (!names.insert(row.path.substr(at + 1, end - at - 1)).second) broken(row, "a parameter twice");
    out += '}';
    at = end;
  }
  return out;
}

void check_row(const Endpoint& row) {
  if (row.id.empty()) broken(row, "no id");
  if (!row.path.starts_with('/')) broken(row, "its path does not begin with '/'");
  if (row.scopes.empty() == row.open_because.empty()) broken(row, "scopes or open_because, one of both");
  if (row.success < 200 || row.success > 399) broken(row, "its success is none");
  if (row.method == http::Method::other) broken(row, "no method");
  const bool callable = std::visit([](const auto& handler) { return bool(handler); }, row.handler);
  if (!callable) broken(row, "no handler");
  if (std::holds_alternative<ProtocolHandler>(row.handler) && !row.scopes.empty())
    broken(row, "a protocol row has no scopes");
}

}  // namespace

void check_rows(const std::vector<Endpoint>& rows) {
  std::set<std::string> ids, routes;
  for (const auto& row : rows) {
    check_row(row);
    if (!ids.insert(row.id).second) broken(row, "its id is taken");
    if (!routes.insert(std::string(http::to_string(row.method)) + " " + shape_of(row)).second)
      broken(row, "its route is taken: " + row.path);
  }
}

}  // namespace durward::endpoint
