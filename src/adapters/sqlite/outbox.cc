#include "adapters/records/records.h"
#include "adapters/sqlite/readers.h"

namespace durward::adapters::sqlite {

using namespace records;

namespace {

constexpr int64_t scanned_max = 5000;  // events one read looks at

// Columns from `first`: row, id, tenant, type, time, data.
domain::Event read_event(const Query& q, int first = 0) {
  return {.offset = q.integer(first),
          .id = q.integer(first + 1),
          .tenant = {q.integer(first + 2)},
          .type = q.text(first + 3),
          .time = q.time(first + 4),
          .data = stored_object(q.view(first + 5))};
}

bool is_wanted(const Query& q, const ports::EventFilter& filter) {
  return (!filter.tenant || filter.tenant->value == q.integer(2)) &&
         domain::matches(filter.pattern, q.view(3));
}

Result<ports::EventPage> read_page(Database& db, const ports::EventQuery& query) {
  ports::EventPage page{.scanned_to = query.after};
  auto q = db.query(
      "SELECT row,id,tenant,type,time,data FROM events WHERE row>?1 AND (?2 IS NULL OR row<=?2) ORDER BY row "
      "LIMIT ?3",
      query.after, query.until, scanned_max);
  while (int64_t(page.events.size()) < query.limit && q.step()) {
    page.scanned_to = q.integer(0);
    if (is_wanted(q, query.filter)) page.events.push_back(read_event(q));
  }
  return page;
}

Result<> move_reader(Database& db, const std::string& reader, int64_t offset, const ports::Lease& held,
                     TimePoint now) {
  db.run(
      "INSERT INTO event_positions(reader,position) "
      "SELECT ?1,?2 FROM leases WHERE name=?3 AND owner=?4 AND expires_at>?5 "
      "ON CONFLICT(reader) DO UPDATE SET position=excluded.position",
      reader, offset, held.name, held.owner, now);
  if (db.changes() == 0) return fail(ErrorKind::conflict, "lease_lost", "Another process has taken over.");
  return {};
}

}  // namespace

SqliteOutbox::SqliteOutbox(Context context)
    : c_(context),
      read_(ReadCounters(c_.registry, "outbox")("read")),
      span_(ReadCounters(c_.registry, "outbox")("span")),
      position_(ReadCounters(c_.registry, "outbox")("position")),
      dead_letters_(ReadCounters(c_.registry, "outbox")("dead_letters")) {}

Async<ports::EventPage> SqliteOutbox::read(ports::EventQuery query) {
  co_return co_await c_.engine.read(read_, ReadCost::scan,
                                    [&query](Database& db) { return read_page(db, query); });
}

Async<ports::OutboxSpan> SqliteOutbox::span() {
  co_return co_await c_.engine.read(span_, ReadCost::point, [](Database& db) -> Result<ports::OutboxSpan> {
    auto q = db.query(
        "SELECT coalesce((SELECT min(row) FROM events),0),coalesce((SELECT max(row) FROM events),0)");
    q.step();
    return ports::OutboxSpan{q.integer(0), q.integer(1)};
  });
}

Async<int64_t> SqliteOutbox::position(std::string reader) {
  co_return co_await c_.engine.read(position_, ReadCost::point, [&reader](Database& db) -> Result<int64_t> {
    auto q = db.query("SELECT position FROM event_positions WHERE reader=?", reader);
    return q.step() ? q.integer(0) : 0;
  });
}

Async<> SqliteOutbox::set_position(std::string reader, int64_t offset, ports::Lease held, TimePoint now) {
  co_return co_await c_.engine.write(
      [&](Database& db, Effects&) { return move_reader(db, reader, offset, held, now); });
}

Async<> SqliteOutbox::bury(ports::DeadLetter letter) {
  co_return co_await c_.engine.write([&letter](Database& db, Effects&) -> Result<> {
    const auto& e = letter.event;
    db.run(
        "INSERT OR IGNORE INTO dead_letters(queue,id,row,tenant,type,time,data,attempts,reason,at) "
        "VALUES(?,?,?,?,?,?,?,?,?,?)",
        letter.queue, e.id, e.offset, e.tenant.value, e.type, e.time, json::serialize(e.data),
        letter.attempts, letter.reason, letter.at);
    return {};
  });
}

Async<std::vector<ports::DeadLetter>> SqliteOutbox::dead_letters(std::string queue, int64_t limit) {
  co_return co_await c_.engine.read(
      dead_letters_, ReadCost::scan, [&](Database& db) -> Result<std::vector<ports::DeadLetter>> {
        std::vector<ports::DeadLetter> out;
        auto q = db.query(
            "SELECT queue,attempts,reason,at,row,id,tenant,type,time,data FROM dead_letters "
            "WHERE ?1='' OR queue=?1 ORDER BY at DESC,id DESC LIMIT ?2",
            queue, limit);
        while (q.step()) out.push_back({q.text(0), read_event(q, 4), q.integer(1), q.text(2), q.time(3)});
        return out;
      });
}

void SqliteOutbox::on_event(std::function<void()> wake) {
  std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

void SqliteOutbox::wake() {
  std::function<void()> wake;
  {
    std::lock_guard lock(mutex_);
    wake = wake_;
  }
  if (wake) wake();
}

Async<bool> SqliteLeases::acquire(ports::Lease lease, TimePoint now, Seconds time) {
  bool held = false;
  CO_ENSURE(co_await c_.engine.write([&](Database& db, Effects&) -> Result<> {
    db.run(
        "INSERT INTO leases(name,owner,expires_at) VALUES(?1,?2,?3) ON CONFLICT(name) DO UPDATE SET "
        "owner=excluded.owner,expires_at=excluded.expires_at WHERE owner=excluded.owner OR expires_at<=?4",
        lease.name, lease.owner, now + time, now);
    held = db.changes() == 1;
    return {};
  }));
  co_return held;
}

Async<> SqliteLeases::release(ports::Lease lease) {
  co_return co_await c_.engine.write([&lease](Database& db, Effects&) -> Result<> {
    db.run("DELETE FROM leases WHERE name=? AND owner=?", lease.name, lease.owner);
    return {};
  });
}

}  // namespace durward::adapters::sqlite
