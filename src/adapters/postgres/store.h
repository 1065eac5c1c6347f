#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "ports/storage/store.h"

namespace durward::adapters {

struct PostgresOptions {
  std::string url;  // postgres://USER@HOST:PORT[,HOST:PORT...]/DATABASE; the first that takes writes is used
  std::string password;           // empty: none, or libpq's own sources
  size_t read_connections = 2;    // pipelined, for reads by key
  size_t write_connections = 16;  // for commits, lists and searches; opened when needed
  size_t queue_max = 8192;        // reads and commits waiting beyond it fail with unavailable
  Milliseconds statement_timeout{5000};
  Milliseconds wait_max{2000};  // for a free connection, or for the server to come back
  bool migrate_at_open = true;  // false: an older schema is refused with conflict/"migration_needed"
  std::string replica_url;      // a streaming replica for reads that may be stale; empty: none
  size_t replica_connections = 8;
  Milliseconds replica_lag_max{2000};  // further behind it is not asked
  Seconds log_retention{30 * 86400};
  Seconds event_retention{7 * 86400};           // of published events, and of dead letters
  Seconds rotated_token_retention{14 * 86400};  // how long reuse of a rotated refresh token is noticed
};

// The fleet's store: every storage port on PostgreSQL 15 or newer. A read is one round trip on a pipelined
// connection, a list of writes one round trip and one transaction. Processes that share it hear of each
// other's configuration changes and jobs by notification. A lost server is waited for (wait_max), reads on a
// lost connection are sent once more, commits whose fate is unknown end as unavailable. A replica that is
// away or too far behind is done without.
class PostgresStore : public ports::Store {
 public:
  // invalid/"bad_store_url", invalid/"newer_schema", unavailable/"store_unavailable". The arguments must
  // outlive the store; `registry` may be null.
  static Result<std::unique_ptr<PostgresStore>> open(PostgresOptions options, const Clock& clock,
                                                     Random& random, metrics::Registry* registry = nullptr);
  // All migrations this program knows, and whether the database has them; changes nothing.
  static Result<std::vector<ports::MigrationStep>> plan(const PostgresOptions& options);
  // Applies what is missing, each in its transaction, one process at a time; returns what was applied.
  static Result<std::vector<ports::MigrationStep>> migrate(const PostgresOptions& options, TimePoint at);
  // Hosts and database of a URL, for messages; never a password.
  static std::string shown(const std::string& url);
  static Result<> check_url(const std::string& url);

  ~PostgresStore() override;
  PostgresStore(const PostgresStore&) = delete;

  ports::Tenants& tenants() override;
  ports::Documents& documents() override;
  ports::Users& users() override;
  ports::Assignments& assignments() override;
  ports::Sessions& sessions() override;
  ports::Codes& codes() override;
  ports::RefreshTokens& refresh_tokens() override;
  ports::Grants& grants() override;
  ports::Tickets& tickets() override;
  ports::Blocks& blocks() override;
  ports::Logs& logs() override;
  ports::Executions& executions() override;
  ports::EventDeliveries& event_deliveries() override;
  ports::Jobs& jobs() override;
  ports::Outbox& outbox() override;
  ports::Leases& leases() override;
  ports::Nodes& nodes() override;
  ports::Committer& committer() override;
  void on_configuration_change(std::function<void(domain::TenantId)> listener) override;
  bool is_reachable() const override;

  struct Impl;

 private:
  explicit PostgresStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace durward::adapters
