#include <algorithm>

#include "management/logs/logs.h"

namespace durward::management::logs {

namespace {

constexpr size_t query_max = 4096;

std::unexpected<Error> refuse(std::string what) {
  return fail(ErrorKind::invalid, "invalid_query_string", "Query string error: " + std::move(what) + ".");
}

struct FieldRule {
  std::string_view name;
  std::string ports::LogQuery::* member;
};
constexpr FieldRule fields[] = {
    {"type", &ports::LogQuery::type},
    {"user_id", &ports::LogQuery::user_id},
    {"client_id", &ports::LogQuery::client_id},
    {"connection", &ports::LogQuery::connection},
    {"ip", &ports::LogQuery::ip},
};

// A date names a whole unit: 2018-12 is from its first instant to before the first of the next.
struct Unit {
  TimePoint begin, end;
};

std::optional<int> digits(std::string_view text, size_t at, size_t count) {
  if (at + count > text.size()) return {};
  int value = 0;
  for (char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<Unit> unit_of(std::string_view text) {
  using namespace std::chrono;
  const auto y = digits(text, 0, 4);
  if (!y) return {};
  if (text.size() == 4) return Unit{sys_days(year(*y) / 1 / 1), sys_days(year(*y + 1) / 1 / 1)};
  const auto m = digits(text, 5, 2);
  if (text[4] != '-' || !m || *m < 1 || *m > 12) return {};
  const year_month month = year(*y) / *m;
  if (text.size() == 7) return Unit{sys_days(month / 1), sys_days((month + months(1)) / 1)};
  const auto d = digits(text, 8, 2);
  if (text[7] != '-' || !d || !(month / *d).ok()) return {};
  const TimePoint day = sys_days(month / *d);
  if (text.size() == 10) return Unit{day, day + days(1)};
  const auto time = parse_iso8601(std::string(text) + (text.ends_with('Z') ? "" : "Z"));
  if (!time) return {};
  return Unit{*time, *time + (text.find('.') == text.npos ? Milliseconds(1000) : Milliseconds(1))};
}

class Parser {
 public:
  Parser(std::string_view text, ports::LogQuery& query) : text_(text), query_(query) {}

  Result<> run() {
    ENSURE(condition());
    while (!rest().empty()) {
      if (!take("AND ")) return refuse("only conditions joined by AND are supported, at '" + shown() + "'");
      ENSURE(condition());
    }
    return {};
  }

 private:
  std::string_view rest() {
    while (text_.starts_with(' ')) text_.remove_prefix(1);
    return text_;
  }
  std::string shown() { return std::string(rest().substr(0, 40)); }
  bool take(std::string_view word) {
    if (!rest().starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }

  Result<> condition() {
    const size_t colon = rest().find(':');
    const std::string_view name = text_.substr(0, colon);
    if (colon == text_.npos) return refuse("a term without a field is not supported: '" + shown() + "'");
    const auto* rule = std::ranges::find(fields, name, &FieldRule::name);
    if (name != "date" && rule == std::end(fields))
      return refuse("not supported: '" + std::string(name.substr(0, 40)) + "'");
    text_.remove_prefix(colon + 1);
    if (name == "date") return date();
    TRY(auto value, value_of(name));
    if (!(query_.*rule->member).empty()) return refuse(std::string(name) + " is given twice");
    query_.*rule->member = std::move(value);
    return {};
  }

  Result<std::string> value_of(std::string_view name) {
    if (take("\"")) return phrase();
    if (text_.starts_with('(') || text_.starts_with('[') || text_.starts_with('{'))
      return refuse("groups and ranges are not supported for " + std::string(name));
    std::string out;
    while (!text_.empty() && text_[0] != ' ') {
      if (text_[0] == '*' || text_[0] == '?')
        return refuse("wildcards are not supported for " + std::string(name));
      if (text_[0] == '\\' && text_.size() > 1) text_.remove_prefix(1);
      out += text_[0];
      text_.remove_prefix(1);
    }
    if (out.empty()) return refuse(std::string(name) + " has no value");
    return out;
  }

  Result<std::string> phrase() {
    std::string out;
    while (!text_.empty() && text_[0] != '"') {
      if (text_[0] == '\\' && text_.size() > 1) text_.remove_prefix(1);
      out += text_[0];
      text_.remove_prefix(1);
    }
    if (!take("\"")) return refuse("missing '\"'");
    return out;
  }

  // [a TO b], {a TO b}, mixed; * is open. Brackets include the named unit, braces do not.
  Result<> date() {
    const bool from_inclusive = take("[");
    if (!from_inclusive && !take("{")) return refuse("date takes a range: date:[a TO b]");
    const size_t end = text_.find_first_of("]}");
    const size_t to = text_.find(" TO ");
    if (end == text_.npos || to == text_.npos || to > end) return refuse("date takes a range: date:[a TO b]");
    const bool until_inclusive = text_[end] == ']';
    const std::string_view lower = text_.substr(0, to), upper = text_.substr(to + 4, end - to - 4);
    if (lower != "*") {
      const auto unit = unit_of(unquoted(lower));
      if (!unit) return refuse("not a date: '" + std::string(lower.substr(0, 40)) + "'");
      query_.since = from_inclusive ? unit->begin : unit->end;
    }
    if (upper != "*") {
      const auto unit = unit_of(unquoted(upper));
      if (!unit) return refuse("not a date: '" + std::string(upper.substr(0, 40)) + "'");
      query_.until = until_inclusive ? unit->end : unit->begin;
    }
    text_.remove_prefix(end + 1);
    return {};
  }
  static std::string_view unquoted(std::string_view text) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
    return text;
  }

  std::string_view text_;
  ports::LogQuery& query_;
};

}  // namespace

Result<> parse_log_query(std::string_view q, ports::LogQuery& query) {
  if (q.size() > query_max) return refuse("longer than " + std::to_string(query_max) + " characters");
  if (q.find_first_not_of(' ') == q.npos || q == "*" || q == "*:*") return {};
  return Parser(q, query).run();
}

Result<> parse_log_sort(std::string_view sort, ports::LogQuery& query) {
  if (sort.empty()) return {};
  if (sort != "date:1" && sort != "date:-1")
    return fail(ErrorKind::invalid, "invalid_query_string",
                "Query validation error: 'logs sort by date:1 or date:-1' on property sort.");
  query.newest_first = sort == "date:-1";
  return {};
}

}  // namespace durward::management::logs
