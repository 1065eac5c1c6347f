#include "adapters/postgres/partitions.h"

#include <map>

namespace durward::adapters::postgres {

namespace {
// durward_key() of the migrations.
const TimePoint epoch = from_unix_ms(1704067200000);
int64_t first_key_of(TimePoint at) { return std::max<int64_t>(0, (at - epoch).count()) << 22; }
// Dates of log records are nearly the times of their keys.
Seconds date_difference(Seconds log_retention) { return std::min(Seconds(3600), log_retention / 10); }

Seconds period_of(const TimedTable& table, Seconds log_retention) {
  return table.period.count() ? table.period : std::max(Seconds(300), log_retention / 30);
}

Batch only(Statement statement) {
  Batch batch;
  batch.push_back(std::move(statement));
  return batch;
}

// Up to where each table has partitions.
Async<std::map<std::string, int64_t>> made_until(Pool& pool) {
  CO_TRY(auto answer,
         co_await pool.run(
             only(Statement::fixed("SELECT parent,max(until_key) FROM partitions GROUP BY parent")),
             Way::own_read));
  std::map<std::string, int64_t> out;
  while (answer[0].step()) out[answer[0].text(0)] = answer[0].integer(1);
  co_return out;
}

Async<> make_ahead(Pool& pool, const TimedTable& table, Milliseconds period, TimePoint now, int64_t until) {
  const auto present = epoch + (now - epoch) / period * period;
  for (int i = 0; i <= table.ahead; ++i) {
    const int64_t from = first_key_of(present + i * period), to = first_key_of(present + (i + 1) * period);
    if (from < until || from == to) continue;
    CO_ENSURE(co_await pool.run(only(Statement::fixed("SELECT durward_add_partition($1,$2,$3,$4)", table.name,
                                                      from, to, table.fillfactor)),
                                Way::write));
  }
  co_return Result<>();
}

Async<> drop_expired(Pool& pool, const TimedTable& table, TimePoint now, Seconds log_retention) {
  const bool ends_with_time = std::string_view(table.ends).empty();
  const TimePoint deadline = ends_with_time ? now - log_retention - date_difference(log_retention) : now;
  CO_ENSURE(co_await pool.run(only(Statement::fixed("SELECT durward_drop_partitions($1,$2,$3,$4)", table.name,
                                                    first_key_of(deadline), table.ends, deadline)),
                              Way::write));
  co_return Result<>();
}
}  // namespace

Async<> maintain_partitions(Pool& pool, TimePoint now, Seconds log_retention) {
  CO_TRY(auto made, co_await made_until(pool));
  for (const auto& table : timed_tables) {
    CO_ENSURE(co_await make_ahead(pool, table, period_of(table, log_retention), now, made[table.name]));
    CO_ENSURE(co_await drop_expired(pool, table, now, log_retention));
  }
  co_return Result<>();
}

}  // namespace durward::adapters::postgres
