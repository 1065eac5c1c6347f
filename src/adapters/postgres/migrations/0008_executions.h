#pragma once

namespace durward::adapters::postgres {

// What customers' scripts did (ports/storage/executions.h), in partitions by time from the first row on.
inline constexpr char migration_0008_executions[] = R"sql(
CREATE TABLE executions(
  id bigint PRIMARY KEY, tenant bigint NOT NULL, expires_at bigint NOT NULL, detail json NOT NULL)
  PARTITION BY RANGE(id);
CREATE INDEX executions_tenant ON executions(tenant, id);
CREATE INDEX executions_expires ON executions(expires_at);
CREATE TABLE executions_rest PARTITION OF executions DEFAULT;
)sql";

}  // namespace durward::adapters::postgres
