#include "adapters/postgres/migrations/migrations.h"

#include <algorithm>
#include <charconv>

#include "adapters/postgres/migrations/0001_initial.h"
#include "adapters/postgres/migrations/0002_events.h"
#include "adapters/postgres/migrations/0003_node_numbers.h"
#include "adapters/postgres/migrations/0004_partition_bounds.h"
#include "adapters/postgres/migrations/0005_partition_bounds_checked.h"
#include "adapters/postgres/migrations/0006_partitions.h"
#include "adapters/postgres/migrations/0007_blocks.h"
#include "adapters/postgres/migrations/0008_executions.h"
#include "adapters/postgres/migrations/0009_event_deliveries.h"

namespace durward::adapters::postgres {

using ports::MigrationStep;

const std::vector<Migration>& migrations() {
  static const std::vector<Migration> all = {
      {1, "initial", migration_0001_initial, true},
      {2, "events", migration_0002_events},
      {3, "node_numbers", migration_0003_node_numbers},
      {4, "partition_bounds", migration_0004_partition_bounds},
      {5, "partition_bounds_checked", migration_0005_partition_bounds_checked},
      {6, "partitions", migration_0006_partitions},
      {7, "blocks", migration_0007_blocks},
      {8, "executions", migration_0008_executions},
      {9, "event_deliveries", migration_0009_event_deliveries},
  };
  return all;
}

namespace {
constexpr char lock_script[] = "SELECT pg_advisory_lock(4923931927552983040)";
constexpr char unlock_script[] = "SELECT pg_advisory_unlock(4923931927552983040)";
// Programs of before look at schema_migrations only, so what they need not know is not written there.
constexpr char migrations_table[] = "schema_migrations", expansions_table[] = "schema_expansions";

std::string table_script(const std::string& table) {
  return "CREATE TABLE IF NOT EXISTS " + table +
         "(number bigint PRIMARY KEY,name text NOT NULL,applied_at bigint NOT NULL);";
}

Result<int64_t> number_of(PGconn* conn, const char* sql) {
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(conn, sql), PQclear);
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK || PQntuples(result.get()) != 1)
    return fail(ErrorKind::unavailable, "store_unavailable", "The schema of the store cannot be read.",
                PQerrorMessage(conn));
  const std::string_view text = PQgetvalue(result.get(), 0, 0);
  int64_t n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

Result<int64_t> newest_in(PGconn* conn, const std::string& table) {
  TRY(const int64_t there,
      number_of(conn, ("SELECT count(*) FROM to_regclass('" + table + "') r WHERE r IS NOT NULL").c_str()));
  if (there == 0) return 0;
  return number_of(conn, ("SELECT coalesce(max(number),0) FROM " + table).c_str());
}

Result<> apply(PGconn* conn, const Migration& m, TimePoint at) {
  const std::string table = m.is_breaking ? migrations_table : expansions_table;
  const std::string script = "BEGIN;" + table_script(table) + m.sql + "INSERT INTO " + table +
                             "(number,name,applied_at) VALUES(" + std::to_string(m.number) + ",'" + m.name +
                             "'," + std::to_string(to_unix_ms(at)) + ");COMMIT";
  auto applied = execute(conn, script.c_str());
  if (!applied) (void)execute(conn, "ROLLBACK");
  return applied;
}

Result<std::vector<MigrationStep>> apply_missing(PGconn* conn, TimePoint at) {
  TRY(const auto steps, plan_of(conn));
  std::vector<MigrationStep> applied;
  for (const auto& m : migrations()) {
    if (steps[size_t(m.number - 1)].applied) continue;
    ENSURE(apply(conn, m, at));
    applied.push_back({m.number, m.name, true});
  }
  return applied;
}
}  // namespace

Result<std::vector<MigrationStep>> plan_of(PGconn* conn) {
  TRY(const int64_t newest, newest_in(conn, migrations_table));
  TRY(const int64_t expanded, newest_in(conn, expansions_table));
  const int64_t known = migrations().back().number;
  if (newest > known)
    return fail(ErrorKind::invalid, "newer_schema",
                "The store was written by a newer version of this program: it has schema " +
                    std::to_string(newest) + ", this program knows up to " + std::to_string(known) + ".");
  std::vector<MigrationStep> steps;
  for (const auto& m : migrations())
    steps.push_back({m.number, m.name, m.number <= std::max(newest, expanded)});
  return steps;
}

Result<std::vector<MigrationStep>> migrate(PGconn* conn, TimePoint at) {
  ENSURE(execute(conn, lock_script));
  auto applied = apply_missing(conn, at);
  (void)execute(conn, unlock_script);  // a connection that cannot has lost the lock anyway
  return applied;
}

}  // namespace durward::adapters::postgres
