#include <algorithm>

#include "adapters/postgres/readers.h"
#include "adapters/records/records.h"

namespace durward::adapters::postgres {

using namespace records;

namespace {
const std::string select = "SELECT " + std::string(log_columns) + " FROM logs WHERE tenant=";
const std::string find_sql = select + "$1 AND id=$2";

struct Filter {
  std::string sql;
  std::vector<std::string> values;
  void equal(const char* fragment, const std::string& value) {
    if (value.empty()) return;
    sql += fragment;
    values.push_back(value);
  }
};

Filter filter_of(const ports::LogQuery& query) {
  Filter f;
  f.equal(" AND type=?", query.type);
  f.equal(" AND client_id=?", query.client_id);
  f.equal(" AND connection=?", query.connection);
  f.equal(" AND ip=?", query.ip);
  f.equal(" AND user_id<>'' AND user_id=?", query.user_id);
  return f;
}

Statement listing(int64_t tenant, const ports::LogQuery& query) {
  const auto filter = filter_of(query);
  const bool newest_first = query.newest_first && !query.after;
  auto s = Statement::composed(select + "?" + filter.sql + " AND date>=? AND date<? AND id>? ORDER BY id" +
                               (newest_first ? " DESC" : "") + " LIMIT ? OFFSET ?");
  s.bind_all(tenant);
  for (const auto& value : filter.values) s.bind_all(value);
  s.bind_all(query.since ? to_unix_ms(*query.since) : INT64_MIN,
             query.until ? to_unix_ms(*query.until) : INT64_MAX, query.after.value_or(INT64_MIN),
             page_limit(query.limit), query.after ? 0 : std::max<int64_t>(0, query.offset));
  return s;
}
}  // namespace

PostgresLogs::PostgresLogs(Context context)
    : c_(std::move(context)),
      find_(ReadCounters(c_.registry, "logs")("find")),
      list_(ReadCounters(c_.registry, "logs")("list")) {}

Async<std::optional<domain::LogRecord>> PostgresLogs::find(domain::TenantId tenant, int64_t id) {
  co_return co_await read_one<domain::LogRecord>(c_.pool, find_, Statement::fixed(find_sql, tenant.value, id),
                                                 read_log<Rows>);
}

Async<std::vector<domain::LogRecord>> PostgresLogs::list(domain::TenantId tenant, ports::LogQuery query) {
  Batch batch;
  batch.push_back(listing(tenant.value, query));
  CO_TRY(auto answer, co_await read_stale(c_.pool, c_.replica, list_, std::move(batch), tenant,
                                          ports::StaleRead::logs_list, query.may_be_stale));
  std::vector<domain::LogRecord> out;
  while (answer[0].step()) out.push_back(read_log(answer[0]));
  co_return out;
}

}  // namespace durward::adapters::postgres
