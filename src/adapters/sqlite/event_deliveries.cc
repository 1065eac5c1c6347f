#include "adapters/records/records.h"
#include "adapters/sqlite/apply.h"
#include "adapters/sqlite/readers.h"

namespace durward::adapters::sqlite {

using namespace records;
using domain::EventDelivery;
using domain::TenantId;
using ports::StreamClaim;

namespace {
const std::string select_sql = "SELECT " + std::string(event_delivery_columns) +
                               " FROM event_deliveries d WHERE d.tenant=? AND d.stream=?";
const std::string find_sql = select_sql + " AND d.id=?";
// Types as ",a,b,": they are names out of a table, without commas.
const std::string list_sql =
    select_sql +
    " AND (d.tries>0 OR d.due_at IS NULL) AND d.created_at>=? AND d.created_at<? AND "
    "d.id<? AND (?6='' OR instr(?6,','||d.type||',')>0) ORDER BY d.id DESC LIMIT ?";
const std::string due_sql = select_sql +
                            " AND d.due_at<=?3 AND EXISTS(SELECT 1 FROM event_queues q WHERE q.tenant=?1 AND "
                            "q.stream=?2 AND q.claimed_until=?4 AND q.claimed_until>?3) ORDER BY "
                            "d.due_at,d.id LIMIT ?5";
// Those served already count for their tenant.
constexpr char claimable_sql[] =
    "SELECT tenant,stream,failures FROM (SELECT tenant,stream,failures,due_at,claimed_until,row_number() "
    "OVER(PARTITION BY tenant ORDER BY claimed_until>?1 DESC,due_at) AS place FROM event_queues WHERE "
    "claimed_until>?1 OR (due_at<=?1 AND paused_until<=?1)) WHERE place<=?2 AND claimed_until<=?1 ORDER BY "
    "due_at LIMIT ?3";
constexpr char claim_sql[] = "UPDATE event_queues SET claimed_until=?3 WHERE tenant=?1 AND stream=?2";
constexpr char release_sql[] =
    "UPDATE event_queues SET claimed_until=0,paused_until=?4,failures=?5,due_at=(SELECT min(d.due_at) FROM "
    "event_deliveries d WHERE d.tenant=?1 AND d.stream=?2 AND d.due_at IS NOT NULL) WHERE tenant=?1 AND "
    "stream=?2 AND claimed_until=?3";
constexpr char insert_sql[] =
    "INSERT INTO event_deliveries(tenant,stream,id,type,created_at,queued_at,due_at,tries,attempts,event) "
    "VALUES(?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING";
constexpr char line_up_sql[] =
    "INSERT INTO event_queues(tenant,stream,due_at) VALUES(?,?,?) ON CONFLICT(tenant,stream) DO UPDATE SET "
    "due_at=min(coalesce(due_at,excluded.due_at),excluded.due_at)";
const std::string unpause_sql = std::string(line_up_sql) + ",paused_until=0,failures=0";
constexpr char requeue_sql[] =
    "UPDATE event_deliveries SET due_at=?3,queued_at=?3,tries=0 WHERE tenant=?1 AND stream=?2 AND (tries>0 "
    "OR "
    "due_at IS NULL) AND (?4 IS NULL OR id=?4) AND created_at>=?5 AND created_at<?6 AND (?7='' OR "
    "instr(?7,','||type||',')>0)";

std::vector<EventDelivery> read_all(Query q) {
  std::vector<EventDelivery> out;
  while (q.step()) out.push_back(read_event_delivery(q));
  return out;
}
}  // namespace

SqliteEventDeliveries::SqliteEventDeliveries(Context context)
    : c_(context),
      find_(ReadCounters(c_.registry, "event_deliveries")("find")),
      list_(ReadCounters(c_.registry, "event_deliveries")("list")) {}

Async<std::optional<EventDelivery>> SqliteEventDeliveries::find(TenantId tenant, std::string stream,
                                                                int64_t id) {
  co_return co_await c_.engine.read(find_, ReadCost::point,
                                    [&](Database& db) -> Result<std::optional<EventDelivery>> {
                                      auto q = db.query(find_sql, tenant.value, stream, id);
                                      if (!q.step()) return std::nullopt;
                                      return read_event_delivery(q);
                                    });
}

Async<std::vector<EventDelivery>> SqliteEventDeliveries::list(TenantId tenant, std::string stream,
                                                              ports::EventDeliveryQuery query) {
  co_return co_await c_.engine.read(
      list_, ReadCost::scan, [&](Database& db) -> Result<std::vector<EventDelivery>> {
        return read_all(db.query(list_sql, tenant.value, stream, time_or_first(query.created_from),
                                 time_or_last(query.created_to), query.before.value_or(INT64_MAX),
                                 comma_list(query.types), page_limit(query.limit)));
      });
}

Async<std::vector<StreamClaim>> SqliteEventDeliveries::claim(ports::StreamClaiming claiming) {
  std::vector<StreamClaim> out;
  CO_ENSURE(co_await c_.engine.write([&](Database& db, Effects&) -> Result<> {
    {
      auto q = db.query(claimable_sql, claiming.now, claiming.tenant_max, claiming.limit);
      while (q.step())
        out.push_back({{q.integer(0)}, q.text(1), claiming.now + claiming.lease, q.integer(2)});
    }
    for (const auto& one : out) db.run(claim_sql, one.tenant.value, one.stream, one.until);
    return {};
  }));
  co_return out;
}

Async<std::vector<EventDelivery>> SqliteEventDeliveries::due(StreamClaim claim, TimePoint now,
                                                             int64_t limit) {
  co_return co_await c_.engine.read(
      list_, ReadCost::scan, [&](Database& db) -> Result<std::vector<EventDelivery>> {
        return read_all(
            db.query(due_sql, claim.tenant.value, claim.stream, now, claim.until, page_limit(limit)));
      });
}

Async<> SqliteEventDeliveries::delivered(TenantId tenant, std::string stream, int64_t id) {
  co_return co_await c_.engine.write([&](Database& db, Effects&) -> Result<> {
    db.run("DELETE FROM event_deliveries WHERE tenant=? AND stream=? AND id=?", tenant.value, stream, id);
    return {};
  });
}

Async<> SqliteEventDeliveries::failed(TenantId tenant, EventDelivery delivery) {
  co_return co_await c_.engine.write([&](Database& db, Effects&) -> Result<> {
    db.run(
        "UPDATE event_deliveries SET tries=?4,attempts=?5,due_at=?6 WHERE tenant=?1 AND stream=?2 AND id=?3",
        tenant.value, delivery.stream, delivery.id, delivery.tries, json::serialize(delivery.attempts),
        delivery.due_at);
    return {};
  });
}

Async<> SqliteEventDeliveries::release(StreamClaim claim, TimePoint paused_until) {
  co_return co_await c_.engine.write([&](Database& db, Effects&) -> Result<> {
    db.run(release_sql, claim.tenant.value, claim.stream, claim.until, paused_until, claim.failures);
    return {};
  });
}

Result<> Applier::one(const ports::InsertEventDelivery& w) {
  const auto& d = w.delivery;
  db_.run(insert_sql, tenant_, d.stream, d.id, d.type, d.created_at, d.queued_at, d.due_at, d.tries,
          json::serialize(d.attempts), json::serialize(d.event));
  if (d.due_at) db_.run(line_up_sql, tenant_, d.stream, *d.due_at);
  return {};
}

Result<> Applier::one(const ports::RequeueEventDeliveries& w) {
  db_.run(requeue_sql, tenant_, w.stream, w.at, w.id, time_or_first(w.created_from),
          time_or_last(w.created_to), comma_list(w.types));
  db_.run(unpause_sql, tenant_, w.stream, w.at);
  return {};
}

Result<> Applier::one(const ports::RemoveEventDeliveries& w) {
  db_.run("DELETE FROM event_deliveries WHERE tenant=? AND stream=?", tenant_, w.stream);
  db_.run("DELETE FROM event_queues WHERE tenant=? AND stream=?", tenant_, w.stream);
  return {};
}

}  // namespace durward::adapters::sqlite
