#pragma once

namespace durward::adapters::postgres {

// Who makes keys with which node number, or '' for nobody, and the time before which their keys lie
// (ports/storage/nodes.h).
inline constexpr char migration_0003_node_numbers[] = R"sql(
CREATE TABLE node_numbers(number bigint PRIMARY KEY, holder text NOT NULL, until bigint NOT NULL)
  WITH (fillfactor=50);
INSERT INTO node_numbers(number,holder,until) SELECT i,'',0 FROM generate_series(0,1023) i;
)sql";

}  // namespace durward::adapters::postgres
