#include "adapters/records/records.h"
#include "adapters/sqlite/readers.h"

namespace durward::adapters::sqlite {

using namespace records;

namespace {
// Deadlines of the sweep: now, or now less a retention. Rows of codes, logs and events are in order of
// creation, which is nearly that of expiry, so the oldest `limit` rows are looked at instead of keeping an
// index.
struct Sweep {
  std::string sql;  // ?1 deadline, ?2 limit
  Seconds Context::* retention = nullptr;
  Seconds age{0};  // a retention that nobody sets
};
const Sweep sweeps[] = {
    {"DELETE FROM codes WHERE id IN(SELECT id FROM (SELECT id,expires_at FROM codes ORDER BY id LIMIT ?2) "
     "WHERE expires_at<=?1)"},
    {"DELETE FROM sessions WHERE id IN(SELECT id FROM sessions WHERE dead_at<=?1 LIMIT ?2)"},
    {"DELETE FROM refresh_tokens WHERE id IN(SELECT id FROM refresh_tokens WHERE dead_at<=?1 LIMIT ?2)"},
    {"DELETE FROM tickets WHERE id IN(SELECT id FROM tickets WHERE expires_at<=?1 LIMIT ?2)"},
    {"DELETE FROM blocks WHERE (tenant,identifier,connection,ip) IN(SELECT tenant,identifier,connection,ip "
     "FROM blocks WHERE expires_at<=?1 LIMIT ?2)"},
    {"DELETE FROM revoked_grants WHERE (grant_id,tenant) IN(SELECT grant_id,tenant FROM (SELECT "
     "grant_id,tenant,until "
     "FROM revoked_grants ORDER BY grant_id LIMIT ?2) WHERE until<=?1)"},
    {"DELETE FROM logs WHERE id IN(SELECT id FROM (SELECT id,date FROM logs ORDER BY id LIMIT ?2) WHERE "
     "date<=?1)",
     &Context::log_retention},
    {"DELETE FROM executions WHERE id IN(SELECT id FROM (SELECT id,expires_at FROM executions ORDER BY id "
     "LIMIT ?2) WHERE expires_at<=?1)"},
    {"DELETE FROM event_deliveries WHERE (tenant,stream,id) IN(SELECT tenant,stream,id FROM event_deliveries "
     "WHERE created_at<=?1 LIMIT ?2)",
     nullptr, domain::delivery_life},
    // Those that were in line behind others for too long.
    {"UPDATE event_deliveries SET due_at=NULL WHERE (tenant,stream,id) IN(SELECT tenant,stream,id FROM "
     "event_deliveries WHERE due_at IS NOT NULL AND queued_at<=?1 LIMIT ?2)",
     nullptr, domain::delivery_time},
    {"WITH edges AS MATERIALIZED (SELECT q.tenant,q.stream,(SELECT e.id FROM event_deliveries e WHERE "
     "e.tenant=q.tenant AND e.stream=q.stream ORDER BY e.id DESC LIMIT 1 OFFSET " +
     std::to_string(domain::stream_deliveries_max) +
     ") AS edge FROM event_queues q WHERE ?1>0) DELETE FROM event_deliveries WHERE (tenant,stream,id) "
     "IN(SELECT d.tenant,d.stream,d.id FROM edges g JOIN event_deliveries d ON d.tenant=g.tenant AND "
     "d.stream=g.stream AND d.id<=g.edge LIMIT ?2)"},
    // What was not published yet stays, however old it is.
    {"DELETE FROM events WHERE row IN(SELECT row FROM (SELECT row,time FROM events ORDER BY row LIMIT ?2) "
     "WHERE time<=?1 AND row<=(SELECT position FROM event_positions WHERE reader='dispatcher'))",
     &Context::event_retention},
    {"DELETE FROM dead_letters WHERE (queue,id) IN(SELECT queue,id FROM dead_letters WHERE at<=?1 LIMIT ?2)",
     &Context::event_retention},
};
constexpr int64_t sweep_batch = 500;
constexpr char announce_sql[] =
    "INSERT INTO events(id,tenant,type,time,data) SELECT id,tenant,kind||'.requested',?1,"
    "json_object('job',CAST(id AS TEXT)) FROM jobs WHERE due_at<=?2 ORDER BY id LIMIT ?3";
constexpr char announced_sql[] =
    "UPDATE jobs SET due_at=?1 WHERE id IN(SELECT id FROM jobs WHERE due_at<=?2 ORDER BY id LIMIT ?3)";

// The lease is a later due time: whoever is done deletes the job, whoever dies leaves it to the next.
Result<std::optional<ports::Job>> claim_one(Database& db, int64_t id, TimePoint now, Seconds lease) {
  std::optional<ports::Job> job;
  {
    auto q = db.query("SELECT id,tenant,kind,payload,attempts,due_at FROM jobs WHERE id=?", id);
    if (!q.step()) return job;
    if (q.time(5) > now) return fail(ErrorKind::conflict, "job_busy", "Somebody else works on the job.");
    job = {q.integer(0), {q.integer(1)}, q.text(2), stored_object(q.view(3)), int(q.integer(4))};
  }
  db.run("UPDATE jobs SET due_at=? WHERE id=?", now + lease, id);
  return job;
}
}  // namespace

Async<std::optional<ports::Job>> SqliteJobs::claim(int64_t id, TimePoint now, Seconds lease) {
  std::optional<ports::Job> job;
  CO_ENSURE(co_await c_.engine.write([&](Database& db, Effects&) -> Result<> {
    TRY(job, claim_one(db, id, now, lease));
    return {};
  }));
  co_return job;
}

Async<> SqliteJobs::complete(int64_t id) {
  co_return co_await c_.engine.write([id](Database& db, Effects&) -> Result<> {
    db.run("DELETE FROM jobs WHERE id=?", id);
    return {};
  });
}

Async<> SqliteJobs::retry(int64_t id, TimePoint not_before) {
  co_return co_await c_.engine.write([id, not_before](Database& db, Effects&) -> Result<> {
    db.run("UPDATE jobs SET attempts=attempts+1,due_at=? WHERE id=?", not_before, id);
    return {};
  });
}

Async<> SqliteJobs::release(int64_t id, TimePoint not_before) {
  co_return co_await c_.engine.write([id, not_before](Database& db, Effects&) -> Result<> {
    db.run("UPDATE jobs SET due_at=? WHERE id=?", not_before, id);
    return {};
  });
}

// Small batches: logins wait for the writer only as long as one of them takes.
Async<int64_t> SqliteJobs::sweep(TimePoint now, int64_t limit) {
  int64_t removed = 0;
  for (const auto& sweep : sweeps) {
    const TimePoint deadline = now - (sweep.retention ? c_.*sweep.retention : sweep.age);
    int64_t batch = 0, taken = 1;
    while (removed < limit && taken > 0) {
      batch = std::min(limit - removed, sweep_batch);
      CO_ENSURE(co_await c_.engine.write([&](Database& db, Effects&) -> Result<> {
        db.run(sweep.sql, deadline, batch);
        taken = db.changes();
        return {};
      }));
      removed += taken;
    }
  }
  CO_ENSURE(co_await announce_forgotten(now));
  co_return removed;
}

Async<> SqliteJobs::announce_forgotten(TimePoint now) {
  co_return co_await c_.engine.write([now](Database& db, Effects& effects) -> Result<> {
    const TimePoint deadline = now - forgotten_after;
    db.run(announce_sql, now, deadline, sweep_batch);
    if (db.changes() == 0) return {};
    effects.event = true;
    db.run(announced_sql, now, deadline, sweep_batch);
    return {};
  });
}

}  // namespace durward::adapters::sqlite
