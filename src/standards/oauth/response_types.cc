#include "standards/oauth/response_types.h"

#include <algorithm>
#include <array>

#include "standards/oauth/errors.h"

namespace durward::oauth {

namespace {

struct WordRow {
  std::string_view word;
  bool ResponseType::* member;
};
constexpr WordRow word_rows[] = {
    {"code", &ResponseType::code}, {"token", &ResponseType::token}, {"id_token", &ResponseType::id_token}};

constexpr std::array<std::string_view, 4> mode_names = {"query", "fragment", "form_post", "web_message"};

// False for an unknown word and for one that was there before.
bool add_word(ResponseType& type, std::string_view word) {
  for (const auto& row : word_rows)
    if (row.word == word && !(type.*row.member)) return type.*row.member = true;
  return false;
}

}  // namespace

Result<ResponseType> parse_response_type(std::string_view text) {
  // RFC 6749 §4.1.2.1.
  if (text.empty()) return refuse("invalid_request", "Missing required parameter: response_type");
  ResponseType out;
  for (;;) {
    const size_t end = text.find(' ');
    // RFC 6749 §3.1.1: the order of the words does not matter.
    if (!add_word(out, text.substr(0, end)))
      return refuse("unsupported_response_type", "Unsupported response type");
    if (end == text.npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::string to_string(const ResponseType& type) {
  std::string out;
  for (const auto& row : word_rows) {
    if (!(type.*row.member)) continue;
    if (!out.empty()) out += ' ';
    out += row.word;
  }
  return out;
}

ResponseMode default_response_mode(const ResponseType& type) {
  // Multiple Response Types §2.1, §5.
  return type.returns_token() ? ResponseMode::fragment : ResponseMode::query;
}

Result<ResponseMode> parse_response_mode(std::string_view text, const ResponseType& type) {
  if (text.empty()) return default_response_mode(type);
  const auto at = std::ranges::find(mode_names, text);
  if (at == mode_names.end()) return refuse("invalid_request", "Unsupported response mode");
  const auto mode = ResponseMode(at - mode_names.begin());
  // Multiple Response Types §5: tokens never travel in a query string, which ends in logs and Referer
  // headers.
  if (mode == ResponseMode::query && type.returns_token())
    return refuse("invalid_request", "The response mode 'query' is not allowed for this response type");
  return mode;
}

std::string_view to_string(ResponseMode mode) { return mode_names[size_t(mode)]; }

}  // namespace durward::oauth
