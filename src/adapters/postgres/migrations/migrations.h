#pragma once
#include <vector>

#include "adapters/postgres/connect.h"
#include "ports/storage/store.h"

namespace durward::adapters::postgres {

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

// Both block. invalid/"newer_schema" when the database has a breaking migration this program does not know.
Result<std::vector<ports::MigrationStep>> plan_of(PGconn* conn);
// Applies what is missing, each in its transaction, while no other process does; returns what was applied.
Result<std::vector<ports::MigrationStep>> migrate(PGconn* conn, TimePoint at);

}  // namespace durward::adapters::postgres
