#include "adapters/records/records.h"
#include "adapters/sqlite/readers.h"

namespace durward::adapters::sqlite {

using namespace records;

namespace {
// Two deadlines rule the sweep: now, and now less a retention. Rows of codes and logs are in order of
// creation, which is nearly that of expiry, so the oldest `limit` rows are looked at instead of keeping an
// index.
struct Sweep {
  const char* sql;  // ?1 deadline, ?2 limit
  bool logs = false;
};
constexpr Sweep sweeps[] = {
    {"DELETE FROM codes WHERE id IN(SELECT id FROM (SELECT id,expires_at FROM codes ORDER BY id LIMIT ?2) "
     "WHERE expires_at<=?1)"},
    {"DELETE FROM sessions WHERE id IN(SELECT id FROM sessions WHERE dead_at<=?1 LIMIT ?2)"},
    {"DELETE FROM refresh_tokens WHERE id IN(SELECT id FROM refresh_tokens WHERE dead_at<=?1 LIMIT ?2)"},
    {"DELETE FROM tickets WHERE id IN(SELECT id FROM tickets WHERE expires_at<=?1 LIMIT ?2)"},
    {"DELETE FROM revoked_grants WHERE (grant_id,tenant) IN(SELECT grant_id,tenant FROM (SELECT "
     "grant_id,tenant,until "
     "FROM revoked_grants ORDER BY grant_id LIMIT ?2) WHERE until<=?1)"},
    {"DELETE FROM logs WHERE id IN(SELECT id FROM (SELECT id,date FROM logs ORDER BY id LIMIT ?2) WHERE "
     "date<=?1)",
     true},
};
constexpr int64_t sweep_batch = 500;

Result<std::vector<ports::Job>> claim_due(Database& db, TimePoint now, Seconds lease, int64_t limit) {
  std::vector<ports::Job> out;
  {
    auto q = db.query(
        "SELECT id,tenant,kind,payload,attempts FROM jobs WHERE due_at<=? ORDER BY due_at,id LIMIT ?", now,
        limit);
    while (q.step())
      out.push_back({q.integer(0), {q.integer(1)}, q.text(2), stored_object(q.view(3)), int(q.integer(4))});
  }
  // The lease is a later due time: whoever is done deletes the job, whoever dies leaves it to the next.
  for (const auto& job : out) db.run("UPDATE jobs SET due_at=? WHERE id=?", now + lease, job.id);
  return out;
}
}  // namespace

Async<std::vector<ports::Job>> SqliteJobs::claim(TimePoint now, Seconds lease, int64_t limit) {
  std::vector<ports::Job> jobs;
  CO_ENSURE(co_await c_.engine.write([&](Database& db, Effects&) -> Result<> {
    TRY(jobs, claim_due(db, now, lease, limit));
    return {};
  }));
  co_return jobs;
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

// Small batches: logins wait for the writer only as long as one of them takes.
Async<int64_t> SqliteJobs::sweep(TimePoint now, int64_t limit) {
  int64_t removed = 0;
  for (const auto& sweep : sweeps) {
    const TimePoint deadline = sweep.logs ? now - c_.log_retention : now;
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
  co_return removed;
}

void SqliteJobs::on_job(std::function<void()> wake) {
  std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

void SqliteJobs::wake() {
  std::function<void()> wake;
  {
    std::lock_guard lock(mutex_);
    wake = wake_;
  }
  if (wake) wake();
}

}  // namespace durward::adapters::sqlite
