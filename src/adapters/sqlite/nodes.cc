#include "adapters/sqlite/nodes.h"

namespace durward::adapters::sqlite {

namespace {
std::unexpected<Error> none_free() {
  return fail(ErrorKind::unavailable, "no_node", "Too many processes use the store.");
}
std::unexpected<Error> lost() {
  return fail(ErrorKind::conflict, "lease_lost", "The node number belongs to somebody else by now.");
}

// Of one change, so that nobody comes between.
Result<> take_free(Database& db, ports::NodeLease& lease, TimePoint over_since) {
  auto free = db.query(
      "SELECT number,until FROM node_numbers WHERE holder='' OR until<=? ORDER BY until,number LIMIT 1",
      over_since);
  if (!free.step()) return none_free();
  lease.number = free.integer(0);
  lease.from = free.time(1);
  db.run("UPDATE node_numbers SET holder=?,until=? WHERE number=?", lease.holder, lease.until, lease.number);
  return {};
}
}  // namespace

Async<ports::NodeLease> SqliteNodes::take(std::string holder, TimePoint now, TimePoint until) {
  ports::NodeLease lease{.holder = std::move(holder), .until = until};
  CO_ENSURE(co_await c_.engine.write(
      [&](Database& db, Effects&) { return take_free(db, lease, now - clock_difference); }));
  co_return lease;
}

Async<> SqliteNodes::renew(ports::NodeLease lease, TimePoint until) {
  co_return co_await c_.engine.write([&](Database& db, Effects&) -> Result<> {
    db.run("UPDATE node_numbers SET until=? WHERE number=? AND holder=?", until, lease.number, lease.holder);
    if (db.changes() == 0) return lost();
    return {};
  });
}

Async<> SqliteNodes::release(ports::NodeLease lease, TimePoint unused_from) {
  co_return co_await c_.engine.write([&](Database& db, Effects&) -> Result<> {
    db.run("UPDATE node_numbers SET holder='',until=? WHERE number=? AND holder=?", unused_from, lease.number,
           lease.holder);
    return {};
  });
}

}  // namespace durward::adapters::sqlite
