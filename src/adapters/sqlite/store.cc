#include "adapters/sqlite/store.h"

#include <sys/stat.h>

#include "adapters/sqlite/apply.h"
#include "adapters/sqlite/migrations/migrations.h"
#include "adapters/sqlite/nodes.h"
#include "adapters/sqlite/readers.h"

namespace durward::adapters {

using namespace sqlite;

namespace sqlite {

SqliteCommitter::SqliteCommitter(Context context)
    : c_(context),
      commits_(c_.registry.counter("durward_store_commits_total", "Lists of writes given to the store.")) {}

Async<> SqliteCommitter::commit(domain::TenantId tenant, ports::Writes writes) {
  if (writes.empty()) co_return Result<>();
  commits_.add();
  const TimePoint now = c_.clock.now();
  const Retention retention{c_.log_retention, c_.rotated_token_retention};
  co_return co_await c_.engine.write([&](Database& db, Effects& effects) {
    return Applier(db, tenant, now, retention, effects).apply(writes);
  });
}

}  // namespace sqlite

struct SqliteStore::Impl {
  Impl(const SqliteOptions& options, const Clock& clock, metrics::Registry* given)
      : registry(given ? *given : own_registry),
        engine(options, registry),
        context{engine,
                clock,
                registry,
                options.log_retention,
                options.rotated_token_retention,
                options.event_retention} {
    engine.set_listener([this](const Effects& effects) { tell(effects); });
  }

  // Queued changes are applied, but who listened to them may be gone already.
  ~Impl() {
    listen({});
    outbox.on_event({});
    engine.stop();
  }

  void listen(std::function<void(domain::TenantId)> listener) {
    std::lock_guard lock(listener_mutex);
    configuration_changed = std::move(listener);
  }

  void tell(const Effects& effects) {
    if (effects.configuration) tell_of({effects.tenant});
    if (effects.tenants) tell_of({0});
    if (effects.event) outbox.wake();
  }
  void tell_of(domain::TenantId tenant) {
    std::lock_guard lock(listener_mutex);
    if (configuration_changed) configuration_changed(tenant);
  }

  metrics::Registry own_registry;
  metrics::Registry& registry;
  std::mutex listener_mutex;
  std::function<void(domain::TenantId)> configuration_changed;
  Engine engine;
  Context context;
  SqliteTenants tenants{context};
  SqliteDocuments documents{context};
  SqliteUsers users{context};
  SqliteAssignments assignments{context};
  SqliteSessions sessions{context};
  SqliteCodes codes{context};
  SqliteRefreshTokens refresh_tokens{context};
  SqliteGrants grants{context};
  SqliteTickets tickets{context};
  SqliteBlocks blocks{context};
  SqliteLogs logs{context};
  SqliteExecutions executions{context};
  SqliteEventDeliveries event_deliveries{context};
  SqliteJobs jobs{context};
  SqliteOutbox outbox{context};
  SqliteLeases leases{context};
  SqliteNodes nodes{context};
  SqliteCommitter committer{context};
};

namespace {
std::unexpected<Error> cannot_open(const Failure& failure) {
  return fail(ErrorKind::unavailable, "store_unavailable",
              std::string("The store cannot be opened: ") + failure.what());
}

Result<> bring_up_to_date(Database& db, bool may_migrate, TimePoint at) {
  TRY(const auto steps, plan_of(db));
  for (const auto& step : steps)
    if (!step.applied && !may_migrate)
      return fail(ErrorKind::conflict, "migration_needed",
                  "The store has an older schema; run `durward migrate` first.");
  ENSURE(sqlite::migrate(db, at));
  return {};
}
}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(SqliteOptions options, const Clock& clock,
                                                       metrics::Registry* registry) {
  try {
    if (!options.path.empty()) {
      const auto db = open_writer(options);
      ENSURE(bring_up_to_date(*db, options.migrate_at_open, clock.now()));
    }
    auto impl = std::make_unique<Impl>(options, clock, registry);
    if (options.path.empty())
      ENSURE(
          impl->engine.prepare_memory([&](Database& db) { return bring_up_to_date(db, true, clock.now()); }));
    return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(impl)));
  } catch (const Failure& failure) {
    return cannot_open(failure);
  }
}

Result<std::vector<MigrationStep>> SqliteStore::plan(const std::string& path) {
  struct stat info{};
  try {
    if (path.empty() || stat(path.c_str(), &info) != 0) {
      Database nothing(":memory:", OpenOptions{});
      return plan_of(nothing);
    }
    Database db(path, OpenOptions{.read_only = true});
    return plan_of(db);
  } catch (const Failure& failure) {
    return cannot_open(failure);
  }
}

Result<std::vector<MigrationStep>> SqliteStore::migrate(const std::string& path, TimePoint at) {
  try {
    const auto db = open_writer(SqliteOptions{.path = path});
    return sqlite::migrate(*db, at);
  } catch (const Failure& failure) {
    return cannot_open(failure);
  }
}

SqliteStore::SqliteStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqliteStore::~SqliteStore() = default;

ports::Tenants& SqliteStore::tenants() { return impl_->tenants; }
ports::Documents& SqliteStore::documents() { return impl_->documents; }
ports::Users& SqliteStore::users() { return impl_->users; }
ports::Assignments& SqliteStore::assignments() { return impl_->assignments; }
ports::Sessions& SqliteStore::sessions() { return impl_->sessions; }
ports::Codes& SqliteStore::codes() { return impl_->codes; }
ports::RefreshTokens& SqliteStore::refresh_tokens() { return impl_->refresh_tokens; }
ports::Grants& SqliteStore::grants() { return impl_->grants; }
ports::Tickets& SqliteStore::tickets() { return impl_->tickets; }
ports::Blocks& SqliteStore::blocks() { return impl_->blocks; }
ports::Logs& SqliteStore::logs() { return impl_->logs; }
ports::Executions& SqliteStore::executions() { return impl_->executions; }
ports::EventDeliveries& SqliteStore::event_deliveries() { return impl_->event_deliveries; }
ports::Jobs& SqliteStore::jobs() { return impl_->jobs; }
ports::Outbox& SqliteStore::outbox() { return impl_->outbox; }
ports::Leases& SqliteStore::leases() { return impl_->leases; }
ports::Nodes& SqliteStore::nodes() { return impl_->nodes; }
ports::Committer& SqliteStore::committer() { return impl_->committer; }

void SqliteStore::on_configuration_change(std::function<void(domain::TenantId)> listener) {
  impl_->listen(std::move(listener));
}

}  // namespace durward::adapters
