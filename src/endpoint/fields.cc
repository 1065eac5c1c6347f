#include "endpoint/fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/excerpt.h"
#include "endpoint/schema_node.h"

namespace durward::endpoint {
namespace {

using detail::Node;

// std::regex recurses once a character; nothing longer is ever shown to a pattern.
constexpr size_t pattern_text_max = 2048;
constexpr size_t quoted_max = 100;

enum class Mode { create, update };

std::string_view type_name(Type type) {
  constexpr std::string_view names[] = {"string", "integer", "number", "boolean",
                                        "object", "array",   "object", "any"};
  return names[size_t(type)];
}

bool is_integral(const json::Value& value) {
  if (value.is_int64() || value.is_uint64()) return true;
  return value.is_double() && std::trunc(value.get_double()) == value.get_double() &&
         std::abs(value.get_double()) < 9e15;
}

std::string_view type_of(const json::Value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "boolean";
    case boost::json::kind::string:
      return "string";
    case boost::json::kind::array:
      return "array";
    case boost::json::kind::object:
      return "object";
    default:
      return is_integral(value) ? "integer" : "number";
  }
}

bool has_type(Type type, const json::Value& value) {
  switch (type) {
    case Type::string:
      return value.is_string();
    case Type::integer:
      return value.is_number() && is_integral(value);
    case Type::number:
      return value.is_number();
    case Type::boolean:
      return value.is_bool();
    case Type::array:
      return value.is_array();
    case Type::object:
    case Type::map:
      return value.is_object();
    case Type::any:
      return true;
  }
  return false;
}

std::string number_text(double number) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  return {buffer, end};
}

std::string quoted(const Node& node, std::string_view text) {
  if (node.is(secret)) return "***";
  if (text.size() <= quoted_max) return std::string(text);
  return excerpt(text, quoted_max) + "...";
}

std::unexpected<Error> refuse(const std::string& path, const Node& node, const std::string& what) {
  std::string message = "Payload validation error: '" + what + "'";
  if (!path.empty()) message += " on property " + path;
  if (!path.empty() && !node.field.doc.empty()) message += " (" + std::string(node.field.doc) + ")";
  return fail(ErrorKind::invalid, "invalid_body", message + ".");
}

std::string below(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "." + std::string(name);
}

size_t characters(std::string_view text) {
  size_t n = 0;
  for (const char c : text) n += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return n;
}

struct Range {
  std::optional<double> min, max;
};
Range range_of(const Field& field) {
  if (field.min == 0 && field.max == 0) return {};
  Range range{.min = field.min};
  if (field.max != 0 || field.min < 0) range.max = field.max;
  return range;
}

struct Words {
  std::string_view small, large;  // "String is too short", "String is too long"
  std::string_view unit;          // " chars"
};

Result<> check_size(const Node& node, size_t size, const std::string& path, const Words& words) {
  const Range range = range_of(node.field);
  const auto text = [&](std::string_view start, std::string_view bound, double limit) {
    return std::string(start) + " (" + std::to_string(size) + std::string(words.unit) + "), " +
           std::string(bound) + " " + number_text(limit);
  };
  if (range.min && double(size) < *range.min)
    return refuse(path, node, text(words.small, "minimum", *range.min));
  if (range.max && double(size) > *range.max)
    return refuse(path, node, text(words.large, "maximum", *range.max));
  return {};
}

Result<> check_number(const Node& node, const json::Value& value, const std::string& path) {
  const double number = value.to_number<double>();
  const Range range = range_of(node.field);
  if (range.min && number < *range.min)
    return refuse(path, node,
                  "Value " + number_text(number) + " is less than minimum " + number_text(*range.min));
  if (range.max && number > *range.max)
    return refuse(path, node,
                  "Value " + number_text(number) + " is greater than maximum " + number_text(*range.max));
  return {};
}

Result<> check_pattern(const Node& node, std::string_view text, const std::string& path) {
  if (text.size() > pattern_text_max)
    return refuse(path, node,
                  "String is too long (" + std::to_string(characters(text)) + " chars), maximum " +
                      std::to_string(pattern_text_max));
  if (!std::regex_search(text.begin(), text.end(), *node.pattern))
    return refuse(path, node,
                  "String does not match pattern " + node.pattern_text + ": " + quoted(node, text));
  return {};
}

Result<> check_string(const Node& node, std::string_view text, const std::string& path) {
  ENSURE(check_size(node, characters(text), path, {"String is too short", "String is too long", " chars"}));
  if (!node.values.empty() && std::ranges::find(node.values, text) == node.values.end())
    return refuse(path, node, "No enum match for: " + quoted(node, text));
  if (node.pattern) return check_pattern(node, text, path);
  if (node.format && !(node.format->empty_allowed && text.empty()) && !node.format->fits(text))
    return refuse(path, node,
                  "Object didn't pass validation for format " + std::string(node.format->name) + ": " +
                      quoted(node, text));
  return {};
}

class Checker {
 public:
  explicit Checker(Mode mode) : mode_(mode) {}

  Result<> value(const Node& node, json::Value& value, const std::string& path, bool root = false) {
    if (value.is_null() && (node.is(nullable) || node.type == Type::any)) return {};
    if (!has_type(node.type, value))
      return refuse(path, node,
                    "Expected type " + std::string(type_name(node.type)) + " but found type " +
                        std::string(type_of(value)));
    switch (node.type) {
      case Type::string:
        return check_string(node, json::view(value.get_string()), path);
      case Type::integer:
      case Type::number:
        return check_number(node, value, path);
      case Type::array:
        return array(node, value.get_array(), path);
      case Type::object:
        return object(node, value.get_object(), path, root);
      case Type::map:
        return map(node, value.get_object(), path);
      default:
        return {};
    }
  }

  Result<> object(const Node& node, json::Object& object, const std::string& path, bool root) {
    ENSURE(known(node, object, path));
    ENSURE(complete(node, object, path, root));
    for (auto& member : object) {
      const Node* child = node.member(member.key());
      if (child) ENSURE(value(*child, member.value(), below(path, member.key())));
    }
    return {};
  }

 private:
  bool refused(const Node& node) const { return node.is(mode_ == Mode::create ? update_only : create_only); }

  // Unknown members are refused; those the server sets are dropped.
  Result<> known(const Node& node, json::Object& object, const std::string& path) {
    std::vector<std::string> dropped;
    for (const auto& member : object) {
      const Node* child = node.member(member.key());
      if (child ? refused(*child) : node.closed)
        return refuse(path, node, "Additional properties not allowed: " + quoted(node, member.key()));
      if (child && child->is(read_only)) dropped.emplace_back(member.key());
    }
    for (const auto& name : dropped) object.stable_erase(name);
    return {};
  }

  // Required members and defaults. An update names only what changes, but a nested object is always whole.
  Result<> complete(const Node& node, json::Object& object, const std::string& path, bool root) {
    for (const auto& child : node.members) {
      if (object.contains(child.name)) continue;
      if (child.is(required) && !(root && mode_ == Mode::update))
        return refuse(path, node, "Missing required property: " + child.name);
      if (child.fallback && mode_ == Mode::create) object[child.name] = *child.fallback;
    }
    return {};
  }

  Result<> array(const Node& node, json::Array& array, const std::string& path) {
    ENSURE(check_size(node, array.size(), path, {"Array is too short", "Array is too long", ""}));
    for (size_t i = 0; i < array.size(); ++i)
      ENSURE(value(*node.items, array[i], below(path, std::to_string(i))));
    return {};
  }

  Result<> map(const Node& node, json::Object& object, const std::string& path) {
    ENSURE(check_size(node, object.size(), path,
                      {"Too few properties defined", "Too many properties defined", ""}));
    if (!node.items) return {};
    for (auto& member : object) ENSURE(value(*node.items, member.value(), below(path, member.key())));
    return {};
  }

  Mode mode_;
};

void collect_secrets(const Node& node, const std::string& path, std::vector<std::string>& out) {
  for (const auto& child : node.members) {
    const std::string here = below(path, child.name);
    if (child.is(secret)) out.push_back(here);
    collect_secrets(child, here, out);
  }
  if (node.items) collect_secrets(*node.items, path + "[]", out);
}

}  // namespace

struct Schema::Impl {
  std::string name;
  Node root;
};

Schema::Schema(std::string_view name, std::span<const Field> fields, bool open)
    : impl_(new Impl{std::string(name), detail::compile(name, fields, open)}) {}
Schema::~Schema() = default;

Result<> Schema::check_create(json::Object& body) const {
  return Checker(Mode::create).object(impl_->root, body, "", true);
}

Result<> Schema::check_update(json::Object& body) const {
  return Checker(Mode::update).object(impl_->root, body, "", true);
}

Result<> Schema::check(json::Value& body, bool update) const {
  return Checker(update ? Mode::update : Mode::create).value(impl_->root, body, "", true);
}

json::Object Schema::openapi(bool for_request) const { return detail::json_schema(impl_->root, for_request); }

std::string_view Schema::name() const { return impl_->name; }

std::vector<std::string> Schema::secret_paths() const {
  std::vector<std::string> out;
  collect_secrets(impl_->root, "", out);
  return out;
}

}  // namespace durward::endpoint
