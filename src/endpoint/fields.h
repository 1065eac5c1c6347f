#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace durward::endpoint {

enum class Type { string, integer, number, boolean, object, array, map, any };

// Flags of a field.
enum : unsigned {
  required = 1,  // on create (and in nested objects whenever the object is given)
  nullable = 2,
  read_only =
      4,  // set by the server; accepted and ignored in requests, as API clients send back what they read
  create_only = 8,   // refused in an update
  secret = 16,       // sealed in the store; rendered only when the caller's scopes allow it
  update_only = 32,  // refused on create
};

// One row of an entity: everything about a field. `path` is dotted, "[]" steps into the items of an array,
// "*" into the values of a map: "jwt_configuration.alg", "scopes[].value", "client_metadata.*". A table whose
// paths begin with "[]" describes a body that is an array. A parent comes before its children. An object
// without rows below it is open: any member fits.
struct Field {
  std::string_view path;
  Type type = Type::string;
  unsigned flags = 0;
  double min = 0, max = 0;       // string: length; number: range; array: items; map: members. 0,0: unbounded
  std::string_view values = {};  // enumeration, space separated (for arrays: of the items)
  std::string_view format =
      {};  // "uri", "https-uri", "uri-or-empty", "email", "date-time", "hostname" or "/regex/"
  std::string_view fallback = {};  // default on create, as JSON text; empty: none
  Type items = Type::string;       // of an array without "[]" rows
  std::string_view doc = {};
};

// A compiled field table. Immutable, thread-safe; made once per resource.
class Schema {
 public:
  // Throws std::logic_error for a table that contradicts itself. `open`: unknown members are accepted
  // (metadata). `name` is the OpenAPI component ("Client").
  Schema(std::string_view name, std::span<const Field> fields, bool open = false);
  ~Schema();

  // Checks a request body. Errors: invalid/"invalid_body", message "Payload validation error: '…' on property
  // a.b". Removes read-only members. Unknown members are errors.
  Result<> check_create(json::Object& body) const;  // also fills defaults
  Result<> check_update(json::Object& body) const;
  // The same for a body of any type (tables of an array).
  Result<> check(json::Value& body, bool update) const;
  // The JSON Schema of the fields for OpenAPI; `for_request` leaves read-only fields out.
  json::Object openapi(bool for_request) const;
  std::string_view name() const;
  std::vector<std::string> secret_paths() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A known query parameter. invalid/"invalid_query_string" when it does not fit.
struct QueryField {
  std::string_view name;
  Type type = Type::string;
  unsigned flags = 0;
  double min = 0, max = 0;
  std::string_view values = {};
};

// PATCH of the management API: members of `patch` replace those of `target` whole, null removes (Auth0
// Management API). `merged_members` are objects that merge one level deep (user_metadata, client_metadata).
void merge_patch(json::Object& target, const json::Object& patch,
                 std::span<const std::string_view> merged_members = {});

// fields=a,b.c & include_fields=true|false on one object.
json::Object project(const json::Object& object, std::string_view fields, bool include);

}  // namespace durward::endpoint
