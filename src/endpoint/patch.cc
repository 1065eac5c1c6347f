#include <algorithm>

#include "endpoint/fields.h"

namespace durward::endpoint {
namespace {

void merge_members(json::Object& target, const json::Object& patch) {
  for (const auto& member : patch) {
    if (member.value().is_null())
      target.stable_erase(member.key());
    else
      target[member.key()] = member.value();
  }
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = text.find(separator);
    std::string_view part = text.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.push_back(part);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return parts;
}

// The remainders of the paths that lead into `key`; `whole` when one ends there.
struct Selection {
  bool whole = false;
  std::vector<std::string_view> below;
};

Selection select(const std::vector<std::string_view>& paths, std::string_view key) {
  Selection out;
  for (const auto path : paths) {
    if (path == key) out.whole = true;
    if (path.size() > key.size() && path.starts_with(key) && path[key.size()] == '.')
      out.below.push_back(path.substr(key.size() + 1));
  }
  return out;
}

json::Object reduce(const json::Object& object, const std::vector<std::string_view>& paths, bool include);

json::Value reduce(const json::Value& value, const std::vector<std::string_view>& paths, bool include) {
  if (value.is_object()) return reduce(value.get_object(), paths, include);
  if (!value.is_array()) return value;
  json::Array items;
  for (const auto& item : value.get_array()) items.push_back(reduce(item, paths, include));
  return items;
}

json::Object reduce(const json::Object& object, const std::vector<std::string_view>& paths, bool include) {
  json::Object out;
  for (const auto& member : object) {
    const Selection found = select(paths, member.key());
    if (found.whole && !include) continue;
    if (found.whole || (!include && found.below.empty()))
      out[member.key()] = member.value();
    else if (!found.below.empty())
      out[member.key()] = reduce(member.value(), found.below, include);
  }
  return out;
}

}  // namespace

void merge_patch(json::Object& target, const json::Object& patch,
                 std::span<const std::string_view> merged_members) {
  for (const auto& member : patch) {
    json::Value* old = target.if_contains(member.key());
    const bool deep =
        std::ranges::find(merged_members, std::string_view(member.key())) != merged_members.end();
    if (member.value().is_null()) {
      target.stable_erase(member.key());
    } else if (deep && member.value().is_object()) {
      if (!old || !old->is_object()) old = &(target[member.key()] = json::Object());
      merge_members(old->get_object(), member.value().get_object());
    } else {
      target[member.key()] = member.value();
    }
  }
}

json::Object project(const json::Object& object, std::string_view fields, bool include) {
  const auto paths = split(fields, ',');
  return paths.empty() ? object : reduce(object, paths, include);
}

}  // namespace durward::endpoint
