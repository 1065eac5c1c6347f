#include "adapters/sqlite/migrations/migrations.h"

#include <algorithm>

#include "adapters/sqlite/migrations/0001_initial.h"
#include "adapters/sqlite/migrations/0002_events.h"
#include "adapters/sqlite/migrations/0003_node_numbers.h"
#include "adapters/sqlite/migrations/0004_blocks.h"
#include "adapters/sqlite/migrations/0005_executions.h"
#include "adapters/sqlite/migrations/0006_event_deliveries.h"

namespace durward::adapters::sqlite {

const std::vector<Migration>& migrations() {
  static const std::vector<Migration> all = {
      {1, "initial", migration_0001_initial, true},
      {2, "events", migration_0002_events},
      {3, "node_numbers", migration_0003_node_numbers},
      {4, "blocks", migration_0004_blocks},
      {5, "executions", migration_0005_executions},
      {6, "event_deliveries", migration_0006_event_deliveries},
  };
  return all;
}

namespace {
// Programs of before look at schema_migrations only, so what they need not know is not written there.
constexpr char migrations_table[] = "schema_migrations", expansions_table[] = "schema_expansions";

int64_t newest_in(Database& db, const std::string& table) {
  if (!db.query("SELECT 1 FROM sqlite_master WHERE type='table' AND name=?", table).step()) return 0;
  auto q = db.query("SELECT coalesce(max(number),0) FROM " + table);
  q.step();
  return q.integer(0);
}
int64_t newest_applied(Database& db) {
  return std::max(newest_in(db, migrations_table), newest_in(db, expansions_table));
}

void apply(Database& db, const Migration& migration, TimePoint at) {
  const std::string table = migration.is_breaking ? migrations_table : expansions_table;
  db.execute(migration.sql);
  db.execute(("CREATE TABLE IF NOT EXISTS " + table +
              "(number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL)")
                 .c_str());
  db.run("INSERT INTO " + table + "(number,name,applied_at) VALUES(?,?,?)", migration.number, migration.name,
         at);
}

// Each migration is one transaction; the check inside it lets two processes start at once.
bool apply_if_missing(Database& db, const Migration& migration, TimePoint at) {
  db.execute("BEGIN IMMEDIATE");
  try {
    const bool missing = newest_applied(db) < migration.number;
    if (missing) apply(db, migration, at);
    db.execute("COMMIT");
    return missing;
  } catch (...) {
    if (db.in_transaction()) db.execute("ROLLBACK");
    throw;
  }
}
}  // namespace

Result<std::vector<MigrationStep>> plan_of(Database& db) {
  const int64_t newest = newest_in(db, migrations_table), known = migrations().back().number;
  if (newest > known)
    return fail(ErrorKind::invalid, "newer_schema",
                "The store was written by a newer version of this program: it has schema " +
                    std::to_string(newest) + ", this program knows up to " + std::to_string(known) + ".");
  const int64_t applied = newest_applied(db);
  std::vector<MigrationStep> steps;
  for (const auto& m : migrations()) steps.push_back({m.number, m.name, m.number <= applied});
  return steps;
}

Result<std::vector<MigrationStep>> migrate(Database& db, TimePoint at) {
  TRY(const auto steps, plan_of(db));
  std::vector<MigrationStep> applied;
  for (const auto& m : migrations())
    if (!steps[size_t(m.number - 1)].applied && apply_if_missing(db, m, at))
      applied.push_back({m.number, m.name, true});
  return applied;
}

}  // namespace durward::adapters::sqlite
