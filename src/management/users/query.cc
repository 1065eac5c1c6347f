#include "management/users/query.h"

#include <algorithm>

namespace durward::management::users {

namespace {

constexpr size_t query_max = 4096, conditions_max = 20, depth_max = 10;

struct FieldRule {
  std::string_view name;
  bool boolean = false;
};
constexpr FieldRule fields[] = {
    {"user_id"},
    {"email"},
    {"username"},
    {"phone_number"},
    {"name"},
    {"nickname"},
    {"given_name"},
    {"family_name"},
    {"blocked", true},
    {"email_verified", true},
    {"identities.connection"},
    {"identities.provider"},
};
constexpr std::string_view sort_fields[] = {"created_at", "updated_at", "last_login", "logins_count",
                                            "user_id",    "email",      "username",   "name",
                                            "nickname",   "given_name", "family_name"};

bool is_metadata(std::string_view field) {
  return (field.starts_with("user_metadata.") || field.starts_with("app_metadata.")) && !field.ends_with('.');
}

struct Term {
  std::string text;
  bool quoted = false;
  bool prefix = false;  // ended with an unescaped *
};

// Recursive descent over the text; `at_` is the position that messages name.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<ports::UserCondition>> run() {
    ENSURE(expression(0));
    if (!at_end()) return refuse("unexpected '" + std::string(1, text_[at_]) + "'");
    return std::move(conditions_);
  }

 private:
  std::unexpected<Error> refuse(std::string what) const {
    return fail(ErrorKind::invalid, "invalid_query_string",
                "Query string error: " + std::move(what) + " at position " + std::to_string(at_) + ".");
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool at_end() {
    skip_space();
    return at_ >= text_.size();
  }
  bool take(std::string_view word) {
    skip_space();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  bool next_is(char c) {
    skip_space();
    return at_ < text_.size() && text_[at_] == c;
  }
  // AND, OR and NOT are words of their own.
  bool take_word(std::string_view word) {
    skip_space();
    const auto rest = text_.substr(at_);
    if (!rest.starts_with(word)) return false;
    if (rest.size() > word.size() && rest[word.size()] != ' ' && rest[word.size()] != '(') return false;
    at_ += word.size();
    return true;
  }

  Result<> expression(size_t depth) {
    ENSURE(clause(depth));
    while (!at_end() && text_[at_] != ')') {
      if (take_word("OR") || take("||"))
        return refuse("OR is not supported by this store, use one query for each alternative,");
      if (!take_word("AND") && !take("&&"))
        return refuse("terms without AND between them mean OR, which is not supported by this store,");
      ENSURE(clause(depth));
    }
    return {};
  }

  Result<> clause(size_t depth) {
    if (at_end()) return refuse("unexpected end");
    bool negated = false;
    while (take_word("NOT") || take("-") || take("!")) negated = !negated;
    take("+");
    if (take("(")) {
      if (negated) return refuse("NOT before parentheses is not supported by this store");
      if (depth >= depth_max) return refuse("too many parentheses");
      ENSURE(expression(depth + 1));
      if (!take(")")) return refuse("missing ')'");
      return {};
    }
    return condition(negated);
  }

  Result<> condition(bool negated) {
    skip_space();
    const size_t start = at_;
    while (at_ < text_.size() && is_field_character(text_[at_])) ++at_;
    const std::string field(text_.substr(start, at_ - start));
    if (field.empty() || at_ >= text_.size() || text_[at_] != ':') {
      at_ = start;
      return refuse("a term without a field is not supported by this store");
    }
    ++at_;
    if (field == "_exists_") return refuse("_exists_ is not supported by this store");
    if (next_is('[') || next_is('{'))
      return refuse("a range for " + field + " is not supported by this store");
    if (next_is('(')) return refuse("a group of values for " + field + " is not supported by this store");
    TRY(Term term, value());
    return add(field, std::move(term), negated);
  }

  Result<Term> value() {
    if (take("\"")) return phrase();
    Term term;
    while (at_ < text_.size() && text_[at_] != ' ' && text_[at_] != ')') {
      const char c = text_[at_];
      if (term.prefix) return refuse("'*' is supported at the end of a value only");
      if (std::string_view("~^?\"[]{}(/").find(c) != std::string_view::npos)
        return refuse("unexpected '" + std::string(1, c) + "'");
      if (c == '\\') {
        if (++at_ >= text_.size()) return refuse("unexpected end");
        term.text += text_[at_];
      } else if (c == '*') {
        if (term.text.empty()) return refuse("'*' needs letters before it");
        term.prefix = true;
      } else {
        term.text += c;
      }
      ++at_;
    }
    if (term.text.empty()) return refuse("missing value");
    return term;
  }

  Result<Term> phrase() {
    Term term{.quoted = true};
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      term.text += text_[at_];
    }
    if (at_ >= text_.size()) return refuse("missing '\"'");
    ++at_;
    if (at_ < text_.size() && (text_[at_] == '~' || text_[at_] == '^'))
      return refuse("unexpected '" + std::string(1, text_[at_]) + "'");
    return term;
  }

  Result<> add(const std::string& field, Term term, bool negated) {
    const auto* rule = std::ranges::find(fields, field, &FieldRule::name);
    const bool known = rule != std::end(fields);
    if (!known && !is_metadata(field)) return refuse("field " + field + " is not searchable in this store");
    if (term.prefix && (!known || rule->boolean)) return refuse("wildcards are not supported for " + field);
    if (known && rule->boolean && term.text != "true" && term.text != "false")
      return refuse(field + " is true or false");
    if (conditions_.size() >= conditions_max) return refuse("too many conditions");
    conditions_.push_back({field, std::move(term.text), term.prefix, negated});
    return {};
  }

  static bool is_field_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<ports::UserCondition> conditions_;
};

}  // namespace

Result<std::vector<ports::UserCondition>> parse_user_query(std::string_view q) {
  if (q.size() > query_max)
    return fail(ErrorKind::invalid, "invalid_query_string",
                "Query string error: longer than " + std::to_string(query_max) + " characters.");
  const size_t first = q.find_first_not_of(" \t");
  const std::string_view rest = first == q.npos ? std::string_view() : q.substr(first);
  if (rest.empty() || rest == "*" || rest == "*:*") return std::vector<ports::UserCondition>();
  return Parser(q).run();
}

Result<> parse_user_sort(std::string_view sort, ports::UserQuery& query) {
  if (sort.empty()) return {};
  const size_t colon = sort.find(':');
  const std::string_view field = sort.substr(0, colon);
  const std::string_view direction = colon == sort.npos ? "" : sort.substr(colon + 1);
  if (direction != "1" && direction != "-1")
    return fail(
        ErrorKind::invalid, "invalid_query_string",
        "Query validation error: 'String does not match pattern field:1 or field:-1' on property sort.");
  if (std::ranges::find(sort_fields, field) == std::end(sort_fields))
    return fail(ErrorKind::invalid, "invalid_query_string",
                "Query validation error: 'Cannot sort by " + std::string(field.substr(0, 64)) +
                    "' on property sort.");
  query.sort_field = std::string(field);
  query.descending = direction == "-1";
  return {};
}

}  // namespace durward::management::users
