#pragma once
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "http/message.h"

namespace durward::protocols {

// The parameters of a POST, which may come as a form or as a JSON object (Auth0 Authentication API).
// Errors: invalid_request for another content type, a malformed body or a repeated parameter (RFC 6749 §3.2).
class Body {
 public:
  static Result<Body> parse(const http::Request& request);
  // Of a query string, under the same rules.
  static Result<Body> parse_query(std::string_view query);

  // Empty when absent, and a parameter sent without a value is as if omitted (RFC 6749 §3.2); so is a member
  // of a JSON body that is not text.
  std::string get(std::string_view name) const;
  bool has(std::string_view name) const { return members_.contains(name); }
  const json::Object& members() const { return members_; }

 private:
  json::Object members_;
};

// invalid_request "Missing required parameter: x", for the first of `names` that is absent.
Result<> require(const Body& body, std::initializer_list<std::string_view> names);

}  // namespace durward::protocols
