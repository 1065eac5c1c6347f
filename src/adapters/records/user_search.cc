#include "adapters/records/user_search.h"

#include <algorithm>

#include "base/encoding.h"

namespace durward::adapters::records {

namespace {
constexpr size_t conditions_max = 32;

enum class Match { text_exact_case, text, flag, identity };
struct Field {
  std::string_view name;
  const char* column;
  Match match;
};
// The only way from a field name of a query to a name in SQL.
constexpr Field fields[] = {{"user_id", "u.user_id", Match::text_exact_case},
                            {"email", "u.email", Match::text},
                            {"username", "u.username", Match::text},
                            {"phone_number", "u.phone_number", Match::text},
                            {"name", "u.name", Match::text},
                            {"nickname", "u.nickname", Match::text},
                            {"given_name", "u.given_name", Match::text},
                            {"family_name", "u.family_name", Match::text},
                            {"email_verified", "u.email_verified", Match::flag},
                            {"blocked", "u.blocked", Match::flag},
                            {"identities.connection", "i.connection", Match::identity},
                            {"identities.provider", "i.provider", Match::identity}};

struct SortField {
  std::string_view name;
  const char* column;
};
constexpr SortField sort_fields[] = {{"created_at", "u.created_at"},  {"updated_at", "u.updated_at"},
                                     {"user_id", "u.user_id"},        {"email", "u.email"},
                                     {"last_login", "l.last_login"},  {"logins_count", "l.logins_count"},
                                     {"username", "u.username"},      {"name", "u.name"},
                                     {"nickname", "u.nickname"},      {"given_name", "u.given_name"},
                                     {"family_name", "u.family_name"}};

std::unexpected<Error> unknown_field() {
  return fail(ErrorKind::invalid, "invalid_query_string", "The query names a field that cannot be searched.");
}

// user_metadata.a.b as its names. Quotes and backslashes would end the quoting of a name in an engine's path,
// so they are refused.
Result<std::vector<std::string>> path_of(const std::string& field) {
  if (field.find_first_of("\"\\") != std::string::npos) return unknown_field();
  std::vector<std::string> path;
  for (size_t start = 0; start <= field.size();) {
    const auto end = std::min(field.find('.', start), field.size());
    if (end == start) return unknown_field();
    path.push_back(field.substr(start, end - start));
    start = end + 1;
  }
  return path;
}

Result<> add_field(UserFilter& f, const Field& field, const ports::UserCondition& c) {
  switch (field.match) {
    case Match::text_exact_case:
      add_text(f, field.column, c.value, c.prefix);
      return {};
    case Match::text:
      add_text(f, field.column, to_lower(c.value), c.prefix);
      return {};
    case Match::flag:
      f.where.append(field.column).append("=(?='true')");
      f.values.push_back(c.value);
      return {};
    case Match::identity:
      f.where += "u.row IN(SELECT i.user FROM identities i WHERE i.tenant=u.tenant AND ";
      add_text(f, field.column, c.value, c.prefix);
      f.where += ")";
      return {};
  }
  return unknown_field();
}

Result<> add_condition(UserFilter& f, const ports::UserCondition& c, const SearchDialect& dialect) {
  f.where += " AND (";
  if (c.field.starts_with("user_metadata.") || c.field.starts_with("app_metadata.")) {
    TRY(const auto path, path_of(c.field));
    dialect.add_metadata(f, path, to_lower(c.value), c.prefix);
  } else {
    const auto* field = std::ranges::find(fields, c.field, &Field::name);
    if (field == std::end(fields)) return unknown_field();
    ENSURE(add_field(f, *field, c));
  }
  f.where += c.negated ? ") IS NOT TRUE" : ")";
  return {};
}

Result<UserFilter> filter_of(const ports::UserQuery& query, const SearchDialect& dialect) {
  if (query.all_of.size() > conditions_max)
    return fail(ErrorKind::invalid, "invalid_query_string", "The query has too many conditions.");
  UserFilter f;
  for (const auto& condition : query.all_of) ENSURE(add_condition(f, condition, dialect));
  return f;
}

Result<std::string> order_of(const ports::UserQuery& query, const SearchDialect& dialect) {
  const auto* field = std::ranges::find(sort_fields, query.sort_field, &SortField::name);
  if (field == std::end(sort_fields))
    return fail(ErrorKind::invalid, "invalid_sort", "The users cannot be sorted by this field.");
  const std::string direction = query.descending ? dialect.descending : dialect.ascending;
  return " ORDER BY " + std::string(field->column) + direction + ",u.row" + direction;
}

Result<std::optional<UserCheckpoint>> parse_checkpoint(const std::optional<std::string>& after) {
  if (!after) return std::nullopt;
  const auto dot = after->find('.');
  if (dot == std::string::npos)
    return fail(ErrorKind::invalid, "invalid_paging", "The checkpoint is not one.");
  TRY(const int64_t created_at, parse_after(after->substr(0, dot)));
  TRY(const int64_t row, parse_after(after->substr(dot + 1)));
  return UserCheckpoint{created_at, row};
}
}  // namespace

void add_text(UserFilter& f, std::string_view column, const std::string& value, bool prefix) {
  f.where.append(column).append(prefix ? ">=? AND " : "=?");
  f.values.push_back(value);
  if (!prefix) return;
  f.where.append(column).append("<?");
  f.values.push_back(value + "\xF4\x8F\xBF\xBF");
}

// The first page in order of creation also says where the next one starts: a checkpoint list has no `after`
// yet.
Result<UserListing> listing_of(const ports::UserQuery& query, const SearchDialect& dialect) {
  UserListing l;
  TRY(l.filter, filter_of(query, dialect));
  TRY(const auto sorted, order_of(query, dialect));
  TRY(l.after, parse_checkpoint(query.after));
  const bool by_creation = query.sort_field == "created_at" && !query.descending;
  l.says_next = l.after.has_value() || (by_creation && query.offset == 0);
  l.limit = page_limit(query.limit);
  l.offset = l.after ? 0 : std::max<int64_t>(0, query.offset);
  l.sql = "SELECT " + std::string(user_columns) +
          ",u.row FROM users u JOIN user_logins l ON l.user=u.row WHERE u.tenant=?" + l.filter.where;
  if (l.after) l.sql += " AND (u.created_at,u.row)>(?,?)";
  l.sql += (l.after ? " ORDER BY u.created_at,u.row" : sorted) + " LIMIT ? OFFSET ?";
  l.count = "SELECT count(*) FROM users u WHERE u.tenant=?" + l.filter.where;
  return l;
}

}  // namespace durward::adapters::records
