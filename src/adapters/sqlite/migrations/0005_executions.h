#pragma once

namespace durward::adapters::sqlite {

// What customers' scripts did (ports/storage/executions.h).
inline constexpr char migration_0005_executions[] = R"sql(
CREATE TABLE executions(
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, expires_at INTEGER NOT NULL, detail TEXT NOT NULL);
CREATE INDEX executions_tenant ON executions(tenant, id);
)sql";

}  // namespace durward::adapters::sqlite
