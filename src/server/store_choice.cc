#include "server/store_choice.h"

#include <unistd.h>

#include "adapters/postgres/store.h"
#include "adapters/sqlite/store.h"
#include "server/files.h"
#include "server/roles.h"

namespace durward::server {
namespace {

using ports::MigrationStep;
using Opened = Result<std::unique_ptr<ports::Store>>;

std::string sqlite_path(const Settings& settings) {
  if (settings.boolean("ephemeral") || needs_no_store(settings)) return "";
  const auto& store = settings.text("store");
  return store.empty() ? settings.text("data") + "/durward.db"
                       : store.substr(std::string_view("sqlite:").size());
}

// An empty path is the store in memory.
class SqliteChoice : public StoreChoice {
 public:
  explicit SqliteChoice(const Settings& settings)
      : path_(sqlite_path(settings)), folder_(settings.text("data")) {
    options_.path = path_;
    options_.reader_threads = size_t(settings.integer("read-threads"));
    options_.inline_reads = true;
    options_.log_retention = Seconds(settings.integer("log-retention"));
    options_.event_retention = Seconds(settings.integer("event-days") * 86400);
  }
  std::string shown() const override { return path_.empty() ? "memory" : path_; }
  bool is_new() const override { return path_.empty() || ::access(path_.c_str(), F_OK) != 0; }
  bool is_shared() const override { return !path_.empty(); }

  Opened open(const Clock& clock, Random&, metrics::Registry* registry, bool may_migrate) const override {
    if (path_.starts_with(folder_ + "/")) ENSURE(make_directory(folder_));
    auto options = options_;
    options.migrate_at_open = may_migrate;
    return adapters::SqliteStore::open(options, clock, registry);
  }
  Result<std::vector<MigrationStep>> plan() const override {
    ENSURE(not_ephemeral());
    return adapters::SqliteStore::plan(path_);
  }
  Result<std::vector<MigrationStep>> migrate(TimePoint at) const override {
    ENSURE(not_ephemeral());
    return adapters::SqliteStore::migrate(path_, at);
  }

 private:
  Result<> not_ephemeral() const {
    if (path_.empty())
      return fail(ErrorKind::invalid, "no_store", "An ephemeral store has nothing to migrate.");
    return {};
  }

  std::string path_, folder_;
  adapters::SqliteOptions options_;
};

adapters::PostgresOptions postgres_options(const Settings& settings, const std::string& url) {
  adapters::PostgresOptions options;
  options.url = url;
  options.password = settings.text("store-password");
  options.read_connections = size_t(settings.integer("store-read-connections"));
  options.write_connections = size_t(settings.integer("store-write-connections"));
  options.log_retention = Seconds(settings.integer("log-retention"));
  options.event_retention = Seconds(settings.integer("event-days") * 86400);
  options.statement_timeout = Milliseconds(settings.integer("store-timeout"));
  options.replica_url = settings.text("store-replica");
  options.replica_lag_max = Milliseconds(settings.integer("store-replica-lag"));
  return options;
}

class PostgresChoice : public StoreChoice {
 public:
  explicit PostgresChoice(const Settings& settings)
      : options_(postgres_options(settings, settings.text("store"))) {}
  std::string shown() const override { return adapters::PostgresStore::shown(options_.url); }
  bool is_new() const override { return false; }

  Opened open(const Clock& clock, Random& random, metrics::Registry* registry,
              bool may_migrate) const override {
    auto options = options_;
    options.migrate_at_open = may_migrate;
    return adapters::PostgresStore::open(options, clock, random, registry);
  }
  Result<std::vector<MigrationStep>> plan() const override { return adapters::PostgresStore::plan(options_); }
  Result<std::vector<MigrationStep>> migrate(TimePoint at) const override {
    return adapters::PostgresStore::migrate(options_, at);
  }

 private:
  adapters::PostgresOptions options_;
};

}  // namespace

std::unique_ptr<StoreChoice> StoreChoice::of(const Settings& settings) {
  const bool fleet = settings.text("store").starts_with("postgres") && !needs_no_store(settings);
  if (fleet) return std::make_unique<PostgresChoice>(settings);
  return std::make_unique<SqliteChoice>(settings);
}

Result<std::vector<CopiedTable>> copy_store(
    const Settings& settings, const std::string& from, const std::string& to,
    const std::function<void(const std::string&, int64_t)>& progress) {
  constexpr std::string_view embedded = "sqlite:";
  if (!from.starts_with(embedded))
    return fail(ErrorKind::invalid, "bad_store_url", "The source must be sqlite:PATH.");
  SystemClock clock;
  SystemRandom random;
  return adapters::copy_store(from.substr(embedded.size()), postgres_options(settings, to), clock, random,
                              progress);
}

std::optional<std::string> StoreChoice::mistake_in(const std::string& store) {
  if (store.empty() || store.starts_with("sqlite:")) return {};
  if (!store.starts_with("postgres://") && !store.starts_with("postgresql://"))
    return "must be sqlite:PATH or postgres://USER@HOST:PORT/DATABASE";
  const auto checked = adapters::PostgresStore::check_url(store);
  return checked ? std::nullopt : std::optional("is refused: " + checked.error().message);
}

}  // namespace durward::server
