#include "http/multipart.h"

#include <algorithm>

#include "base/encoding.h"
#include "http/head.h"

namespace durward::http {

namespace {

constexpr size_t part_head_max = 8 * 1024;
constexpr size_t boundary_max = 70;  // RFC 2046 §5.1.1

std::unexpected<Error> malformed(const char* message) {
  return fail(ErrorKind::invalid, "invalid_request", message);
}

struct FieldParameter {
  std::string name, value;
};

bool is_token(std::string_view text) {
  constexpr std::string_view extra = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || extra.contains(c);
  });
}

// RFC 9110 §5.6.4. `text` begins after the opening quote; what follows the closing one stays in it.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return out;
    }
    const bool escape = text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\');
    out += text[i += escape];
  }
  return {};
}

std::optional<std::string> take_value(std::string_view& text) {
  if (text.starts_with('"')) {
    text.remove_prefix(1);
    return take_quoted(text);
  }
  const std::string_view value = text.substr(0, text.find_first_of("; \t"));
  if (!is_token(value)) return {};
  text.remove_prefix(value.size());
  return std::string(value);
}

// The parameters behind the first ';' of a field: `; name=value; name="value"`.
std::optional<std::vector<FieldParameter>> parse_parameters(std::string_view text) {
  std::vector<FieldParameter> out;
  for (text = trim(text); !text.empty(); text = trim(text)) {
    if (!text.starts_with(';')) return {};
    text = trim(text.substr(1));
    if (text.empty()) break;
    const size_t equals = text.find('=');
    if (equals == text.npos || !is_token(text.substr(0, equals))) return {};
    std::string name = to_lower(text.substr(0, equals));
    text.remove_prefix(equals + 1);
    auto value = take_value(text);
    if (!value) return {};
    out.push_back({std::move(name), std::move(*value)});
  }
  return out;
}

struct Field {
  std::string_view value;  // before the first ';'
  std::vector<FieldParameter> parameters;
  const std::string* find(std::string_view name) const {
    const auto it = std::ranges::find(parameters, name, &FieldParameter::name);
    return it == parameters.end() ? nullptr : &it->value;
  }
};

std::optional<Field> parse_field(std::string_view text) {
  const size_t semicolon = std::min(text.find(';'), text.size());
  auto parameters = parse_parameters(text.substr(semicolon));
  if (!parameters) return {};
  return Field{trim(text.substr(0, semicolon)), std::move(*parameters)};
}

Result<std::string> boundary_of(std::string_view content_type) {
  const auto field = parse_field(content_type);
  if (!field || !equals_ignoring_case(field->value, "multipart/form-data"))
    return malformed("The content type is not multipart/form-data.");
  const std::string* boundary = field->find("boundary");
  if (!boundary || boundary->empty() || boundary->size() > boundary_max || boundary->back() == ' ' ||
      boundary->find_first_of("\r\n") != std::string::npos)
    return malformed("The multipart boundary is missing or not valid.");
  return *boundary;
}

Result<> read_disposition(std::string_view value, Part& part) {
  const auto field = parse_field(value);
  // RFC 7578 §4.2: form-data with a name.
  if (!field || !equals_ignoring_case(field->value, "form-data") || !field->find("name"))
    return malformed("A part has no valid Content-Disposition.");
  part.name = *field->find("name");
  if (const std::string* filename = field->find("filename")) part.filename = *filename;
  if (!is_valid_utf8(part.name) || (part.filename && !is_valid_utf8(*part.filename)))
    return malformed("The name of a part is not valid UTF-8.");
  return {};
}

// RFC 7578 §4.7: transfer encodings are not used any more; one that changes the bytes is refused.
bool leaves_bytes(std::string_view encoding) {
  return std::ranges::any_of(std::initializer_list<std::string_view>{"binary", "8bit", "7bit"},
                             [&](std::string_view known) { return equals_ignoring_case(known, encoding); });
}

Result<> read_line(std::string_view line, Part& part, bool& disposed) {
  const size_t colon = line.find(':');
  if (colon == line.npos || !is_token(line.substr(0, colon)))
    return malformed("The head of a part is malformed.");
  const std::string_view name = line.substr(0, colon), value = trim(line.substr(colon + 1));
  if (equals_ignoring_case(name, "Content-Disposition")) {
    if (disposed) return malformed("A part has two Content-Dispositions.");
    disposed = true;
    return read_disposition(value, part);
  }
  if (equals_ignoring_case(name, "Content-Type")) part.content_type = value;
  if (equals_ignoring_case(name, "Content-Transfer-Encoding") && !leaves_bytes(value))
    return malformed("The transfer encoding of a part is not supported.");
  return {};
}

Result<> read_part_head(std::string_view head, Part& part) {
  bool disposed = false;
  while (!head.empty()) {
    const size_t end = std::min(head.find("\r\n"), head.size());
    ENSURE(read_line(head.substr(0, end), part, disposed));
    head.remove_prefix(std::min(head.size(), end + 2));
  }
  if (!disposed) return malformed("A part has no valid Content-Disposition.");
  return {};
}

// `text` begins after the boundary's line end; afterwards with the next delimiter.
Result<Part> take_part(std::string_view& text, std::string_view delimiter) {
  const size_t head_end = text.find("\r\n\r\n");
  if (head_end == text.npos || head_end > part_head_max) return malformed("The head of a part is malformed.");
  Part part;
  ENSURE(read_part_head(text.substr(0, head_end), part));
  text.remove_prefix(head_end + 2);  // the delimiter's CR LF may be the one that ends the head
  const size_t end = text.find(delimiter);
  if (end == text.npos) return malformed("The multipart body has no end.");
  part.body = end < 2 ? std::string_view() : text.substr(2, end - 2);
  text.remove_prefix(end);
  return part;
}

}  // namespace

Result<std::vector<Part>> parse_multipart(std::string_view content_type, std::string_view body,
                                          size_t parts_max) {
  TRY(const std::string boundary, boundary_of(content_type));
  const std::string delimiter = "\r\n--" + boundary;
  const std::string_view opening = std::string_view(delimiter).substr(2);
  if (body.starts_with("\r\n")) body.remove_prefix(2);
  if (!body.starts_with(opening)) return malformed("The multipart body does not begin with its boundary.");
  body.remove_prefix(opening.size());
  std::vector<Part> parts;
  while (!body.starts_with("--")) {  // RFC 2046 §5.1.1: the closing delimiter; what follows it is ignored
    if (!body.starts_with("\r\n")) return malformed("A multipart boundary is malformed.");
    body.remove_prefix(2);
    if (parts.size() == parts_max) return malformed("There are too many parts.");
    TRY(Part part, take_part(body, delimiter));
    parts.push_back(std::move(part));
    body.remove_prefix(delimiter.size());
  }
  return parts;
}

}  // namespace durward::http
