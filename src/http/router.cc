#include "http/router.h"

#include <stdexcept>

#include "base/encoding.h"

namespace durward::http {

namespace {

constexpr size_t method_count = size_t(Method::other);
constexpr size_t segments_max = 32;

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> out;
  out.reserve(8);
  path.remove_prefix(1);
  for (;;) {
    const size_t slash = path.find('/');
    out.push_back(path.substr(0, slash));
    if (slash == path.npos) return out;
    path.remove_prefix(slash + 1);
  }
}

std::optional<std::string> decode(std::string_view segment) {
  auto text = percent_decode(segment);
  if (!text || text->find('\0') != text->npos || !is_valid_utf8(*text)) return {};
  return text;
}

enum class SegmentKind { literal, parameter, rest };

struct Segment {
  SegmentKind kind = SegmentKind::literal;
  std::string text;
};

[[noreturn]] void bad_pattern(std::string_view pattern, const char* why) {
  throw std::logic_error("route " + std::string(pattern) + ": " + why);
}

Segment read_segment(std::string_view text, std::string_view pattern) {
  const bool braces = text.find_first_of("{}") != text.npos;
  if (!braces) return {SegmentKind::literal, std::string(text)};
  const bool whole = text.size() > 2 && text.front() == '{' && text.back() == '}';
  if (!whole) bad_pattern(pattern, "a parameter is a whole segment");
  const bool rest = text[text.size() - 2] == '*';
  std::string name(text.substr(1, text.size() - (rest ? 3 : 2)));
  if (name.empty() || name.find_first_of("{}*") != name.npos)
    bad_pattern(pattern, "a parameter needs a name");
  return {rest ? SegmentKind::rest : SegmentKind::parameter, std::move(name)};
}

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

struct Entry {
  bool set = false;
  size_t value = 0;
  std::vector<std::string> names;
};
using Entries = std::array<Entry, method_count>;

}  // namespace

struct Router::Node {
  std::unordered_map<std::string, std::unique_ptr<Node>, TextHash, std::equal_to<>> literals;
  std::unique_ptr<Node> parameter, rest;
  Entries entries;

  Node& child(const Segment& segment) {
    auto& slot = segment.kind == SegmentKind::literal     ? literals[segment.text]
                 : segment.kind == SegmentKind::parameter ? parameter
                                                          : rest;
    if (!slot) slot = std::make_unique<Node>();
    return *slot;
  }
};

// One walk down the trie with the way back: literal first, then parameter, then rest.
struct Router::Search {
  Method method;
  const std::vector<std::string_view>& segments;
  const Entry* found = nullptr;
  std::vector<std::string> values = {};
  std::array<bool, method_count> allowed{};

  bool take(const Entry& entry) {
    if (!entry.set) return false;
    found = &entry;
    return true;
  }
  bool finish(const Node& node) {
    for (size_t i = 0; i < method_count; ++i) allowed[i] = allowed[i] || node.entries[i].set;
    if (method == Method::other) return false;
    return take(node.entries[size_t(method)]) ||
           (method == Method::head && take(node.entries[size_t(Method::get)]));
  }
  bool take_rest(const Node& node, size_t at) {
    std::string joined;
    for (size_t i = at; i < segments.size(); ++i) {
      const auto text = decode(segments[i]);
      if (!text || text->empty() || *text == "." || *text == ".." || text->find_first_of("/\\") != text->npos)
        return false;
      joined.append(i > at ? "/" : "").append(*text);
    }
    values.push_back(std::move(joined));
    if (finish(node)) return true;
    values.pop_back();
    return false;
  }
  bool take_parameter(const Node& node, size_t at, std::string text) {
    values.push_back(std::move(text));
    if (walk(node, at)) return true;
    values.pop_back();
    return false;
  }
  bool walk(const Node& node, size_t at) {
    if (at == segments.size()) return finish(node);
    const auto text = decode(segments[at]);
    if (!text) return false;
    if (const auto it = node.literals.find(*text); it != node.literals.end() && walk(*it->second, at + 1))
      return true;
    if (node.parameter && !text->empty() && take_parameter(*node.parameter, at + 1, *text)) return true;
    return node.rest && take_rest(*node.rest, at);
  }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(Method method, std::string_view pattern, size_t value) {
  if (!pattern.starts_with('/') || method == Method::other)
    bad_pattern(pattern, "not a path or not a method");
  Node* node = root_.get();
  Entry entry{true, value, {}};
  const auto segments = split(pattern);
  if (segments.size() > segments_max) bad_pattern(pattern, "too many segments");
  for (size_t i = 0; i < segments.size(); ++i) {
    Segment segment = read_segment(segments[i], pattern);
    if (segment.kind == SegmentKind::rest && i + 1 != segments.size())
      bad_pattern(pattern, "{name*} comes last");
    node = &node->child(segment);
    if (segment.kind != SegmentKind::literal) entry.names.push_back(std::move(segment.text));
  }
  Entry& slot = node->entries[size_t(method)];
  if (slot.set) bad_pattern(pattern, "is there twice");
  slot = std::move(entry);
}

namespace {

std::string allow_field(std::array<bool, method_count> allowed) {
  if (allowed[size_t(Method::get)]) allowed[size_t(Method::head)] = true;
  std::string out;
  for (size_t i = 0; i < method_count; ++i)
    if (allowed[i]) out.append(out.empty() ? "" : ", ").append(to_string(Method(i)));
  return out;
}

}  // namespace

RouteMatch Router::match(Method method, std::string_view path) const {
  RouteMatch out;
  if (!path.starts_with('/')) return out;
  const auto segments = split(path);
  Search search{method, segments};
  if (search.walk(*root_, 0)) {
    out.kind = RouteMatch::Kind::found;
    out.value = search.found->value;
    for (size_t i = 0; i < search.values.size(); ++i)
      out.parameters.add(search.found->names[i], std::move(search.values[i]));
    return out;
  }
  out.allow = allow_field(search.allowed);
  if (!out.allow.empty()) out.kind = RouteMatch::Kind::method_not_allowed;
  return out;
}

}  // namespace durward::http
