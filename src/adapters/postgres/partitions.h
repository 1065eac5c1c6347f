#pragma once
#include "adapters/postgres/pool.h"

// The partitions by time of rows whose end is known when they are written (docs/adr/0014): made ahead, and
// dropped as a whole when everything in them is expired. What has no partition of its time goes to
// `..._rest`, what was there before there were any to `..._before`; both are swept row by row.
namespace durward::adapters::postgres {

struct TimedTable {
  const char* name;
  Seconds period;  // zero: the thirtieth part of the retention of logs, at least five minutes
  int ahead;       // periods made beyond the present one
  int64_t fillfactor;
  const char* ends;  // the column with a row's end; "": rows end with their time and the retention of logs
};
inline constexpr TimedTable timed_tables[] = {
    {"codes", Seconds(600), 6, 80, "expires_at"},
    {"tickets", Seconds(86400), 2, 100, "expires_at"},
    {"logs", Seconds(0), 2, 100, ""},
    {"executions", Seconds(86400), 2, 100, "expires_at"},
};

// Makes what is missing and drops what is over at `now`. A table that is busy for too long is left to the
// next time: unavailable, and nothing is lost by it.
Async<> maintain_partitions(Pool& pool, TimePoint now, Seconds log_retention);

}  // namespace durward::adapters::postgres
