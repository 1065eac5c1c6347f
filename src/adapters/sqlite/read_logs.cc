#include <algorithm>

#include "adapters/records/records.h"
#include "adapters/sqlite/readers.h"

namespace durward::adapters::sqlite {

using namespace records;

namespace {
const std::string select = "SELECT " + std::string(log_columns) + " FROM logs WHERE tenant=?";

// The records of a user who is gone are found by the id in their text, without the index.
std::optional<int64_t> row_of_user(Database& db, int64_t tenant, const std::string& user_id) {
  auto q = db.query("SELECT row FROM users WHERE tenant=? AND user_id=?", tenant, user_id);
  if (!q.step()) return {};
  return q.integer(0);
}

struct Filter {
  std::string sql;
  std::vector<std::string> values;
  void equal(const char* fragment, const std::string& value) {
    if (value.empty()) return;
    sql += fragment;
    values.push_back(value);
  }
};

Filter filter_of(const ports::LogQuery& query, bool user_known) {
  Filter f;
  f.equal(" AND type=?", query.type);
  f.equal(" AND client_id=?", query.client_id);
  f.equal(" AND connection=?", query.connection);
  f.equal(" AND ip=?", query.ip);
  if (!user_known) f.equal(" AND json_extract(detail,'$.user_id')=?", query.user_id);
  return f;
}

Result<std::vector<domain::LogRecord>> list_logs(Database& db, int64_t tenant, const ports::LogQuery& query) {
  const auto user = query.user_id.empty() ? std::nullopt : row_of_user(db, tenant, query.user_id);
  const auto filter = filter_of(query, user.has_value());
  std::string sql = select + filter.sql;
  if (user) sql += " AND user=?";
  sql += " AND date>=? AND date<? AND id>?";
  sql += query.newest_first && !query.after ? " ORDER BY id DESC" : " ORDER BY id";
  auto q = db.query(sql + " LIMIT ? OFFSET ?", tenant);
  for (const auto& value : filter.values) q.bind(value);
  if (user) q.bind(*user);
  q.bind(query.since ? to_unix_ms(*query.since) : INT64_MIN,
         query.until ? to_unix_ms(*query.until) : INT64_MAX, query.after.value_or(INT64_MIN),
         page_limit(query.limit), query.after ? 0 : std::max<int64_t>(0, query.offset));
  std::vector<domain::LogRecord> out;
  while (q.step()) out.push_back(read_log(q));
  return out;
}
}  // namespace

SqliteLogs::SqliteLogs(Context context)
    : c_(context),
      find_(ReadCounters(c_.registry, "logs")("find")),
      list_(ReadCounters(c_.registry, "logs")("list")) {}

Async<std::optional<domain::LogRecord>> SqliteLogs::find(domain::TenantId tenant, int64_t id) {
  co_return co_await c_.engine.read(find_, ReadCost::point,
                                    [&](Database& db) -> Result<std::optional<domain::LogRecord>> {
                                      auto q = db.query(select + " AND id=?", tenant.value, id);
                                      if (!q.step()) return std::nullopt;
                                      return read_log(q);
                                    });
}

Async<std::vector<domain::LogRecord>> SqliteLogs::list(domain::TenantId tenant, ports::LogQuery query) {
  co_return co_await c_.engine.read(list_, ReadCost::scan,
                                    [&](Database& db) { return list_logs(db, tenant.value, query); });
}

}  // namespace durward::adapters::sqlite
