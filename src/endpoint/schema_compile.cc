#include <stdexcept>

#include "endpoint/schema_node.h"

namespace durward::endpoint::detail {
namespace {

[[noreturn]] void broken(std::string_view path, std::string_view why) {
  throw std::logic_error("field " + std::string(path) + ": " + std::string(why));
}

// "scopes[].value" -> "scopes", "[]", "value"
std::vector<std::string_view> steps_of(std::string_view path) {
  std::vector<std::string_view> steps;
  while (!path.empty()) {
    const size_t dot = path.find('.');
    std::string_view word = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    size_t levels = 0;
    while (word.ends_with("[]")) word.remove_suffix(2), ++levels;
    if (!word.empty()) steps.push_back(word);
    steps.insert(steps.end(), levels, "[]");
  }
  return steps;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t space = text.find(' ');
    if (space != 0) words.push_back(text.substr(0, space));
    text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
  }
  return words;
}

bool holds_items(const Node& node, std::string_view step) {
  return (step == "[]" && node.type == Type::array) || (step == "*" && node.type == Type::map);
}

// The node one step below; a missing item node is made, a missing member is an error of the table.
Node& descend(Node& node, std::string_view step, std::string_view path) {
  if (step == "[]" || step == "*") {
    if (!holds_items(node, step)) broken(path, "the parent is neither array nor map");
    if (!node.items) {
      node.items = std::make_unique<Node>();
      node.items->field.type = Type::object;
    }
    return *node.items;
  }
  for (auto& member : node.members)
    if (member.name == step) return member;
  broken(path, "its parent does not come before it");
}

void set_pattern(Node& node) {
  const std::string_view format = node.field.format;
  if (format.starts_with('/')) {
    if (format.size() < 3 || !format.ends_with('/'))
      broken(node.field.path, "regular expression without end");
    node.pattern_text = std::string(format.substr(1, format.size() - 2));
    node.pattern.emplace(node.pattern_text, std::regex::ECMAScript | std::regex::optimize);
  } else if (!format.empty()) {
    node.format = find_format(format);
    if (!node.format) broken(node.field.path, "unknown format " + std::string(format));
  }
}

void set_fallback(Node& node) {
  if (node.field.fallback.empty()) return;
  auto value = json::parse(node.field.fallback);
  if (!value) broken(node.field.path, "its default is no JSON");
  node.fallback = *std::move(value);
}

void fill(Node& node, const Field& field) {
  node.field = field;
  node.type = field.type;
  set_pattern(node);
  set_fallback(node);
  if (field.type != Type::array) {
    node.values = words_of(field.values);
    return;
  }
  // The item's row may replace this one later.
  node.items = std::make_unique<Node>();
  node.items->field = Field{.path = field.path, .type = field.items, .format = field.format};
  node.items->type = field.items;
  node.items->values = words_of(field.values);
  node.items->pattern = std::move(node.pattern);
  node.items->pattern_text = std::move(node.pattern_text);
  node.items->format = node.format;
  node.pattern.reset();
  node.format = nullptr;
}

void check_flags(const Field& field) {
  if (field.flags & create_only && field.flags & update_only) broken(field.path, "never accepted");
  if (field.flags & required && field.flags & (read_only | update_only))
    broken(field.path, "required but never accepted on create");
  if (!field.values.empty() && field.type != Type::string && field.type != Type::array)
    broken(field.path, "an enumeration has strings");
  if (field.max != 0 && field.max < field.min) broken(field.path, "its range is empty");
}

void add(Node& root, const Field& field) {
  const auto steps = steps_of(field.path);
  if (steps.empty()) broken(field.path, "empty path");
  check_flags(field);
  Node* parent = &root;
  for (size_t i = 0; i + 1 < steps.size(); ++i) parent = &descend(*parent, steps[i], field.path);
  const std::string_view last = steps.back();
  if (last == "[]" || last == "*") {
    Node& items = descend(*parent, last, field.path);
    items = Node{};
    fill(items, field);
    return;
  }
  if (parent->type != Type::object) {
    // Rows below "[]" turn the implied item into an object.
    if (parent->name.empty() && parent != &root)
      parent->type = Type::object;
    else
      broken(field.path, "its parent is no object");
  }
  if (parent->member(last)) broken(field.path, "declared twice");
  parent->closed = true;
  Node& node = parent->members.emplace_back();
  node.name = std::string(last);
  fill(node, field);
}

}  // namespace

Node compile(std::string_view schema, std::span<const Field> fields, bool open) {
  Node root;
  root.closed = true;
  if (!fields.empty() && fields.front().path.starts_with("[]")) root.type = Type::array;
  for (const Field& field : fields) {
    try {
      add(root, field);
    } catch (const std::exception& e) {
      throw std::logic_error(std::string(schema) + ": " + e.what());
    }
  }
  if (open) root.closed = false;
  return root;
}

}  // namespace durward::endpoint::detail
