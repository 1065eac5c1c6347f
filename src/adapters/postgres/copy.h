#pragma once
#include <functional>
#include <string>
#include <vector>

#include "adapters/postgres/store.h"
#include "base/result.h"

namespace durward::adapters {

struct CopiedTable {
  std::string name;
  int64_t rows = 0;       // in the source
  std::string checksum;   // SHA-256 over all rows in the order of their keys, in hex
  bool verified = false;  // the target has as many rows with this checksum
};

// Moves an installation: every row of an embedded store into a PostgreSQL database, which it brings to this
// version's schema, then both sides are read and compared. Repeatable: what is there already stays, so a copy
// that was interrupted is continued. Nobody may serve from either meanwhile; a change shows as not verified.
// `progress(table, rows so far)` is called about every thousand rows. Blocks. Errors: those of both stores;
// not_found/"no_store" without a source file; conflict/"other_installation" when the target has tenants that
// the source has not; conflict/"migration_needed" when the source has an older schema.
Result<std::vector<CopiedTable>> copy_store(const std::string& sqlite_path, const PostgresOptions& target,
                                            const Clock& clock, Random& random,
                                            const std::function<void(const std::string&, int64_t)>& progress);

}  // namespace durward::adapters
