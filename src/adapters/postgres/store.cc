#include "adapters/postgres/store.h"

#include <algorithm>
#include <charconv>

#include "adapters/postgres/migrations/migrations.h"
#include "adapters/postgres/nodes.h"
#include "adapters/postgres/readers.h"

namespace durward::adapters {

using namespace postgres;
using ports::MigrationStep;

namespace postgres {

Async<std::vector<Rows>> read(Pool& pool, metrics::Counter& counter, Way way, Batch batch) {
  counter.add();
  const size_t statements = batch.size();
  auto answer = co_await pool.run(std::move(batch), way);
  if (!answer && answer.error().code == "invalid_text") co_return std::vector<Rows>(statements);
  co_return answer;
}

Async<std::vector<Rows>> read_stale(Pool& pool, Replica* replica, metrics::Counter& counter, Batch batch,
                                    domain::TenantId tenant, ports::StaleRead which, bool may_be_stale) {
  if (replica && may_be_stale && replica->may_answer(which, tenant))
    co_return co_await replica->read_or_fall_back(counter, std::move(batch));
  co_return co_await read(pool, counter, Way::own_read, std::move(batch));
}

PostgresCommitter::PostgresCommitter(Context context)
    : c_(std::move(context)),
      commits_(c_.registry.counter("durward_store_commits_total", "Lists of writes given to the store.")) {}

Async<> PostgresCommitter::commit(domain::TenantId tenant, ports::Writes writes) {
  if (writes.empty()) co_return Result<>();
  commits_.add();
  Script script(tenant, c_.clock.now(), c_.retention);
  auto stored = co_await c_.pool.run(script.of(writes), Way::write);
  if (c_.replica) c_.replica->wrote(tenant, writes);
  CO_ENSURE(std::move(stored));
  if (script.changes_configuration()) c_.configuration_changed(tenant);
  if (script.has_event()) c_.event_appended();
  co_return Result<>();
}

}  // namespace postgres

namespace {
PoolOptions pool_options(const PostgresOptions& options) {
  PoolOptions out;
  out.target = {options.url, options.password};
  out.read_connections = options.read_connections;
  out.write_connections = options.write_connections;
  out.queue_max = options.queue_max;
  out.statement_timeout = options.statement_timeout;
  out.wait_max = options.wait_max;
  return out;
}

// Whoever waits for it can go to the primary, so nobody waits long.
std::unique_ptr<Replica> replica_of(const PostgresOptions& options, Pool& primary, Random& random,
                                    metrics::Registry& registry) {
  if (options.replica_url.empty()) return nullptr;
  ReplicaOptions out{.pool = pool_options(options), .lag_max = options.replica_lag_max};
  out.pool.target = {options.replica_url, options.password, "standby"};
  out.pool.read_connections = 1;
  out.pool.write_connections = options.replica_connections;
  out.pool.wait_max = std::min(options.wait_max, Milliseconds(250));
  out.pool.slow_tries_max = 1;
  out.pool.listens = false;
  out.pool.labels = "server=\"replica\"";
  return std::make_unique<Replica>(std::move(out), primary, random, registry);
}
}  // namespace

struct PostgresStore::Impl {
  Impl(const PostgresOptions& options, const Clock& clock, Random& random, metrics::Registry* given)
      : registry(given ? *given : own_registry),
        pool(pool_options(options), random, registry),
        replica(replica_of(options, pool, random, registry)),
        context{pool,
                clock,
                registry,
                {options.log_retention, options.rotated_token_retention, options.event_retention},
                [this](domain::TenantId tenant) { tell(tenant); },
                [this] { outbox.wake(); },
                replica.get()} {
    pool.on_notification([this](std::string_view payload) { hear(payload); });
    pool.wait_for_notifications();
  }

  // Queued changes are applied, but who listened to them may be gone already.
  ~Impl() {
    pool.on_notification({});
    listen({});
    outbox.on_event({});
    if (replica) replica->stop();
    pool.stop();
  }

  void listen(std::function<void(domain::TenantId)> listener) {
    std::lock_guard lock(listener_mutex);
    configuration_changed = std::move(listener);
  }
  void tell(domain::TenantId tenant) {
    std::lock_guard lock(listener_mutex);
    if (configuration_changed) configuration_changed(tenant);
  }

  // "c12": documents of tenant 12; "t": which tenants there are; "e": an event. Empty: some may have been
  // missed; versions of documents are compared within a second anyway (adapters/configuration).
  void hear(std::string_view payload) {
    int64_t tenant = 0;
    if (payload.starts_with('c'))
      std::from_chars(payload.data() + 1, payload.data() + payload.size(), tenant);
    if (!payload.starts_with('e')) tell({tenant});
    if (payload.empty() || payload.starts_with('e')) outbox.wake();
  }

  metrics::Registry own_registry;
  metrics::Registry& registry;
  std::mutex listener_mutex;
  std::function<void(domain::TenantId)> configuration_changed;
  Pool pool;
  std::unique_ptr<Replica> replica;
  Context context;
  PostgresTenants tenants{context};
  PostgresDocuments documents{context};
  PostgresUsers users{context};
  PostgresAssignments assignments{context};
  PostgresSessions sessions{context};
  PostgresCodes codes{context};
  PostgresRefreshTokens refresh_tokens{context};
  PostgresGrants grants{context};
  PostgresTickets tickets{context};
  PostgresBlocks blocks{context};
  PostgresLogs logs{context};
  PostgresExecutions executions{context};
  PostgresEventDeliveries event_deliveries{context};
  PostgresJobs jobs{context};
  PostgresOutbox outbox{context};
  PostgresLeases leases{context};
  PostgresNodes nodes{context};
  PostgresCommitter committer{context};
};

namespace {
Result<> bring_up_to_date(const PostgresOptions& options, TimePoint at) {
  TRY(const auto conn, connect({options.url, options.password}, Milliseconds(0)));
  TRY(const auto steps, plan_of(conn.get()));
  if (std::ranges::all_of(steps, &MigrationStep::applied)) return {};
  if (!options.migrate_at_open)
    return fail(ErrorKind::conflict, "migration_needed",
                "The store has an older schema; run `durward migrate` first.");
  ENSURE(postgres::migrate(conn.get(), at));
  return {};
}
}  // namespace

Result<std::unique_ptr<PostgresStore>> PostgresStore::open(PostgresOptions options, const Clock& clock,
                                                           Random& random, metrics::Registry* registry) {
  ENSURE(postgres::check_url(options.url));
  if (!options.replica_url.empty()) ENSURE(postgres::check_url(options.replica_url));
  ENSURE(bring_up_to_date(options, clock.now()));
  return std::unique_ptr<PostgresStore>(
      new PostgresStore(std::make_unique<Impl>(options, clock, random, registry)));
}

Result<std::vector<MigrationStep>> PostgresStore::plan(const PostgresOptions& options) {
  ENSURE(postgres::check_url(options.url));
  TRY(const auto conn, connect({options.url, options.password}, Milliseconds(0)));
  return plan_of(conn.get());
}

Result<std::vector<MigrationStep>> PostgresStore::migrate(const PostgresOptions& options, TimePoint at) {
  ENSURE(postgres::check_url(options.url));
  TRY(const auto conn, connect({options.url, options.password}, Milliseconds(0)));
  return postgres::migrate(conn.get(), at);
}

std::string PostgresStore::shown(const std::string& url) { return shown_url(url); }
Result<> PostgresStore::check_url(const std::string& url) { return postgres::check_url(url); }

PostgresStore::PostgresStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PostgresStore::~PostgresStore() = default;

ports::Tenants& PostgresStore::tenants() { return impl_->tenants; }
ports::Documents& PostgresStore::documents() { return impl_->documents; }
ports::Users& PostgresStore::users() { return impl_->users; }
ports::Assignments& PostgresStore::assignments() { return impl_->assignments; }
ports::Sessions& PostgresStore::sessions() { return impl_->sessions; }
ports::Codes& PostgresStore::codes() { return impl_->codes; }
ports::RefreshTokens& PostgresStore::refresh_tokens() { return impl_->refresh_tokens; }
ports::Grants& PostgresStore::grants() { return impl_->grants; }
ports::Tickets& PostgresStore::tickets() { return impl_->tickets; }
ports::Blocks& PostgresStore::blocks() { return impl_->blocks; }
ports::Logs& PostgresStore::logs() { return impl_->logs; }
ports::Executions& PostgresStore::executions() { return impl_->executions; }
ports::EventDeliveries& PostgresStore::event_deliveries() { return impl_->event_deliveries; }
ports::Jobs& PostgresStore::jobs() { return impl_->jobs; }
ports::Outbox& PostgresStore::outbox() { return impl_->outbox; }
ports::Leases& PostgresStore::leases() { return impl_->leases; }
ports::Nodes& PostgresStore::nodes() { return impl_->nodes; }
ports::Committer& PostgresStore::committer() { return impl_->committer; }

bool PostgresStore::is_reachable() const { return impl_->pool.is_reachable(); }

void PostgresStore::on_configuration_change(std::function<void(domain::TenantId)> listener) {
  impl_->listen(std::move(listener));
}

}  // namespace durward::adapters
