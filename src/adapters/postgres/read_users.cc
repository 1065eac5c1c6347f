#include "adapters/postgres/readers.h"
#include "adapters/records/records.h"
#include "adapters/records/user_search.h"
#include "base/encoding.h"

namespace durward::adapters::postgres {

using namespace records;
using domain::TenantId;
using domain::User;
using ports::UserWithPassword;

namespace {
const std::string columns = user_columns;
const std::string find_sql =
    "SELECT " + columns +
    " FROM users u JOIN user_logins l ON l.user=u.row WHERE u.tenant=$1 AND u.user_id=$2";
const std::string with_password_sql =
    "SELECT " + columns +
    ",c.password_hash,c.earlier::text FROM users u JOIN user_logins l ON l.user=u.row "
    "LEFT JOIN credentials c ON c.user=u.row AND c.identity=u.user_id WHERE u.tenant=$1 AND u.user_id=$2";
const std::string by_identifier_sql =
    "SELECT " + columns +
    ",c.password_hash,c.earlier::text FROM identifiers i JOIN users u ON u.row=i.user "
    "JOIN user_logins l ON l.user=u.row LEFT JOIN credentials c ON c.row=i.credential "
    "WHERE i.tenant=$1 AND i.connection=$2 AND i.value=$3";
const std::string by_email_sql = "SELECT " + columns +
                                 " FROM users u JOIN user_logins l ON l.user=u.row "
                                 "WHERE u.tenant=$1 AND u.email=$2 ORDER BY u.row LIMIT 1000";
const std::string members_sql = "SELECT " + columns +
                                ",u.row FROM user_roles r JOIN users u ON u.row=r.user "
                                "JOIN user_logins l ON l.user=u.row WHERE r.tenant=$1 AND r.role=$2 AND "
                                "r.user>$3 ORDER BY r.user LIMIT $4 OFFSET $5";
constexpr char permissions_sql[] =
    "WITH owner AS (SELECT row FROM users WHERE tenant=$1 AND user_id=$2) "
    "SELECT p.audience,p.name,NULL::text FROM owner JOIN user_permissions p ON p.user=owner.row "
    "WHERE $3='' OR p.audience=$3 "
    "UNION ALL "
    "SELECT p.audience,p.name,r.role FROM owner JOIN user_roles r ON r.user=owner.row "
    "JOIN role_permissions p ON p.tenant=$1 AND p.role=r.role WHERE $3='' OR p.audience=$3 "
    "ORDER BY 1,2,3 NULLS FIRST";

UserWithPassword with_password_of(const Rows& q) {
  UserWithPassword out{.user = read_user(q), .password_hash = q.text(user_column_count)};
  if (!q.is_null(user_column_count + 1)) out.earlier_hashes = stored_strings(q.view(user_column_count + 1));
  return out;
}
std::string text_of(const Rows& q) { return q.text(0); }
ports::Permission permission_of(const Rows& q) { return {q.text(0), q.text(1)}; }

// The path is a bound value. A profile with NUL characters is JSON but no jsonb: it is not searched.
void add_metadata(UserFilter& f, const std::vector<std::string>& path, const std::string& value,
                  bool prefix) {
  std::string array = "{";
  for (const auto& name : path) array += (array.size() > 1 ? ",\"" : "\"") + name + "\"";
  f.where +=
      "EXISTS(SELECT 1 FROM (SELECT CASE WHEN strpos(u.profile::text,'\\u0000')=0 THEN u.profile::jsonb END"
      "#>(?::text)::text[]) p(v) CROSS JOIN LATERAL (SELECT p.v UNION ALL SELECT * FROM jsonb_array_elements("
      "CASE jsonb_typeof(p.v) WHEN 'array' THEN p.v ELSE '[]' END)) e(v) "
      "WHERE jsonb_typeof(e.v) NOT IN('object','array','null') AND ";
  f.values.push_back(array + "}");
  add_text(f, "lower((e.v#>>'{}') COLLATE \"C\")", value, prefix);
  f.where += ")";
}
constexpr SearchDialect dialect{
    .add_metadata = add_metadata, .ascending = " ASC NULLS FIRST", .descending = " DESC NULLS LAST"};

Statement bound(const std::string& sql, int64_t tenant, const UserFilter& f) {
  auto s = Statement::composed(sql);
  s.bind_all(tenant);
  for (const auto& value : f.values) s.bind_all(value);
  return s;
}

void read_total(std::vector<Rows>& answer, ports::UserPage& page) {
  if (answer.size() > 1 && answer[1].step()) page.total = answer[1].integer(0);
}
}  // namespace

PostgresUsers::PostgresUsers(Context context)
    : c_(std::move(context)),
      find_(ReadCounters(c_.registry, "users")("find")),
      find_with_password_(ReadCounters(c_.registry, "users")("find_with_password")),
      find_by_identifier_(ReadCounters(c_.registry, "users")("find_by_identifier")),
      find_by_email_(ReadCounters(c_.registry, "users")("find_by_email")),
      list_(ReadCounters(c_.registry, "users")("list")) {}

Async<std::optional<User>> PostgresUsers::find(TenantId tenant, std::string user_id) {
  co_return co_await read_one<User>(c_.pool, find_, Statement::fixed(find_sql, tenant.value, user_id),
                                    read_user<Rows>);
}

Async<std::optional<UserWithPassword>> PostgresUsers::find_with_password(TenantId tenant,
                                                                         std::string user_id) {
  co_return co_await read_one(c_.pool, find_with_password_,
                              Statement::fixed(with_password_sql, tenant.value, user_id), with_password_of);
}

Async<std::optional<UserWithPassword>> PostgresUsers::find_by_identifier(TenantId tenant,
                                                                         std::string connection,
                                                                         std::string value) {
  co_return co_await read_one(c_.pool, find_by_identifier_,
                              Statement::fixed(by_identifier_sql, tenant.value, connection, value),
                              with_password_of);
}

Async<std::vector<User>> PostgresUsers::find_by_email(TenantId tenant, std::string email) {
  co_return co_await read_all<User>(c_.pool, find_by_email_, Way::shared_read,
                                    Statement::fixed(by_email_sql, tenant.value, to_lower(email)),
                                    read_user<Rows>);
}

Async<ports::UserPage> PostgresUsers::list(TenantId tenant, ports::UserQuery query) {
  CO_TRY(const auto listing, listing_of(query, dialect));
  Batch batch;
  batch.push_back(bound(listing.sql, tenant.value, listing.filter));
  if (listing.after) batch.back().bind_all(listing.after->created_at, listing.after->row);
  batch.back().bind_all(listing.limit + 1, listing.offset);
  if (query.want_total) batch.push_back(bound(listing.count, tenant.value, listing.filter));
  CO_TRY(auto answer, co_await read_stale(c_.pool, c_.replica, list_, std::move(batch), tenant,
                                          ports::StaleRead::users_list, query.may_be_stale));
  auto page = read_user_page(answer[0], listing);
  read_total(answer, page);
  co_return page;
}

PostgresAssignments::PostgresAssignments(Context context)
    : c_(std::move(context)),
      roles_of_(ReadCounters(c_.registry, "assignments")("roles_of")),
      users_of_role_(ReadCounters(c_.registry, "assignments")("users_of_role")),
      permissions_of_role_(ReadCounters(c_.registry, "assignments")("permissions_of_role")),
      permissions_of_(ReadCounters(c_.registry, "assignments")("permissions_of")) {}

Async<std::vector<std::string>> PostgresAssignments::roles_of(TenantId tenant, std::string user_id) {
  co_return co_await read_all(c_.pool, roles_of_, Way::shared_read,
                              Statement::fixed("SELECT r.role FROM users u JOIN user_roles r ON r.user=u.row "
                                               "WHERE u.tenant=$1 AND u.user_id=$2 ORDER BY r.role",
                                               tenant.value, user_id),
                              text_of);
}

Async<ports::UserPage> PostgresAssignments::users_of_role(TenantId tenant, std::string role_id,
                                                          ports::UserQuery query) {
  CO_TRY(const int64_t after, parse_after(query.after));
  const auto limit = page_limit(query.limit);
  Batch batch;
  batch.push_back(Statement::fixed(members_sql, tenant.value, role_id, after, limit + 1,
                                   query.after ? 0 : std::max<int64_t>(0, query.offset)));
  if (query.want_total)
    batch.push_back(Statement::fixed("SELECT count(*) FROM user_roles WHERE tenant=$1 AND role=$2",
                                     tenant.value, role_id));
  CO_TRY(auto answer, co_await read_stale(c_.pool, c_.replica, users_of_role_, std::move(batch), tenant,
                                          ports::StaleRead::role_members, query.may_be_stale));
  auto page = read_member_page(answer[0], limit);
  read_total(answer, page);
  co_return page;
}

Async<std::vector<ports::Permission>> PostgresAssignments::permissions_of_role(TenantId tenant,
                                                                               std::string role_id) {
  co_return co_await read_all(
      c_.pool, permissions_of_role_, Way::own_read,
      Statement::fixed("SELECT audience,name FROM role_permissions WHERE tenant=$1 AND role=$2 "
                       "ORDER BY audience,name",
                       tenant.value, role_id),
      permission_of);
}

Async<std::vector<ports::SourcedPermission>> PostgresAssignments::permissions_of(TenantId tenant,
                                                                                 std::string user_id,
                                                                                 std::string audience) {
  Batch batch;
  batch.push_back(Statement::fixed(permissions_sql, tenant.value, user_id, audience));
  CO_TRY(auto answer, co_await read(c_.pool, permissions_of_, Way::shared_read, std::move(batch)));
  std::vector<ports::SourcedPermission> out;
  for (auto& q = answer[0]; q.step();) {
    ports::Permission permission{q.text(0), q.text(1)};
    if (out.empty() || out.back().permission != permission) out.push_back({.permission = permission});
    if (q.is_null(2))
      out.back().direct = true;
    else
      out.back().role_ids.push_back(q.text(2));
  }
  co_return out;
}

}  // namespace durward::adapters::postgres
