#include "base/json.h"

#include <algorithm>
#include <cmath>

namespace durward::json {

namespace {

// boost::json keeps the last of two equal members, so the parsed tree has fewer members than the text has
// colons outside of strings.
size_t count_members(const Value& value) {
  size_t n = 0;
  if (const auto* o = value.if_object()) {
    n = o->size();
    for (const auto& member : *o) n += count_members(member.value());
  } else if (const auto* a = value.if_array()) {
    for (const auto& item : *a) n += count_members(item);
  }
  return n;
}

// RFC 8259 §6: a number beyond what a double holds would be written as Infinity, which no reader takes.
bool is_finite(const Value& value) {
  if (const auto* number = value.if_double()) return std::isfinite(*number);
  if (const auto* a = value.if_array()) return std::all_of(a->begin(), a->end(), is_finite);
  const auto* o = value.if_object();
  return !o ||
         std::all_of(o->begin(), o->end(), [](const auto& member) { return is_finite(member.value()); });
}

size_t count_colons(std::string_view text) {
  size_t n = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (in_string) {
      if (text[i] == '\\')
        ++i;
      else if (text[i] == '"')
        in_string = false;
    } else if (text[i] == '"') {
      in_string = true;
    } else if (text[i] == ':') {
      ++n;
    }
  }
  return n;
}

}  // namespace

Result<Value> parse(std::string_view text, size_t depth_max) {
  boost::json::parse_options options;
  options.max_depth = depth_max;
  boost::json::error_code error;
  Value value = boost::json::parse({text.data(), text.size()}, error, {}, options);
  if (error)
    return fail(ErrorKind::invalid, "invalid_json", "The text is not valid JSON: " + error.message());
  if (count_members(value) != count_colons(text))
    return fail(ErrorKind::invalid, "invalid_json", "The text is not valid JSON: a member name is repeated");
  if (!is_finite(value))
    return fail(ErrorKind::invalid, "invalid_json", "The text is not valid JSON: a number is too large");
  return value;
}

Result<Object> parse_object(std::string_view text, size_t depth_max) {
  TRY(auto value, parse(text, depth_max));
  if (auto* o = value.if_object()) return std::move(*o);
  return fail(ErrorKind::invalid, "invalid_json", "The text is not a JSON object");
}

std::string serialize(const Value& value) { return boost::json::serialize(value); }
std::string serialize(const Object& object) { return boost::json::serialize(object); }

std::optional<std::string> string(const Object& object, std::string_view key) {
  const Value* v = object.if_contains(key);
  if (v && v->is_string()) return std::string(view(v->get_string()));
  return {};
}
std::string string_or(const Object& object, std::string_view key, std::string_view fallback) {
  return string(object, key).value_or(std::string(fallback));
}
std::optional<bool> boolean(const Object& object, std::string_view key) {
  const Value* v = object.if_contains(key);
  if (v && v->is_bool()) return v->get_bool();
  return {};
}
bool boolean_or(const Object& object, std::string_view key, bool fallback) {
  return boolean(object, key).value_or(fallback);
}
std::optional<int64_t> integer(const Object& object, std::string_view key) {
  const Value* v = object.if_contains(key);
  if (v && v->is_int64()) return v->get_int64();
  if (v && v->is_uint64() && v->get_uint64() <= uint64_t(INT64_MAX)) return int64_t(v->get_uint64());
  return {};
}
int64_t integer_or(const Object& object, std::string_view key, int64_t fallback) {
  return integer(object, key).value_or(fallback);
}
const Object* object(const Object& object, std::string_view key) {
  const Value* v = object.if_contains(key);
  return v ? v->if_object() : nullptr;
}
const Array* array(const Object& object, std::string_view key) {
  const Value* v = object.if_contains(key);
  return v ? v->if_array() : nullptr;
}
std::vector<std::string> strings(const Object& object, std::string_view key) {
  std::vector<std::string> out;
  if (const Array* items = array(object, key))
    for (const auto& item : *items)
      if (item.is_string()) out.emplace_back(view(item.get_string()));
  return out;
}
Array array_of(const std::vector<std::string>& items) {
  Array out;
  out.reserve(items.size());
  for (const auto& item : items) out.emplace_back(item);
  return out;
}

}  // namespace durward::json
