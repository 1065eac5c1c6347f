#include "adapters/postgres/nodes.h"

namespace durward::adapters::postgres {

namespace {
// Those who take one at the same time pass over each other's.
constexpr char take_sql[] =
    "WITH free AS (SELECT number,until FROM node_numbers WHERE holder='' OR until<=$1 ORDER BY until,number "
    "LIMIT 1 FOR UPDATE SKIP LOCKED) UPDATE node_numbers n SET holder=$2,until=$3 FROM free WHERE "
    "n.number=free.number RETURNING n.number,free.until";
constexpr char renew_sql[] = "UPDATE node_numbers SET until=$3 WHERE number=$1 AND holder=$2";
constexpr char release_sql[] = "UPDATE node_numbers SET holder='',until=$3 WHERE number=$1 AND holder=$2";

Async<Rows> run_one(Pool& pool, Statement statement) {
  Batch batch;
  batch.push_back(std::move(statement));
  CO_TRY(auto answer, co_await pool.run(std::move(batch), Way::write));
  co_return std::move(answer[0]);
}
}  // namespace

Async<ports::NodeLease> PostgresNodes::take(std::string holder, TimePoint now, TimePoint until) {
  CO_TRY(auto row,
         co_await run_one(c_.pool, Statement::fixed(take_sql, now - clock_difference, holder, until)));
  if (!row.step()) co_return fail(ErrorKind::unavailable, "no_node", "Too many processes use the store.");
  co_return ports::NodeLease{row.integer(0), std::move(holder), row.time(1), until};
}

Async<> PostgresNodes::renew(ports::NodeLease lease, TimePoint until) {
  CO_TRY(const auto row,
         co_await run_one(c_.pool, Statement::fixed(renew_sql, lease.number, lease.holder, until)));
  if (row.changes() == 0)
    co_return fail(ErrorKind::conflict, "lease_lost", "The node number belongs to somebody else by now.");
  co_return Result<>();
}

Async<> PostgresNodes::release(ports::NodeLease lease, TimePoint unused_from) {
  CO_ENSURE(
      co_await run_one(c_.pool, Statement::fixed(release_sql, lease.number, lease.holder, unused_from)));
  co_return Result<>();
}

}  // namespace durward::adapters::postgres
