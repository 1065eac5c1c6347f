#include <algorithm>

#include "adapters/postgres/readers.h"
#include "adapters/records/records.h"

namespace durward::adapters::postgres {

using namespace records;

namespace {
// The lease is a later due time: whoever is done deletes the job, whoever dies leaves it to the next. Workers
// pass over what another one is just taking.
constexpr char claim_sql[] =
    "WITH due AS (SELECT id FROM jobs WHERE due_at<=$1 ORDER BY due_at,id LIMIT $3 FOR UPDATE SKIP LOCKED) "
    "UPDATE jobs j SET due_at=$2 FROM due WHERE j.id=due.id RETURNING "
    "j.id,j.tenant,j.kind,j.payload,j.attempts";

// Two deadlines rule the sweep: now, and now less a retention. Rows of codes and logs are in order of
// creation, which is nearly that of expiry, so the oldest `limit` rows are looked at instead of keeping an
// index. Several workers may sweep at once.
struct Sweep {
  const char* sql;  // $1 deadline, $2 limit
  bool logs = false;
};
constexpr Sweep sweeps[] = {
    {"DELETE FROM codes WHERE id IN(SELECT id FROM codes WHERE id IN(SELECT id FROM codes ORDER BY id LIMIT "
     "$2) "
     "AND expires_at<=$1 FOR UPDATE SKIP LOCKED)"},
    {"DELETE FROM sessions WHERE id IN(SELECT id FROM sessions WHERE dead_at<=$1 LIMIT $2 FOR UPDATE SKIP "
     "LOCKED)"},
    {"DELETE FROM refresh_tokens WHERE id IN(SELECT id FROM refresh_tokens WHERE dead_at<=$1 LIMIT $2 FOR "
     "UPDATE SKIP LOCKED)"},
    {"DELETE FROM tickets WHERE id IN(SELECT id FROM tickets WHERE expires_at<=$1 LIMIT $2 FOR UPDATE SKIP "
     "LOCKED)"},
    {"DELETE FROM revoked_grants WHERE (grant_id,tenant) IN(SELECT grant_id,tenant FROM revoked_grants WHERE "
     "(grant_id,tenant) IN(SELECT grant_id,tenant FROM revoked_grants ORDER BY grant_id LIMIT $2) AND "
     "until<=$1 "
     "FOR UPDATE SKIP LOCKED)"},
    {"DELETE FROM logs WHERE id IN(SELECT id FROM logs WHERE id IN(SELECT id FROM logs ORDER BY id LIMIT $2) "
     "AND date<=$1 FOR UPDATE SKIP LOCKED)",
     true},
};
constexpr int64_t sweep_batch = 500;

Batch only(Statement statement) {
  Batch batch;
  batch.push_back(std::move(statement));
  return batch;
}
}  // namespace

Async<std::vector<ports::Job>> PostgresJobs::claim(TimePoint now, Seconds lease, int64_t limit) {
  CO_TRY(auto answer,
         co_await c_.pool.run(only(Statement::fixed(claim_sql, now, now + lease, limit)), Way::write));
  std::vector<ports::Job> out;
  for (auto& q = answer[0]; q.step();)
    out.push_back({q.integer(0), {q.integer(1)}, q.text(2), stored_object(q.view(3)), int(q.integer(4))});
  std::ranges::sort(out, {}, &ports::Job::id);
  co_return out;
}

Async<> PostgresJobs::complete(int64_t id) {
  CO_ENSURE(co_await c_.pool.run(only(Statement::fixed("DELETE FROM jobs WHERE id=$1", id)), Way::write));
  co_return Result<>();
}

Async<> PostgresJobs::retry(int64_t id, TimePoint not_before) {
  CO_ENSURE(co_await c_.pool.run(
      only(Statement::fixed("UPDATE jobs SET attempts=attempts+1,due_at=$2 WHERE id=$1", id, not_before)),
      Way::write));
  co_return Result<>();
}

// Small batches, so that no transaction is long.
Async<int64_t> PostgresJobs::sweep(TimePoint now, int64_t limit) {
  int64_t removed = 0;
  for (const auto& sweep : sweeps) {
    const TimePoint deadline = sweep.logs ? now - c_.retention.logs : now;
    int64_t taken = 1;
    while (removed < limit && taken > 0) {
      const int64_t batch = std::min(limit - removed, sweep_batch);
      CO_TRY(const auto answer,
             co_await c_.pool.run(only(Statement::fixed(sweep.sql, deadline, batch)), Way::write));
      taken = answer[0].changes();
      removed += taken;
    }
  }
  co_return removed;
}

void PostgresJobs::on_job(std::function<void()> wake) {
  std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

void PostgresJobs::wake() {
  std::function<void()> wake;
  {
    std::lock_guard lock(mutex_);
    wake = wake_;
  }
  if (wake) wake();
}

}  // namespace durward::adapters::postgres
