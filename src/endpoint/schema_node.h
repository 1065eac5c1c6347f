#pragma once
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "endpoint/fields.h"
#include "endpoint/formats.h"

namespace durward::endpoint::detail {

// A field table as a tree. The root is an object, or an array when the table's paths begin with "[]".
struct Node {
  std::string name;
  Field field;
  Type type = Type::object;
  bool closed = false;                   // unknown members are refused
  std::vector<Node> members;             // of an object
  std::unique_ptr<Node> items;           // of an array, or the values of a map
  std::vector<std::string_view> values;  // enumeration
  std::optional<std::regex> pattern;
  std::string pattern_text;
  const Format* format = nullptr;
  std::optional<json::Value> fallback;

  bool is(unsigned flag) const { return field.flags & flag; }
  const Node* member(std::string_view key) const {
    for (const auto& m : members)
      if (m.name == key) return &m;
    return nullptr;
  }
};

// Throws std::logic_error for a table that contradicts itself.
Node compile(std::string_view schema, std::span<const Field> fields, bool open);
json::Object json_schema(const Node& node, bool for_request);

}  // namespace durward::endpoint::detail
