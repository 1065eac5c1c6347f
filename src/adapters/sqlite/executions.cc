#include <algorithm>

#include "adapters/records/records.h"
#include "adapters/sqlite/apply.h"
#include "adapters/sqlite/readers.h"

namespace durward::adapters::sqlite {

using namespace records;
using domain::Execution;
using domain::TenantId;

namespace {
const std::string select_sql =
    "SELECT " + std::string(execution_columns) + " FROM executions WHERE tenant=? AND expires_at>?";
const std::string find_sql = select_sql + " AND id=?";
const std::string after_sql = select_sql + " AND id>? ORDER BY id LIMIT ?";
const std::string newest_sql = select_sql + " ORDER BY id DESC LIMIT ?";
}  // namespace

SqliteExecutions::SqliteExecutions(Context context)
    : c_(context),
      find_(ReadCounters(c_.registry, "executions")("find")),
      list_(ReadCounters(c_.registry, "executions")("list")) {}

Async<std::optional<Execution>> SqliteExecutions::find(TenantId tenant, std::string id) {
  const auto key = Execution::key_of(id);
  if (!key) co_return std::nullopt;
  const TimePoint now = c_.clock.now();
  co_return co_await c_.engine.read(find_, ReadCost::point,
                                    [&](Database& db) -> Result<std::optional<Execution>> {
                                      auto q = db.query(find_sql, tenant.value, now, *key);
                                      if (!q.step()) return std::nullopt;
                                      auto found = read_execution(q);
                                      if (found.id != id) return std::nullopt;
                                      return found;
                                    });
}

Async<std::vector<Execution>> SqliteExecutions::list(TenantId tenant, ports::ExecutionQuery query) {
  const TimePoint now = c_.clock.now();
  co_return co_await c_.engine.read(
      list_, ReadCost::scan, [&](Database& db) -> Result<std::vector<Execution>> {
        std::vector<Execution> out;
        auto q = db.query(query.after ? after_sql : newest_sql, tenant.value, now);
        if (query.after) q.bind(*query.after);
        q.bind(page_limit(query.limit));
        while (q.step()) out.push_back(read_execution(q));
        if (!query.after) std::ranges::reverse(out);
        return out;
      });
}

Result<> Applier::one(const ports::AppendExecution& w) {
  const auto& e = w.execution;
  if (!db_.run("INSERT INTO executions(id,tenant,expires_at,detail) VALUES(?,?,?,?)", e.key, tenant_,
               e.created_at + domain::execution_life, detail_of(e)))
    return fail(ErrorKind::conflict, "id_taken", "The row exists already.", "execution");
  return {};
}

}  // namespace durward::adapters::sqlite
