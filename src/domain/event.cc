#include "domain/event.h"

#include <charconv>

namespace durward::domain {

namespace {

std::unexpected<Error> invalid(std::string_view what) {
  return fail(ErrorKind::invalid, "invalid_event", "This is not an event.", std::string(what));
}

// Takes the word before the next dot off the front.
std::string_view take_word(std::string_view& rest) {
  const size_t dot = std::min(rest.find('.'), rest.size());
  const auto word = rest.substr(0, dot);
  rest.remove_prefix(std::min(dot + 1, rest.size()));
  return word;
}

bool is_plain(std::string_view word) {
  return !word.empty() && std::ranges::all_of(word, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::optional<int64_t> number(std::string_view text) {
  int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return n;
}

}  // namespace

json::Object Event::to_json() const {
  return {{"offset", offset}, {"id", std::to_string(id)}, {"tenant", tenant.value},
          {"type", type},     {"time", to_iso8601(time)}, {"data", data}};
}

Result<Event> Event::from_json(const json::Object& object) {
  const auto offset = json::integer(object, "offset"), tenant = json::integer(object, "tenant");
  const auto id = number(json::string_or(object, "id"));
  const auto time = parse_iso8601(json::string_or(object, "time"));
  const auto* data = json::object(object, "data");
  Event event;
  event.type = json::string_or(object, "type");
  if (!offset || !tenant || !id || !time || !data || event.type.empty())
    return invalid("a member is missing");
  event.offset = *offset;
  event.id = *id;
  event.tenant = {*tenant};
  event.time = *time;
  event.data = *data;
  return event;
}

bool is_event_pattern(std::string_view pattern) {
  if (pattern.empty() || pattern.size() > 128 || pattern.back() == '.') return false;
  while (!pattern.empty()) {
    const auto word = take_word(pattern);
    if (word == ">") return pattern.empty();
    if (word != "*" && !is_plain(word)) return false;
  }
  return true;
}

bool matches(std::string_view pattern, std::string_view type) {
  while (!pattern.empty() && !type.empty()) {
    const auto wanted = take_word(pattern);
    if (wanted == ">") return true;
    const auto word = take_word(type);
    if (wanted != "*" && wanted != word) return false;
  }
  return pattern.empty() && type.empty();
}

}  // namespace durward::domain
