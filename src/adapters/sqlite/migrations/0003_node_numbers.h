#pragma once

namespace durward::adapters::sqlite {

// Who makes keys with which node number, or '' for nobody, and the time before which their keys lie
// (ports/storage/nodes.h).
inline constexpr char migration_0003_node_numbers[] = R"sql(
CREATE TABLE node_numbers(number INTEGER PRIMARY KEY, holder TEXT NOT NULL, until INTEGER NOT NULL);
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<1023)
  INSERT INTO node_numbers(number,holder,until) SELECT i,'',0 FROM n;
)sql";

}  // namespace durward::adapters::sqlite
