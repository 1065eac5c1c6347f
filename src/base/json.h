#pragma once
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// The only door to Boost.JSON. Objects keep the order of their keys.
namespace durward::json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;

// Strict RFC 8259 and UTF-8; at most `depth_max` levels; duplicate members are refused (RFC 8259 §4 leaves
// them open, and two parsers that disagree are an attack). Error: invalid / invalid_json.
Result<Value> parse(std::string_view text, size_t depth_max = 32);
Result<Object> parse_object(std::string_view text, size_t depth_max = 32);
std::string serialize(const Value& value);
std::string serialize(const Object& object);

// Readers that are empty when the member is missing or of another type.
std::optional<std::string> string(const Object& object, std::string_view key);
std::string string_or(const Object& object, std::string_view key, std::string_view fallback = {});
std::optional<bool> boolean(const Object& object, std::string_view key);
bool boolean_or(const Object& object, std::string_view key, bool fallback);
std::optional<int64_t> integer(const Object& object, std::string_view key);
int64_t integer_or(const Object& object, std::string_view key, int64_t fallback);
const Object* object(const Object& object, std::string_view key);
const Array* array(const Object& object, std::string_view key);
std::vector<std::string> strings(const Object& object, std::string_view key);  // the string items of an array
Array array_of(const std::vector<std::string>& items);
inline std::string_view view(const boost::json::string& s) { return {s.data(), s.size()}; }

}  // namespace durward::json
