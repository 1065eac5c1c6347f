#include "adapters/postgres/replica.h"

#include <pthread.h>

#include "adapters/postgres/readers.h"
#include "base/log.h"

namespace durward::adapters::postgres {

namespace {
constexpr size_t tenants_max = 4096, marks_max = 256;
constexpr char length_sql[] = "SELECT (pg_current_wal_lsn()-'0/0'::pg_lsn)::bigint";
// A server that was promoted replays no more.
constexpr char replayed_sql[] =
    "SELECT CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn()-'0/0'::pg_lsn)::bigint ELSE -1 END";

Async<int64_t> number_of(Pool& pool, const char* sql) {
  Batch batch;
  batch.push_back(Statement::fixed(sql));
  CO_TRY(auto answer, co_await pool.run(std::move(batch), Way::shared_read));
  if (!answer[0].step()) co_return fail(ErrorKind::unavailable, "store_unavailable", "", "no position");
  co_return answer[0].integer(0);
}
SteadyTime now() { return std::chrono::steady_clock::now(); }
}  // namespace

Replica::Replica(ReplicaOptions options, Pool& primary, Random& random, metrics::Registry& registry)
    : options_(std::move(options)),
      primary_(primary),
      pool_(options_.pool, random, registry),
      lag_(registry.gauge("durward_store_replica_lag_milliseconds", "How far the replica is behind.")),
      answered_(registry.counter("durward_store_stale_reads_total",
                                 "Reads that may be stale, by who answered.", "from=\"replica\"")),
      fell_back_(registry.counter("durward_store_stale_reads_total",
                                  "Reads that may be stale, by who answered.", "from=\"primary\"")) {
  thread_ = std::thread([this] { work(); });
  pthread_setname_np(thread_.native_handle(), "store-replica");
}

Replica::~Replica() { stop(); }

void Replica::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_one();
  if (thread_.joinable()) thread_.join();
  pool_.stop();
}

void Replica::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    (void)run_sync(measure());  // an error leaves it as fresh as it was, so it grows old
    lock.lock();
    lag_.set(std::chrono::duration_cast<Milliseconds>(now() - fresh_as_of_).count());
    stopped_.wait_for(lock, options_.measure_every, [this] { return stopping_; });
  }
}

Async<> Replica::measure() {
  const auto asked = now();
  CO_TRY(const int64_t length, co_await number_of(primary_, length_sql));
  if (marks_.size() < marks_max) marks_.emplace_back(asked, length);
  CO_TRY(const int64_t replayed, co_await number_of(pool_, replayed_sql));
  if (replayed < 0) {
    // It was promoted; another server of the URL may be a standby by now.
    marks_.clear();
    pool_.renew();
    co_return Result<>();
  }
  take_position(replayed);
  co_return Result<>();
}

void Replica::take_position(int64_t replayed) {
  std::lock_guard lock(mutex_);
  for (; !marks_.empty() && marks_.front().second <= replayed; marks_.pop_front())
    fresh_as_of_ = marks_.front().first;
}

bool Replica::may_answer(ports::StaleRead read, domain::TenantId tenant) {
  std::lock_guard lock(mutex_);
  const auto found = wrote_.find(tenant.value);
  const auto wrote_at = found == wrote_.end() ? all_wrote_ : found->second[size_t(read)];
  const bool may = fresh_as_of_ > wrote_at && fresh_as_of_ + options_.lag_max >= now();
  if (!may) fell_back_.add();
  return may;
}

void Replica::wrote(domain::TenantId tenant, const ports::Writes& writes) {
  for (const auto& row : ports::stale_reads) {
    if (std::ranges::none_of(writes, row.is_changed_by)) continue;
    std::lock_guard lock(mutex_);
    if (wrote_.size() >= tenants_max) forget_old_writes();
    const auto [place, is_new] = wrote_.try_emplace(tenant.value);
    if (is_new) place->second.fill(all_wrote_);
    place->second[size_t(row.read)] = now();
  }
}

// What the replica has need not be remembered; when too much is left, one time stands for everybody's.
void Replica::forget_old_writes() {
  std::erase_if(wrote_, [this](const auto& entry) {
    return std::ranges::all_of(entry.second, [this](auto at) { return at < fresh_as_of_; });
  });
  if (wrote_.size() < tenants_max) return;
  wrote_.clear();
  all_wrote_ = now();
}

Async<std::vector<Rows>> Replica::read_or_fall_back(metrics::Counter& counter, Batch batch) {
  auto answer = co_await read(pool_, counter, Way::own_read, batch);
  if (answer || answer.error().kind != ErrorKind::unavailable) {
    answered_.add();
    co_return answer;
  }
  fell_back_.add();
  co_return co_await read(primary_, counter, Way::own_read, std::move(batch));
}

}  // namespace durward::adapters::postgres
