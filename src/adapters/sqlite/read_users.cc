#include "adapters/records/records.h"
#include "adapters/sqlite/readers.h"
#include "adapters/sqlite/user_query.h"
#include "base/encoding.h"

namespace durward::adapters::sqlite {

using namespace records;

using domain::TenantId;
using domain::User;
using ports::UserWithPassword;

namespace {
const std::string columns = user_columns;
const std::string find_sql =
    "SELECT " + columns + " FROM users u JOIN user_logins l ON l.user=u.row WHERE u.tenant=? AND u.user_id=?";
const std::string with_password_sql =
    "SELECT " + columns +
    ",c.password_hash,c.earlier FROM users u JOIN user_logins l ON l.user=u.row "
    "LEFT JOIN credentials c ON c.user=u.row AND c.identity=u.user_id WHERE u.tenant=? AND u.user_id=?";
const std::string by_identifier_sql =
    "SELECT " + columns +
    ",c.password_hash,c.earlier FROM identifiers i JOIN users u ON u.row=i.user "
    "JOIN user_logins l ON l.user=u.row LEFT JOIN credentials c ON c.row=i.credential "
    "WHERE i.tenant=? AND i.connection=? AND i.value=?";
const std::string by_email_sql = "SELECT " + columns +
                                 " FROM users u JOIN user_logins l ON l.user=u.row "
                                 "WHERE u.tenant=? AND u.email=? ORDER BY u.row LIMIT 1000";

Result<std::optional<UserWithPassword>> read_with_password(Query q) {
  if (!q.step()) return std::nullopt;
  UserWithPassword out{.user = read_user(q), .password_hash = q.text(user_column_count)};
  if (!q.is_null(user_column_count + 1)) out.earlier_hashes = stored_strings(q.view(user_column_count + 1));
  return out;
}
}  // namespace

SqliteUsers::SqliteUsers(Context context)
    : c_(context),
      find_(ReadCounters(c_.registry, "users")("find")),
      find_with_password_(ReadCounters(c_.registry, "users")("find_with_password")),
      find_by_identifier_(ReadCounters(c_.registry, "users")("find_by_identifier")),
      find_by_email_(ReadCounters(c_.registry, "users")("find_by_email")),
      list_(ReadCounters(c_.registry, "users")("list")) {}

Async<std::optional<User>> SqliteUsers::find(TenantId tenant, std::string user_id) {
  co_return co_await c_.engine.read(find_, ReadCost::point, [&](Database& db) -> Result<std::optional<User>> {
    auto q = db.query(find_sql, tenant.value, user_id);
    if (!q.step()) return std::nullopt;
    return read_user(q);
  });
}

Async<std::optional<UserWithPassword>> SqliteUsers::find_with_password(TenantId tenant, std::string user_id) {
  co_return co_await c_.engine.read(find_with_password_, ReadCost::point, [&](Database& db) {
    return read_with_password(db.query(with_password_sql, tenant.value, user_id));
  });
}

Async<std::optional<UserWithPassword>> SqliteUsers::find_by_identifier(TenantId tenant,
                                                                       std::string connection,
                                                                       std::string value) {
  co_return co_await c_.engine.read(find_by_identifier_, ReadCost::point, [&](Database& db) {
    return read_with_password(db.query(by_identifier_sql, tenant.value, connection, value));
  });
}

Async<std::vector<User>> SqliteUsers::find_by_email(TenantId tenant, std::string email) {
  email = to_lower(email);
  co_return co_await c_.engine.read(find_by_email_, ReadCost::point,
                                    [&](Database& db) -> Result<std::vector<User>> {
                                      std::vector<User> out;
                                      auto q = db.query(by_email_sql, tenant.value, email);
                                      while (q.step()) out.push_back(read_user(q));
                                      return out;
                                    });
}

Async<ports::UserPage> SqliteUsers::list(TenantId tenant, ports::UserQuery query) {
  co_return co_await c_.engine.read(list_, ReadCost::scan,
                                    [&](Database& db) { return list_users(db, tenant.value, query); });
}

SqliteAssignments::SqliteAssignments(Context context)
    : c_(context),
      roles_of_(ReadCounters(c_.registry, "assignments")("roles_of")),
      users_of_role_(ReadCounters(c_.registry, "assignments")("users_of_role")),
      permissions_of_role_(ReadCounters(c_.registry, "assignments")("permissions_of_role")),
      permissions_of_(ReadCounters(c_.registry, "assignments")("permissions_of")) {}

Async<std::vector<std::string>> SqliteAssignments::roles_of(TenantId tenant, std::string user_id) {
  co_return co_await c_.engine.read(roles_of_, ReadCost::point,
                                    [&](Database& db) -> Result<std::vector<std::string>> {
                                      std::vector<std::string> out;
                                      auto q = db.query(
                                          "SELECT r.role FROM users u JOIN user_roles r ON r.user=u.row "
                                          "WHERE u.tenant=? AND u.user_id=? ORDER BY r.role",
                                          tenant.value, user_id);
                                      while (q.step()) out.push_back(q.text(0));
                                      return out;
                                    });
}

Async<ports::UserPage> SqliteAssignments::users_of_role(TenantId tenant, std::string role_id,
                                                        ports::UserQuery page) {
  co_return co_await c_.engine.read(users_of_role_, ReadCost::scan, [&](Database& db) {
    return list_role_members(db, tenant.value, role_id, page);
  });
}

Async<std::vector<ports::Permission>> SqliteAssignments::permissions_of_role(TenantId tenant,
                                                                             std::string role_id) {
  co_return co_await c_.engine.read(
      permissions_of_role_, ReadCost::scan, [&](Database& db) -> Result<std::vector<ports::Permission>> {
        std::vector<ports::Permission> out;
        auto q = db.query(
            "SELECT audience,name FROM role_permissions WHERE tenant=? AND role=? "
            "ORDER BY audience,name",
            tenant.value, role_id);
        while (q.step()) out.push_back({q.text(0), q.text(1)});
        return out;
      });
}

namespace {
constexpr char permissions_sql[] =
    "WITH owner AS (SELECT row FROM users WHERE tenant=?1 AND user_id=?2) "
    "SELECT p.audience,p.name,NULL FROM owner JOIN user_permissions p ON p.user=owner.row "
    "WHERE ?3='' OR p.audience=?3 "
    "UNION ALL "
    "SELECT p.audience,p.name,r.role FROM owner JOIN user_roles r ON r.user=owner.row "
    "JOIN role_permissions p ON p.tenant=?1 AND p.role=r.role WHERE ?3='' OR p.audience=?3 "
    "ORDER BY 1,2,3";
}

Async<std::vector<ports::SourcedPermission>> SqliteAssignments::permissions_of(TenantId tenant,
                                                                               std::string user_id,
                                                                               std::string audience) {
  co_return co_await c_.engine.read(permissions_of_, ReadCost::point,
                                    [&](Database& db) -> Result<std::vector<ports::SourcedPermission>> {
                                      std::vector<ports::SourcedPermission> out;
                                      auto q = db.query(permissions_sql, tenant.value, user_id, audience);
                                      while (q.step()) {
                                        ports::Permission permission{q.text(0), q.text(1)};
                                        if (out.empty() || out.back().permission != permission)
                                          out.push_back({.permission = permission});
                                        if (q.is_null(2))
                                          out.back().direct = true;
                                        else
                                          out.back().role_ids.push_back(q.text(2));
                                      }
                                      return out;
                                    });
}

}  // namespace durward::adapters::sqlite
