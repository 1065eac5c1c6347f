#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/message.h"

// Finds the entry of a route table that a request belongs to. Filled once at start, then read by all threads.
namespace durward::http {

struct RouteMatch {
  enum class Kind { found, not_found, method_not_allowed };
  Kind kind = Kind::not_found;
  size_t value = 0;       // as given to add()
  Parameters parameters;  // decoded, in the order of the pattern
  std::string allow;      // for method_not_allowed: the Allow field
};

class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  // A pattern is segments of literal text or {name}: "/api/v2/users/{id}/roles". The last may be {name*},
  // which takes one or more segments (files; it never matches "." or ".." or an encoded slash). Throws
  // std::logic_error for a pattern that is malformed or already there: the table itself is wrong.
  void add(Method method, std::string_view pattern, size_t value);

  // `path` is still encoded. It is split first and decoded after, so an id may hold an encoded slash.
  // Literals beat parameters; HEAD falls back to GET; a parameter is never empty. Segments that are not
  // percent-encoded UTF-8 match nothing. A trailing slash is a difference.
  RouteMatch match(Method method, std::string_view path) const;

 private:
  struct Node;
  struct Search;
  std::unique_ptr<Node> root_;
};

}  // namespace durward::http
