#include <cstdio>

#include "cli/command.h"

namespace durward::cli {
namespace {

void print(std::FILE* file, std::string_view text) { std::fwrite(text.data(), 1, text.size(), file); }

std::string cell(const json::Value& value) {
  if (value.is_null()) return "";
  if (const auto* text = value.if_string()) return std::string(*text);
  if (const auto* items = value.if_array()) {
    std::string out;
    for (const auto& item : *items) out += (out.empty() ? "" : ",") + cell(item);
    return out;
  }
  return json::serialize(value);
}

std::string member(const json::Value& item, std::string_view column) {
  const auto* object = item.if_object();
  const auto* value = object ? object->if_contains(column) : nullptr;
  return value ? cell(*value) : "";
}

void print_padded(std::string_view text, size_t width, bool last) {
  std::string out(text);
  if (!last) out.resize(std::max(width + 2, text.size() + 2), ' ');
  print(stdout, out);
}

}  // namespace

void Output::message(std::string_view line) const {
  print(stderr, line);
  print(stderr, "\n");
}

void Output::text(std::string_view text) const { print(stdout, text); }

void Output::data(const json::Value& value) const {
  const auto* object = value.if_object();
  if (as_json_ || !object) return print(stdout, json::serialize(value) + "\n");
  size_t width = 0;
  for (const auto& [key, unused] : *object) width = std::max(width, key.size());
  for (const auto& [key, item] : *object) {
    print_padded(key, width, false);
    print(stdout, cell(item) + "\n");
  }
}

void Output::rows(const json::Array& items, std::initializer_list<std::string_view> columns) const {
  if (as_json_) return print(stdout, json::serialize(json::Value(items)) + "\n");
  std::vector<size_t> widths;
  for (const auto column : columns) {
    size_t width = column.size();
    for (const auto& item : items) width = std::max(width, member(item, column).size());
    widths.push_back(width);
  }
  const auto print_line = [&](auto text_of) {
    size_t i = 0;
    for (const auto column : columns) {
      print_padded(text_of(column), widths[i], i + 1 == columns.size());
      ++i;
    }
    print(stdout, "\n");
  };
  print_line([](std::string_view column) { return std::string(column); });
  for (const auto& item : items) print_line([&](std::string_view column) { return member(item, column); });
}

Exit Output::fail(const Error& error) const {
  const std::string text = error.message.empty() ? error.code : error.message;
  if (as_json_)
    print(stderr, json::serialize(json::Object{{"error", error.code}, {"message", text}}) + "\n");
  else
    print(stderr, "durward: " + text + "\n");
  return error.code == usage_code ? Exit::usage : exit_of(error);
}

}  // namespace durward::cli
