#include "adapters/postgres/readers.h"
#include "adapters/records/records.h"

namespace durward::adapters::postgres {

using namespace records;

namespace {

constexpr int64_t scanned_max = 5000;  // events one read looks at

constexpr char read_sql[] =
    "SELECT row,id,tenant,type,time,data FROM events WHERE row>$1 AND row<=$2 ORDER BY row LIMIT $3";
constexpr char span_sql[] = "SELECT coalesce(min(row),0),coalesce(max(row),0) FROM events";
constexpr char position_sql[] = "SELECT reached FROM event_positions WHERE reader=$1";
constexpr char move_sql[] =
    "INSERT INTO event_positions(reader,reached) "
    "SELECT $1,$2 FROM leases WHERE name=$3 AND owner=$4 AND expires_at>$5 "
    "ON CONFLICT(reader) DO UPDATE SET reached=excluded.reached";
constexpr char bury_sql[] =
    "INSERT INTO dead_letters(queue,id,row,tenant,type,time,data,attempts,reason,at) "
    "VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10) ON CONFLICT(queue,id) DO NOTHING";
constexpr char dead_sql[] =
    "SELECT row,id,tenant,type,time,data,queue,attempts,reason,at FROM dead_letters "
    "WHERE $1='' OR queue=$1 ORDER BY at DESC,id DESC LIMIT $2";
constexpr char acquire_sql[] =
    "INSERT INTO leases(name,owner,expires_at) VALUES($1,$2,$3) ON CONFLICT(name) DO UPDATE SET "
    "owner=excluded.owner,expires_at=excluded.expires_at WHERE leases.owner=excluded.owner OR "
    "leases.expires_at<=$4";
constexpr char release_sql[] = "DELETE FROM leases WHERE name=$1 AND owner=$2";

domain::Event read_event(const Rows& q) {
  return {.offset = q.integer(0),
          .id = q.integer(1),
          .tenant = {q.integer(2)},
          .type = q.text(3),
          .time = q.time(4),
          .data = stored_object(q.view(5))};
}
ports::OutboxSpan read_span(const Rows& q) { return {q.integer(0), q.integer(1)}; }
int64_t read_number(const Rows& q) { return q.integer(0); }
ports::DeadLetter read_letter(const Rows& q) {
  return {q.text(6), read_event(q), q.integer(7), q.text(8), q.time(9)};
}

bool takes_all(const ports::EventFilter& filter) { return filter.pattern == ">" && !filter.tenant; }
bool is_wanted(const domain::Event& event, const ports::EventFilter& filter) {
  return (!filter.tenant || *filter.tenant == event.tenant) && domain::matches(filter.pattern, event.type);
}

Async<int64_t> change(Pool& pool, Statement statement) {
  Batch batch;
  batch.push_back(std::move(statement));
  CO_TRY(const auto answer, co_await pool.run(std::move(batch), Way::write));
  co_return answer[0].changes();
}

}  // namespace

PostgresOutbox::PostgresOutbox(Context context)
    : c_(std::move(context)),
      read_(ReadCounters(c_.registry, "outbox")("read")),
      span_(ReadCounters(c_.registry, "outbox")("span")),
      position_(ReadCounters(c_.registry, "outbox")("position")),
      dead_letters_(ReadCounters(c_.registry, "outbox")("dead_letters")) {}

Async<ports::EventPage> PostgresOutbox::read(ports::EventQuery query) {
  const int64_t looked_at = takes_all(query.filter) ? std::min(query.limit, scanned_max) : scanned_max;
  CO_TRY(auto events, co_await read_all<domain::Event>(
                          c_.pool, read_, Way::own_read,
                          Statement::fixed(read_sql, query.after, query.until.value_or(INT64_MAX), looked_at),
                          read_event));
  ports::EventPage page{.scanned_to = query.after};
  for (auto& event : events) {
    if (int64_t(page.events.size()) >= query.limit) break;
    page.scanned_to = event.offset;
    if (is_wanted(event, query.filter)) page.events.push_back(std::move(event));
  }
  co_return page;
}

Async<ports::OutboxSpan> PostgresOutbox::span() {
  CO_TRY(const auto span,
         co_await read_one<ports::OutboxSpan>(c_.pool, span_, Statement::fixed(span_sql), read_span));
  co_return span.value_or(ports::OutboxSpan());
}

Async<int64_t> PostgresOutbox::position(std::string reader) {
  CO_TRY(const auto position,
         co_await read_one<int64_t>(c_.pool, position_, Statement::fixed(position_sql, reader), read_number));
  co_return position.value_or(0);
}

Async<> PostgresOutbox::set_position(std::string reader, int64_t offset, ports::Lease held, TimePoint now) {
  CO_TRY(const int64_t moved,
         co_await change(c_.pool, Statement::fixed(move_sql, reader, offset, held.name, held.owner, now)));
  if (moved == 0) co_return fail(ErrorKind::conflict, "lease_lost", "Another process has taken over.");
  co_return Result<>();
}

Async<> PostgresOutbox::bury(ports::DeadLetter letter) {
  const auto& e = letter.event;
  CO_ENSURE(co_await change(
      c_.pool, Statement::fixed(bury_sql, letter.queue, e.id, e.offset, e.tenant.value, e.type, e.time,
                                Json{json::serialize(e.data)}, letter.attempts, letter.reason, letter.at)));
  co_return Result<>();
}

Async<std::vector<ports::DeadLetter>> PostgresOutbox::dead_letters(std::string queue, int64_t limit) {
  co_return co_await read_all<ports::DeadLetter>(c_.pool, dead_letters_, Way::own_read,
                                                 Statement::fixed(dead_sql, queue, limit), read_letter);
}

void PostgresOutbox::on_event(std::function<void()> wake) {
  std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

void PostgresOutbox::wake() {
  std::function<void()> wake;
  {
    std::lock_guard lock(mutex_);
    wake = wake_;
  }
  if (wake) wake();
}

Async<bool> PostgresLeases::acquire(ports::Lease lease, TimePoint now, Seconds time) {
  CO_TRY(const int64_t changed,
         co_await change(c_.pool, Statement::fixed(acquire_sql, lease.name, lease.owner, now + time, now)));
  co_return changed == 1;
}

Async<> PostgresLeases::release(ports::Lease lease) {
  CO_ENSURE(co_await change(c_.pool, Statement::fixed(release_sql, lease.name, lease.owner)));
  co_return Result<>();
}

}  // namespace durward::adapters::postgres
