#include "adapters/postgres/readers.h"
#include "adapters/postgres/script.h"
#include "adapters/records/records.h"

namespace durward::adapters::postgres {

using namespace records;
using domain::EventDelivery;
using domain::TenantId;
using ports::StreamClaim;

namespace {
const std::string select_sql = "SELECT " + std::string(event_delivery_columns) +
                               " FROM event_deliveries d WHERE d.tenant=$1 AND d.stream=$2";
const std::string find_sql = select_sql + " AND d.id=$3";
// Types as ",a,b,": they are names out of a table, without commas.
const std::string list_sql =
    select_sql +
    " AND (d.tries>0 OR d.due_at IS NULL) AND d.created_at>=$3 AND d.created_at<$4 AND "
    "d.id<$5 AND ($6='' OR strpos($6,','||d.type||',')>0) ORDER BY d.id DESC LIMIT $7";
const std::string due_sql = select_sql +
                            " AND d.due_at<=$3 AND EXISTS(SELECT 1 FROM event_queues q WHERE q.tenant=$1 AND "
                            "q.stream=$2 AND q.claimed_until=$4 AND q.claimed_until>$3) ORDER BY "
                            "d.due_at,d.id LIMIT $5";
// Those served already count for their tenant. What others claim at the same moment is passed over.
constexpr char claim_sql[] =
    "WITH ranked AS (SELECT tenant,stream,row_number() OVER(PARTITION BY tenant ORDER BY claimed_until>$1 "
    "DESC,due_at) AS place FROM event_queues WHERE claimed_until>$1 OR (due_at<=$1 AND paused_until<=$1)),"
    "mine AS (SELECT q.tenant,q.stream FROM event_queues q JOIN ranked r ON r.tenant=q.tenant AND "
    "r.stream=q.stream WHERE r.place<=$2 AND q.claimed_until<=$1 ORDER BY q.due_at LIMIT $3 FOR UPDATE OF q "
    "SKIP LOCKED) "
    "UPDATE event_queues q SET claimed_until=$4 FROM mine WHERE q.tenant=mine.tenant AND "
    "q.stream=mine.stream RETURNING q.tenant,q.stream,q.failures";
// Before release_sql looks: what a commit adds meanwhile waits for this lock and is seen, or comes after.
constexpr char hold_sql[] = "SELECT 1 FROM event_queues WHERE tenant=$1 AND stream=$2 FOR UPDATE";
constexpr char release_sql[] =
    "UPDATE event_queues SET claimed_until=0,paused_until=$4,failures=$5,due_at=(SELECT min(d.due_at) FROM "
    "event_deliveries d WHERE d.tenant=$1 AND d.stream=$2 AND d.due_at IS NOT NULL) WHERE tenant=$1 AND "
    "stream=$2 AND claimed_until=$3";
constexpr char delivered_sql[] = "DELETE FROM event_deliveries WHERE tenant=$1 AND stream=$2 AND id=$3";
constexpr char failed_sql[] =
    "UPDATE event_deliveries SET tries=$4,attempts=$5,due_at=$6 WHERE tenant=$1 AND stream=$2 AND id=$3";
constexpr char insert_sql[] =
    "INSERT INTO event_deliveries(tenant,stream,id,type,created_at,queued_at,due_at,tries,attempts,event) "
    "VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10) ON CONFLICT DO NOTHING";
constexpr char line_up_sql[] =
    "INSERT INTO event_queues(tenant,stream,due_at) VALUES($1,$2,$3) ON CONFLICT(tenant,stream) DO UPDATE "
    "SET "
    "due_at=least(event_queues.due_at,excluded.due_at)";
const std::string unpause_sql = std::string(line_up_sql) + ",paused_until=0,failures=0";
constexpr char requeue_sql[] =
    "UPDATE event_deliveries SET due_at=$3,queued_at=$3,tries=0 WHERE tenant=$1 AND stream=$2 AND (tries>0 "
    "OR "
    "due_at IS NULL) AND ($4 IS NULL OR id=$4) AND created_at>=$5 AND created_at<$6 AND ($7='' OR "
    "strpos($7,','||type||',')>0)";
constexpr char remove_sql[] = "DELETE FROM event_deliveries WHERE tenant=$1 AND stream=$2";
constexpr char remove_queue_sql[] = "DELETE FROM event_queues WHERE tenant=$1 AND stream=$2";

Async<std::vector<Rows>> change(Pool& pool, Statement statement) {
  Batch batch;
  batch.push_back(std::move(statement));
  co_return co_await pool.run(std::move(batch), Way::write);
}
}  // namespace

PostgresEventDeliveries::PostgresEventDeliveries(Context context)
    : c_(std::move(context)),
      find_(ReadCounters(c_.registry, "event_deliveries")("find")),
      list_(ReadCounters(c_.registry, "event_deliveries")("list")) {}

Async<std::optional<EventDelivery>> PostgresEventDeliveries::find(TenantId tenant, std::string stream,
                                                                  int64_t id) {
  co_return co_await read_one<EventDelivery>(
      c_.pool, find_, Statement::fixed(find_sql, tenant.value, stream, id), read_event_delivery<Rows>);
}

Async<std::vector<EventDelivery>> PostgresEventDeliveries::list(TenantId tenant, std::string stream,
                                                                ports::EventDeliveryQuery query) {
  co_return co_await read_all<EventDelivery>(
      c_.pool, list_, Way::own_read,
      Statement::fixed(list_sql, tenant.value, stream, time_or_first(query.created_from),
                       time_or_last(query.created_to), query.before.value_or(INT64_MAX),
                       comma_list(query.types), page_limit(query.limit)),
      read_event_delivery<Rows>);
}

Async<std::vector<StreamClaim>> PostgresEventDeliveries::claim(ports::StreamClaiming claiming) {
  const TimePoint until = claiming.now + claiming.lease;
  CO_TRY(auto answer, co_await change(c_.pool, Statement::fixed(claim_sql, claiming.now, claiming.tenant_max,
                                                                claiming.limit, until)));
  std::vector<StreamClaim> out;
  while (answer[0].step())
    out.push_back({{answer[0].integer(0)}, answer[0].text(1), until, answer[0].integer(2)});
  co_return out;
}

Async<std::vector<EventDelivery>> PostgresEventDeliveries::due(StreamClaim claim, TimePoint now,
                                                               int64_t limit) {
  co_return co_await read_all<EventDelivery>(
      c_.pool, list_, Way::own_read,
      Statement::fixed(due_sql, claim.tenant.value, claim.stream, now, claim.until, page_limit(limit)),
      read_event_delivery<Rows>);
}

Async<> PostgresEventDeliveries::delivered(TenantId tenant, std::string stream, int64_t id) {
  CO_ENSURE(co_await change(c_.pool, Statement::fixed(delivered_sql, tenant.value, stream, id)));
  co_return Result<>();
}

Async<> PostgresEventDeliveries::failed(TenantId tenant, EventDelivery d) {
  CO_ENSURE(co_await change(c_.pool, Statement::fixed(failed_sql, tenant.value, d.stream, d.id, d.tries,
                                                      Json{json::serialize(d.attempts)}, d.due_at)));
  co_return Result<>();
}

Async<> PostgresEventDeliveries::release(StreamClaim claim, TimePoint paused_until) {
  Batch batch;
  batch.push_back(Statement::fixed(hold_sql, claim.tenant.value, claim.stream));
  batch.push_back(Statement::fixed(release_sql, claim.tenant.value, claim.stream, claim.until, paused_until,
                                   claim.failures));
  CO_ENSURE(co_await c_.pool.run(std::move(batch), Way::write));
  co_return Result<>();
}

void Script::one(const ports::InsertEventDelivery& w) {
  const auto& d = w.delivery;
  add(insert_sql, tenant_, d.stream, d.id, d.type, d.created_at, d.queued_at, d.due_at, d.tries,
      Json{json::serialize(d.attempts)}, Json{json::serialize(d.event)});
  if (d.due_at) add(line_up_sql, tenant_, d.stream, *d.due_at);
}

void Script::one(const ports::RequeueEventDeliveries& w) {
  add(requeue_sql, tenant_, w.stream, w.at, w.id, time_or_first(w.created_from), time_or_last(w.created_to),
      comma_list(w.types));
  add(unpause_sql, tenant_, w.stream, w.at);
}

void Script::one(const ports::RemoveEventDeliveries& w) {
  add(remove_sql, tenant_, w.stream);
  add(remove_queue_sql, tenant_, w.stream);
}

}  // namespace durward::adapters::postgres
