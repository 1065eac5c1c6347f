#include "adapters/sqlite/user_query.h"

#include "adapters/records/user_search.h"

namespace durward::adapters::sqlite {

using namespace records;

namespace {
// The path is a bound value.
void add_metadata(UserFilter& f, const std::vector<std::string>& path, const std::string& value,
                  bool prefix) {
  std::string json_path = "$";
  for (const auto& name : path) json_path += ".\"" + name + "\"";
  f.where +=
      "EXISTS(SELECT 1 FROM json_each(u.profile,?) e WHERE e.type NOT IN('object','array','null') AND "
      "(typeof(e.key)='integer' OR coalesce(json_type(u.profile,?),'')<>'object') AND ";
  f.values.push_back(json_path);
  f.values.push_back(json_path);
  add_text(f, "CASE e.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE lower(e.value) END", value,
           prefix);
  f.where += ")";
}
constexpr SearchDialect dialect{.add_metadata = add_metadata};

// Values are bound in the order in which `sql` names them.
Query bound(Database& db, const std::string& sql, int64_t tenant, const UserFilter& f) {
  auto q = db.query(sql, tenant);
  for (const auto& value : f.values) q.bind(value);
  return q;
}
}  // namespace

Result<ports::UserPage> list_users(Database& db, int64_t tenant, const ports::UserQuery& query) {
  TRY(const auto listing, listing_of(query, dialect));
  auto q = bound(db, listing.sql, tenant, listing.filter);
  if (listing.after) q.bind(listing.after->created_at, listing.after->row);
  q.bind(listing.limit + 1, listing.offset);
  auto page = read_user_page(q, listing);
  if (query.want_total) {
    auto count = bound(db, listing.count, tenant, listing.filter);
    count.step();
    page.total = count.integer(0);
  }
  return page;
}

Result<ports::UserPage> list_role_members(Database& db, int64_t tenant, const std::string& role,
                                          const ports::UserQuery& query) {
  TRY(const int64_t after, parse_after(query.after));
  const auto limit = page_limit(query.limit);
  auto q =
      db.query("SELECT " + std::string(user_columns) +
                   ",u.row FROM user_roles r JOIN users u ON u.row=r.user JOIN user_logins l ON l.user=u.row "
                   "WHERE r.tenant=? AND r.role=? AND r.user>? ORDER BY r.user LIMIT ? OFFSET ?",
               tenant, role, after, limit + 1, query.after ? 0 : std::max<int64_t>(0, query.offset));
  auto page = read_member_page(q, limit);
  if (query.want_total) {
    auto count = db.query("SELECT count(*) FROM user_roles WHERE tenant=? AND role=?", tenant, role);
    count.step();
    page.total = count.integer(0);
  }
  return page;
}

}  // namespace durward::adapters::sqlite
