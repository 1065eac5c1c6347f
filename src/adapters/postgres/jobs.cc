#include <algorithm>

#include "adapters/postgres/partitions.h"
#include "adapters/postgres/readers.h"
#include "adapters/postgres/script.h"
#include "adapters/records/records.h"
#include "base/log.h"

namespace durward::adapters::postgres {

using namespace records;

namespace {
// The lease is a later due time: whoever is done deletes the job, whoever dies leaves it to the next. The
// last column says whether it was free.
constexpr char claim_sql[] =
    "WITH mine AS (UPDATE jobs SET due_at=$3 WHERE id=$1 AND due_at<=$2 RETURNING "
    "id,tenant,kind,payload,attempts) "
    "SELECT id,tenant,kind,payload,attempts,1::bigint FROM mine UNION ALL "
    "SELECT id,tenant,kind,payload,attempts,0::bigint FROM jobs WHERE id=$1 AND NOT EXISTS(SELECT 1 FROM "
    "mine)";

// Deadlines of the sweep: now, or now less a retention. Events, and codes and logs outside of partitions, are
// in order of creation, which is nearly that of expiry, so the oldest `limit` rows are looked at instead of
// keeping an index. Several workers may sweep at once.
struct Sweep {
  std::string sql;  // $1 deadline, $2 limit
  Seconds Retention::* retention = nullptr;
  Seconds age{0};  // a retention that nobody sets
};
std::string oldest(const std::string& table, const std::string& rule) {
  return "DELETE FROM " + table + " WHERE id IN(SELECT id FROM " + table + " WHERE id IN(SELECT id FROM " +
         table + " ORDER BY id LIMIT $2) AND " + rule + " FOR UPDATE SKIP LOCKED)";
}
std::string indexed(const std::string& table, const std::string& rule) {
  return "DELETE FROM " + table + " WHERE id IN(SELECT id FROM " + table + " WHERE " + rule +
         " LIMIT $2 FOR UPDATE SKIP LOCKED)";
}
const Sweep sweeps[] = {
    {oldest("codes_before", "expires_at<=$1")},
    {oldest("codes_rest", "expires_at<=$1")},
    {indexed("sessions", "dead_at<=$1")},
    {indexed("refresh_tokens", "dead_at<=$1")},
    {indexed("tickets_before", "expires_at<=$1")},
    {indexed("tickets_rest", "expires_at<=$1")},
    {"DELETE FROM blocks WHERE (tenant,identifier,connection,ip) IN(SELECT tenant,identifier,connection,ip "
     "FROM blocks WHERE expires_at<=$1 LIMIT $2 FOR UPDATE SKIP LOCKED)"},
    {"DELETE FROM revoked_grants WHERE (grant_id,tenant) IN(SELECT grant_id,tenant FROM revoked_grants WHERE "
     "(grant_id,tenant) IN(SELECT grant_id,tenant FROM revoked_grants ORDER BY grant_id LIMIT $2) AND "
     "until<=$1 FOR UPDATE SKIP LOCKED)"},
    {oldest("logs_before", "date<=$1"), &Retention::logs},
    {oldest("logs_rest", "date<=$1"), &Retention::logs},
    {indexed("executions_rest", "expires_at<=$1")},
    {"DELETE FROM event_deliveries WHERE (tenant,stream,id) IN(SELECT tenant,stream,id FROM event_deliveries "
     "WHERE created_at<=$1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
     nullptr, domain::delivery_life},
    // Those that were in line behind others for too long.
    {"UPDATE event_deliveries SET due_at=NULL WHERE (tenant,stream,id) IN(SELECT tenant,stream,id FROM "
     "event_deliveries WHERE due_at IS NOT NULL AND queued_at<=$1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
     nullptr, domain::delivery_time},
    {"WITH edges AS MATERIALIZED (SELECT q.tenant,q.stream,(SELECT e.id FROM event_deliveries e WHERE "
     "e.tenant=q.tenant AND e.stream=q.stream ORDER BY e.id DESC LIMIT 1 OFFSET " +
     std::to_string(domain::stream_deliveries_max) +
     ") AS edge FROM event_queues q WHERE $1>0) DELETE FROM event_deliveries WHERE (tenant,stream,id) "
     "IN(SELECT d.tenant,d.stream,d.id FROM edges g JOIN event_deliveries d ON d.tenant=g.tenant AND "
     "d.stream=g.stream AND d.id<=g.edge LIMIT $2)"},
    // What was not published yet stays, however old it is.
    {"DELETE FROM events WHERE row IN(SELECT row FROM events WHERE row IN(SELECT row FROM events ORDER BY "
     "row "
     "LIMIT $2) AND time<=$1 AND row<=(SELECT reached FROM event_positions WHERE reader='dispatcher') FOR "
     "UPDATE "
     "SKIP LOCKED)",
     &Retention::events},
    {"DELETE FROM dead_letters WHERE (queue,id) IN(SELECT queue,id FROM dead_letters WHERE at<=$1 LIMIT $2 "
     "FOR "
     "UPDATE SKIP LOCKED)",
     &Retention::events},
};
constexpr int64_t sweep_batch = 500;
constexpr char announce_sql[] =
    "WITH forgotten AS (UPDATE jobs SET due_at=$1 WHERE id IN(SELECT id FROM jobs WHERE due_at<=$2 LIMIT $3 "
    "FOR UPDATE SKIP LOCKED) RETURNING id,tenant,kind) "
    "INSERT INTO events(id,tenant,type,time,data) "
    "SELECT id,tenant,kind||'.requested',$1,json_build_object('job',id::text) FROM forgotten ORDER BY id";

Batch only(Statement statement) {
  Batch batch;
  batch.push_back(std::move(statement));
  return batch;
}
}  // namespace

Async<std::optional<ports::Job>> PostgresJobs::claim(int64_t id, TimePoint now, Seconds lease) {
  CO_TRY(auto answer,
         co_await c_.pool.run(only(Statement::fixed(claim_sql, id, now, now + lease)), Way::write));
  auto& q = answer[0];
  if (!q.step()) co_return std::nullopt;
  if (q.integer(5) == 0) co_return fail(ErrorKind::conflict, "job_busy", "Somebody else works on the job.");
  co_return ports::Job{q.integer(0), {q.integer(1)}, q.text(2), stored_object(q.view(3)), int(q.integer(4))};
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

Async<> PostgresJobs::release(int64_t id, TimePoint not_before) {
  CO_ENSURE(co_await c_.pool.run(
      only(Statement::fixed("UPDATE jobs SET due_at=$2 WHERE id=$1", id, not_before)), Way::write));
  co_return Result<>();
}

// Small batches, so that no transaction is long. Rows of dropped partitions are not counted.
Async<int64_t> PostgresJobs::sweep(TimePoint now, int64_t limit) {
  if (const auto maintained = co_await maintain_partitions(c_.pool, now, c_.retention.logs); !maintained)
    log::warning("store: partitions are left to the next sweep", {{"reason", maintained.error().debug}});
  int64_t removed = 0;
  for (const auto& sweep : sweeps) {
    const TimePoint deadline = now - (sweep.retention ? c_.retention.*sweep.retention : sweep.age);
    int64_t taken = 1;
    while (removed < limit && taken > 0) {
      const int64_t batch = std::min(limit - removed, sweep_batch);
      CO_TRY(const auto answer,
             co_await c_.pool.run(only(Statement::fixed(sweep.sql, deadline, batch)), Way::write));
      taken = answer[0].changes();
      removed += taken;
    }
  }
  CO_ENSURE(co_await announce_forgotten(now));
  co_return removed;
}

// The dispatcher of whichever process finds them at its next look.
Async<> PostgresJobs::announce_forgotten(TimePoint now) {
  Batch batch;
  batch.push_back(Statement::fixed(lock_events_sql));
  batch.push_back(Statement::fixed(announce_sql, now, now - forgotten_after, sweep_batch));
  CO_ENSURE(co_await c_.pool.run(std::move(batch), Way::write));
  co_return Result<>();
}

}  // namespace durward::adapters::postgres
