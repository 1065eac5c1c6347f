#pragma once

namespace durward::adapters::postgres {

// Second of three steps: the long look at all rows, while others read and write.
inline constexpr char migration_0005_partition_bounds_checked[] = R"sql(
ALTER TABLE codes VALIDATE CONSTRAINT codes_before;
ALTER TABLE tickets VALIDATE CONSTRAINT tickets_before;
ALTER TABLE logs VALIDATE CONSTRAINT logs_before;
)sql";

}  // namespace durward::adapters::postgres
