#pragma once
#include <string>
#include <vector>

#include "adapters/sqlite/database.h"
#include "adapters/sqlite/store.h"
#include "base/result.h"

namespace durward::adapters::sqlite {

struct Migration {
  int number;
  const char* name;
  const char* sql;
  // Programs that do not know this step must not serve this schema (a contraction). All others only expand
  // it: the release before goes on serving, and may come back.
  bool is_breaking = false;
};

// In order. What is applied is known number by number, so a step may come that is older than the newest one.
// A published one is never changed; expand first, contract a release later.
const std::vector<Migration>& migrations();

// invalid/"newer_schema" when the file has a breaking migration this program does not know.
Result<std::vector<MigrationStep>> plan_of(Database& db);
// Applies what is missing; returns what was applied.
Result<std::vector<MigrationStep>> migrate(Database& db, TimePoint at);

}  // namespace durward::adapters::sqlite
