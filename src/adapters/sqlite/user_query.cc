#include "adapters/sqlite/user_query.h"

#include <algorithm>

#include "adapters/sqlite/readers.h"
#include "adapters/sqlite/rows.h"
#include "base/encoding.h"

namespace durward::adapters::sqlite {

namespace {
constexpr size_t conditions_max = 32;
constexpr int64_t page_max = 1000;

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

// A prefix is the range up to the last code point, so that an index serves it.
void add_text(UserFilter& f, std::string_view column, const std::string& value, bool prefix) {
  f.where.append(column).append(prefix ? ">=? AND " : "=?");
  f.values.push_back(value);
  if (!prefix) return;
  f.where.append(column).append("<?");
  f.values.push_back(value + "\xF4\x8F\xBF\xBF");
}

// user_metadata.a.b: a scalar there, or any element of an array there, compared as text. The path is a bound
// value; quotes inside a name would end its quoting, so they are refused.
Result<> add_metadata(UserFilter& f, const ports::UserCondition& c) {
  if (c.field.find_first_of("\"\\") != std::string::npos) return unknown_field();
  std::string path = "$";
  for (size_t start = 0; start <= c.field.size();) {
    const auto end = std::min(c.field.find('.', start), c.field.size());
    if (end == start) return unknown_field();
    path.append(".\"").append(c.field, start, end - start).append("\"");
    start = end + 1;
  }
  f.where +=
      "EXISTS(SELECT 1 FROM json_each(u.profile,?) e WHERE e.type NOT IN('object','array','null') AND "
      "(typeof(e.key)='integer' OR coalesce(json_type(u.profile,?),'')<>'object') AND ";
  f.values.push_back(path);
  f.values.push_back(path);
  const char* text = "CASE e.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE lower(e.value) END";
  add_text(f, text, to_lower(c.value), c.prefix);
  f.where += ")";
  return {};
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

Result<> add_condition(UserFilter& f, const ports::UserCondition& c) {
  f.where += " AND (";
  if (c.field.starts_with("user_metadata.") || c.field.starts_with("app_metadata.")) {
    ENSURE(add_metadata(f, c));
  } else {
    const auto* field = std::ranges::find(fields, c.field, &Field::name);
    if (field == std::end(fields)) return unknown_field();
    ENSURE(add_field(f, *field, c));
  }
  f.where += c.negated ? ") IS NOT TRUE" : ")";
  return {};
}

constexpr std::string_view from_users = " FROM users u JOIN user_logins l ON l.user=u.row WHERE u.tenant=?";

// Values are bound in the order in which `sql` names them.
Query bound(Database& db, const std::string& sql, int64_t tenant, const UserFilter& f) {
  auto q = db.query(sql, tenant);
  for (const auto& value : f.values) q.bind(value);
  return q;
}

int64_t page_limit(const ports::UserQuery& query) { return std::clamp<int64_t>(query.limit, 0, page_max); }

// Creation time and row: imported users bring their own times, so rows alone are not in that order.
struct Checkpoint {
  int64_t created_at = INT64_MIN, row = 0;
  std::string text() const { return std::to_string(created_at) + "." + std::to_string(row); }
};

Result<Checkpoint> parse_checkpoint(const std::optional<std::string>& after) {
  if (!after) return Checkpoint{};
  const auto dot = after->find('.');
  if (dot == std::string::npos)
    return fail(ErrorKind::invalid, "invalid_paging", "The checkpoint is not one.");
  TRY(const int64_t created_at, parse_after(after->substr(0, dot)));
  TRY(const int64_t row, parse_after(after->substr(dot + 1)));
  return Checkpoint{created_at, row};
}

ports::UserPage read_members(Query& q, int64_t limit) {
  ports::UserPage page;
  int64_t last = 0;
  while (q.step()) {
    if (int64_t(page.users.size()) == limit) {
      page.next = std::to_string(last);
      break;
    }
    page.users.push_back(read_user(q));
    last = q.integer(user_column_count);
  }
  return page;
}

ports::UserPage read_page(Query& q, int64_t limit, bool checkpoint) {
  ports::UserPage page;
  Checkpoint last;
  while (q.step()) {
    if (int64_t(page.users.size()) == limit) {
      if (checkpoint) page.next = last.text();
      break;
    }
    page.users.push_back(read_user(q));
    last = {to_unix_ms(page.users.back().created_at), q.integer(user_column_count)};
  }
  return page;
}

std::string select(std::string_view from) {
  return "SELECT " + std::string(user_columns) + ",u.row" + std::string(from);
}
}  // namespace

Result<UserFilter> filter_of(const ports::UserQuery& query) {
  if (query.all_of.size() > conditions_max)
    return fail(ErrorKind::invalid, "invalid_query_string", "The query has too many conditions.");
  UserFilter f;
  for (const auto& condition : query.all_of) ENSURE(add_condition(f, condition));
  return f;
}

Result<std::string> order_of(const ports::UserQuery& query) {
  const auto* field = std::ranges::find(sort_fields, query.sort_field, &SortField::name);
  if (field == std::end(sort_fields))
    return fail(ErrorKind::invalid, "invalid_sort", "The users cannot be sorted by this field.");
  const std::string direction = query.descending ? " DESC" : " ASC";
  return " ORDER BY " + std::string(field->column) + direction + ",u.row" + direction;
}

// The first page in order of creation also says where the next one starts: a checkpoint list has no `after`
// yet.
Result<ports::UserPage> list_users(Database& db, int64_t tenant, const ports::UserQuery& query) {
  TRY(const auto filter, filter_of(query));
  TRY(const auto sorted, order_of(query));
  TRY(const auto after, parse_checkpoint(query.after));
  const bool by_creation = query.sort_field == "created_at" && !query.descending;
  const bool checkpoint = query.after.has_value() || (by_creation && query.offset == 0);
  const auto limit = page_limit(query);
  std::string sql = select(from_users) + filter.where;
  if (query.after) sql += " AND (u.created_at,u.row)>(?,?)";
  sql += query.after ? " ORDER BY u.created_at,u.row" : sorted;
  auto q = bound(db, sql + " LIMIT ? OFFSET ?", tenant, filter);
  if (query.after) q.bind(after.created_at, after.row);
  q.bind(limit + 1, query.after ? 0 : std::max<int64_t>(0, query.offset));
  auto page = read_page(q, limit, checkpoint);
  if (query.want_total) {
    auto count = bound(db, "SELECT count(*) FROM users u WHERE u.tenant=?" + filter.where, tenant, filter);
    count.step();
    page.total = count.integer(0);
  }
  return page;
}

Result<ports::UserPage> list_role_members(Database& db, int64_t tenant, const std::string& role,
                                          const ports::UserQuery& query) {
  TRY(const int64_t after, parse_after(query.after));
  const auto limit = page_limit(query);
  auto q =
      db.query(select(" FROM user_roles r JOIN users u ON u.row=r.user JOIN user_logins l ON l.user=u.row "
                      "WHERE r.tenant=? AND r.role=? AND r.user>? ORDER BY r.user LIMIT ? OFFSET ?"),
               tenant, role, after, limit + 1, query.after ? 0 : std::max<int64_t>(0, query.offset));
  auto page = read_members(q, limit);
  if (query.want_total) {
    auto count = db.query("SELECT count(*) FROM user_roles WHERE tenant=? AND role=?", tenant, role);
    count.step();
    page.total = count.integer(0);
  }
  return page;
}

}  // namespace durward::adapters::sqlite
