#include <algorithm>

#include "adapters/postgres/readers.h"
#include "adapters/postgres/script.h"
#include "adapters/records/records.h"

namespace durward::adapters::postgres {

using namespace records;
using domain::Execution;
using domain::TenantId;

namespace {
const std::string select_sql =
    "SELECT " + std::string(execution_columns) + " FROM executions WHERE tenant=$1 AND expires_at>$2";
const std::string find_sql = select_sql + " AND id=$3";
const std::string after_sql = select_sql + " AND id>$3 ORDER BY id LIMIT $4";
const std::string newest_sql = select_sql + " ORDER BY id DESC LIMIT $3";
const std::string append_sql = "INSERT INTO executions(tenant,id,expires_at,detail) VALUES($1,$2,$3,$4)";
}  // namespace

PostgresExecutions::PostgresExecutions(Context context)
    : c_(std::move(context)),
      find_(ReadCounters(c_.registry, "executions")("find")),
      list_(ReadCounters(c_.registry, "executions")("list")) {}

Async<std::optional<Execution>> PostgresExecutions::find(TenantId tenant, std::string id) {
  const auto key = Execution::key_of(id);
  if (!key) co_return std::nullopt;
  CO_TRY(auto found, co_await read_one<Execution>(
                         c_.pool, find_, Statement::fixed(find_sql, tenant.value, c_.clock.now(), *key),
                         read_execution<Rows>));
  if (!found || found->id != id) co_return std::nullopt;
  co_return found;
}

Async<std::vector<Execution>> PostgresExecutions::list(TenantId tenant, ports::ExecutionQuery query) {
  const TimePoint now = c_.clock.now();
  const int64_t limit = page_limit(query.limit);
  auto statement = query.after ? Statement::fixed(after_sql, tenant.value, now, *query.after, limit)
                               : Statement::fixed(newest_sql, tenant.value, now, limit);
  CO_TRY(auto out, co_await read_all<Execution>(c_.pool, list_, Way::own_read, std::move(statement),
                                                read_execution<Rows>));
  if (!query.after) std::ranges::reverse(out);
  co_return out;
}

void Script::one(const ports::AppendExecution& w) {
  const auto& e = w.execution;
  add(append_sql, tenant_, e.key, e.created_at + domain::execution_life, Json{detail_of(e)});
}

}  // namespace durward::adapters::postgres
