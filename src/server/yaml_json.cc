#include "server/yaml_json.h"

#include <charconv>

namespace durward::server {
namespace {

constexpr int depth_max = 32;
constexpr size_t nodes_max = 200'000;

std::unexpected<Error> bad(const YAML::Node& node, std::string_view what) {
  return fail(ErrorKind::invalid, "invalid_yaml",
              std::to_string(node.Mark().line + 1) + ": " + std::string(what));
}

template <class T>
std::optional<T> number(std::string_view text) {
  T out{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return out;
}

json::Value plain_scalar(const std::string& text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (text == "null" || text == "Null" || text == "NULL" || text == "~" || text.empty()) return nullptr;
  if (const auto n = number<int64_t>(text)) return *n;
  const bool numeric = text.find_first_not_of("0123456789+-.eE") == text.npos;
  if (const auto n = numeric ? number<double>(text) : std::nullopt) return *n;
  return json::Value(text);
}

class Converter {
 public:
  Result<json::Value> convert(const YAML::Node& node, int depth) {
    if (depth > depth_max) return bad(node, "is nested too deeply");
    if (++nodes_ > nodes_max) return bad(node, "makes the file too large");
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str" ? json::Value(node.Scalar())
                                                                          : plain_scalar(node.Scalar());
      case YAML::NodeType::Sequence:
        return sequence(node, depth);
      case YAML::NodeType::Map:
        return map(node, depth);
      default:
        return json::Value(nullptr);
    }
  }

 private:
  Result<json::Value> sequence(const YAML::Node& node, int depth) {
    json::Array out;
    for (const auto& item : node) {
      TRY(auto value, convert(item, depth + 1));
      out.push_back(std::move(value));
    }
    return out;
  }

  Result<json::Value> map(const YAML::Node& node, int depth) {
    json::Object out;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) return bad(entry.first, "a key must be text");
      if (out.contains(entry.first.Scalar()))
        return bad(entry.first, entry.first.Scalar() + " is given twice");
      TRY(auto value, convert(entry.second, depth + 1));
      out[entry.first.Scalar()] = std::move(value);
    }
    return out;
  }

  size_t nodes_ = 0;
};

void emit(YAML::Emitter& out, const json::Value& value) {
  if (const auto* object = value.if_object()) {
    out << YAML::BeginMap;
    for (const auto& [key, member] : *object) {
      out << YAML::Key << std::string(key) << YAML::Value;
      emit(out, member);
    }
    out << YAML::EndMap;
  } else if (const auto* array = value.if_array()) {
    out << YAML::BeginSeq;
    for (const auto& item : *array) emit(out, item);
    out << YAML::EndSeq;
  } else if (const auto* text = value.if_string()) {
    // Text that a reader would take for a number or a boolean is quoted.
    const std::string plain(*text);
    if (!plain_scalar(plain).is_string()) out << YAML::DoubleQuoted;
    out << plain;
  } else if (value.is_null()) {
    out << YAML::Null;
  } else if (value.is_bool()) {
    out << value.get_bool();
  } else {
    out << json::serialize(value);
  }
}

}  // namespace

Result<json::Value> to_json(const YAML::Node& node) { return Converter().convert(node, 1); }

std::string to_yaml(const json::Value& value) {
  YAML::Emitter out;
  emit(out, value);
  return std::string(out.c_str()) + "\n";
}

}  // namespace durward::server
