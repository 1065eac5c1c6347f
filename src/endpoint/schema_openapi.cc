#include "endpoint/schema_node.h"

namespace durward::endpoint::detail {
namespace {

void put_type(json::Object& out, const Node& node) {
  constexpr std::string_view names[] = {"string", "integer", "number", "boolean",
                                        "object", "array",   "object", ""};
  const std::string_view name = names[size_t(node.type)];
  if (name.empty()) return;
  if (node.is(nullable))
    out["type"] = json::Array{json::Value(name), json::Value("null")};
  else
    out["type"] = name;
}

json::Value number(double value) {
  return value == double(int64_t(value)) ? json::Value(int64_t(value)) : json::Value(value);
}

void put_range(json::Object& out, const Node& node) {
  const auto& field = node.field;
  if (field.min == 0 && field.max == 0) return;
  struct Names {
    const char *min, *max;
  };
  const Names names = node.type == Type::string  ? Names{"minLength", "maxLength"}
                      : node.type == Type::array ? Names{"minItems", "maxItems"}
                      : node.type == Type::map   ? Names{"minProperties", "maxProperties"}
                                                 : Names{"minimum", "maximum"};
  out[names.min] = number(field.min);
  if (field.max != 0 || field.min < 0) out[names.max] = number(field.max);
}

void put_values(json::Object& out, const Node& node) {
  if (node.values.empty()) return;
  json::Array values;
  for (const auto value : node.values) values.emplace_back(value);
  if (node.is(nullable)) values.emplace_back(nullptr);
  out["enum"] = std::move(values);
}

void put_members(json::Object& out, const Node& node, bool for_request) {
  json::Object properties;
  json::Array needed;
  for (const auto& member : node.members) {
    if (for_request && member.is(read_only)) continue;
    properties[member.name] = json_schema(member, for_request);
    if (for_request && member.is(required)) needed.emplace_back(member.name);
  }
  if (!properties.empty()) out["properties"] = std::move(properties);
  if (!needed.empty()) out["required"] = std::move(needed);
  if (for_request && node.closed) out["additionalProperties"] = false;
}

}  // namespace

json::Object json_schema(const Node& node, bool for_request) {
  json::Object out;
  put_type(out, node);
  put_range(out, node);
  put_values(out, node);
  if (node.pattern) out["pattern"] = node.pattern_text;
  if (node.format) out["format"] = node.format->name;
  if (node.fallback) out["default"] = *node.fallback;
  if (node.is(read_only)) out["readOnly"] = true;
  if (node.is(secret)) out["x-secret"] = true;
  if (!node.field.doc.empty()) out["description"] = node.field.doc;
  if (node.type == Type::object) put_members(out, node, for_request);
  if (node.type == Type::array) out["items"] = json_schema(*node.items, for_request);
  if (node.type == Type::map && node.items)
    out["additionalProperties"] = json_schema(*node.items, for_request);
  return out;
}

}  // namespace durward::endpoint::detail
